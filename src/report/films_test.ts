import { assert, assertEquals } from "@std/assert";
import { lowpassKernel } from "../filters/mod.ts";
import { decodePng } from "../formats/png.ts";
import { denoisingFilm, rotationFilm } from "./films.ts";
import { besideFiles, samplePictures } from "./pictures.ts";
import { resamplingSheet } from "./resampling.ts";
import type { Pictures } from "./sheet.ts";

function grey(value: number, count = 2, imageSize = 8): Pictures {
  return {
    images: new Uint8Array(count * imageSize ** 2).fill(value),
    count,
    imageSize,
    channels: 1,
  };
}

/** The number of frames in a GIF: each has a graphic control block. */
const frames = (gif: Uint8Array) =>
  gif.reduce(
    (n, byte, i) => n + Number(byte === 0x21 && gif[i + 1] === 0xf9 && gif[i + 2] === 4),
    0,
  );

Deno.test("films: there and back for angles, once through for timesteps", async () => {
  const sets = [45, 0, -45].map((angleDegrees, i) => ({ angleDegrees, pictures: grey(50 * i) }));
  const turning = await rotationFilm([{ model: "D-2N", sets }]);
  assertEquals(frames(turning.gif), 4);
  const again = await rotationFilm([{ model: "D-2N", sets: sets.toReversed() }]);
  assertEquals([again.gif, again.mp4], [turning.gif, turning.mp4]);
  const moments = [999, 500, 0].map((timestep, i) => ({ timestep, pictures: grey(50 * i) }));
  const clearing = await denoisingFilm(moments);
  assertEquals(frames(clearing.gif), 3);
  assertEquals(new TextDecoder().decode(clearing.mp4.subarray(4, 8)), "ftyp");
});

Deno.test("a run's pictures: the turn where there is one, the strip some of the film's moments; the same bytes again", async () => {
  const moments = [999, 600, 300, 0].map((timestep, i) => ({ timestep, pictures: grey(60 * i) }));
  const run = {
    model: "D-2N",
    labels: null,
    denoising: moments,
    stripTimesteps: new Set([999, 300, 0]),
  };
  const turned = { angleDegrees: 45, pictures: grey(200) };
  const upright = { angleDegrees: 0, pictures: grey(90) };
  const files = new Map(await samplePictures({ ...run, sets: [turned, upright] }));
  assertEquals([...files.keys()], [
    "grid.png",
    "collage-0-1.png",
    "rotation.png",
    "rotation.gif",
    "rotation.mp4",
    "denoising.png",
    "denoising.gif",
    "denoising.mp4",
  ]);
  assertEquals(frames(files.get("denoising.gif")!), 4);
  assertEquals(decodePng(files.get("denoising.png")!).width, 12 + 3 * 64 + 2 * 4 + 12);
  assertEquals(new Map(await samplePictures({ ...run, sets: [turned, upright] })), files);
  const one = (await samplePictures({ ...run, sets: [upright] })).map(([name]) => name);
  assertEquals(one.filter((name) => name.startsWith("rotation")), []);
  const single = (await samplePictures({ ...run, sets: [turned] })).map(([name]) => name);
  assertEquals(single.filter((name) => name.startsWith("rotation")), ["rotation.png"]);
});

Deno.test("models side by side at the angles that both have", async () => {
  const at = (...angles: number[]) => ({
    model: "A",
    sets: angles.map((angleDegrees) => ({ angleDegrees, pictures: grey(100) })),
  });
  const files = await besideFiles([at(0, 30, 60), at(60, 0)]);
  assertEquals(files.map(([name]) => name), [
    "rotation-beside.png",
    "rotation-beside.gif",
    "rotation-beside.mp4",
  ]);
  assertEquals(frames(files[1]![1]), 2);
  assertEquals((await besideFiles([at(0, 30), at(30)])).map(([name]) => name), [
    "rotation-beside.png",
  ]);
  assertEquals(await besideFiles([at(0, 30), at(60)]), []);
});

Deno.test("the resampling sheet: a constant image stays constant inside, where the kernels let the mean pass", async () => {
  const down = lowpassKernel({ size: 3, kaiserBeta: 2, normalized: true });
  const pixel = async (up: Float64Array, column: number) => {
    const png = await resamplingSheet(grey(200, 1, 16), { down, up, size: 3, gain: 4 });
    const { width, data } = decodePng(png);
    const scale = Math.round(112 / 32);
    const cell = 32 * scale;
    const x = 12 + column * (cell + 8) + cell / 2;
    const y = 12 + 26 + 20 + cell / 2;
    return data[3 * (y * width + x)]!;
  };
  for (const column of [0, 1, 2, 3, 4]) {
    assertEquals(await pixel(down, column), 200, `column ${column}`);
  }
  // Zeros between the pixels reduce the mean to a quarter; a gain of 4 restores it, up to the
  // kernel's ripple.
  const plain = await pixel(down, 5);
  const textbook = await pixel(down.map((k) => 4 * k), 5);
  assert(
    Math.abs(plain - 127.5) < 0.7 * 72.5 && Math.abs(textbook - 200) < 40,
    `${plain}, ${textbook}`,
  );
});

Deno.test("a film of one image is as wide as its widest title", async () => {
  const pictures: Pictures = { images: new Uint8Array(64), count: 1, imageSize: 8, channels: 1 };
  const sets = [0, -112.5].map((angleDegrees) => ({ angleDegrees, pictures }));
  const { gif, mp4 } = await rotationFilm([{ model: "A", sets }]);
  assert(gif.length > 100 && mp4.length > 100);
});
