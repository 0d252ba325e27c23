import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { PNG } from "pngjs";
import { decodePng } from "../formats/png.ts";
import {
  allPictures,
  angleText,
  collages,
  imageGrid,
  pictureAt,
  type Pictures,
  previewSheet,
  rotationSheet,
  strip,
} from "./sheet.ts";

/** Images in which every byte encodes its position. */
function pictures(count: number, imageSize: number, channels: 1 | 3, seed = 0): Pictures {
  const images = Uint8Array.from(
    { length: count * imageSize ** 2 * channels },
    (_, i) => (i * 31 + seed * 57) % 199,
  );
  return { images, count, imageSize, channels };
}

/** Reads the colour of a pixel with an independent decoder. */
function reader(
  png: Uint8Array,
): { width: number; height: number; at: (x: number, y: number) => number[] } {
  const { width, height, data } = PNG.sync.read(Buffer.from(png));
  const ours = decodePng(png);
  assertEquals([ours.width, ours.height, ours.channels], [width, height, 3]);
  return {
    width,
    height,
    at: (x, y) => [...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)],
  };
}

Deno.test("a grid shows every pixel of every image, enlarged without smoothing", async () => {
  for (const channels of [1, 3] as const) {
    const set = pictures(7, 8, channels);
    const { width, height, at } = reader(await imageGrid(set, { columns: 3, scale: 2, gap: 4 }));
    assertEquals([width, height], [12 + 3 * 16 + 2 * 4 + 12, 12 + 3 * 16 + 2 * 4 + 12]);
    for (let n = 0; n < 7; n++) {
      const { data } = pictureAt(set, n);
      for (let y = 0; y < 16; y++) {
        for (let x = 0; x < 16; x++) {
          const from = ((y >> 1) * 8 + (x >> 1)) * channels;
          const expected = channels === 3
            ? [...data.subarray(from, from + 3)]
            : Array(3).fill(data[from]);
          assertEquals(at(12 + (n % 3) * 20 + x, 12 + Math.floor(n / 3) * 20 + y), expected);
        }
      }
    }
    assertEquals(at(12 + 2 * 20, 12 + 2 * 20), [255, 255, 255], "the eighth place is empty");
  }
});

Deno.test("sheets with labels: labels are drawn, images stay exact, the same sheet gives the same bytes", async () => {
  const angles = [-90, 0, 22.5];
  const make = () =>
    rotationSheet({
      title: "Rotation & <more>",
      angles,
      models: [{ model: "A", images: angles.map((_, i) => pictures(5, 8, 3, i)) }, {
        model: "D-2N",
        images: angles.map((_, i) => pictures(5, 8, 3, i + 3)),
      }],
      scale: 4,
      gap: 2,
    });
  const first = await make();
  assertEquals(first, await make());
  const { width, height, at } = reader(first);
  // The last image of the sheet: fourth seed, last angle, second model.
  const { data } = pictureAt(pictures(5, 8, 3, 5), 3);
  assertEquals(at(width - 12 - 32, height - 12 - 32), [...data.subarray(0, 3)]);
  assertEquals(at(width - 12 - 1, height - 12 - 1), [...data.subarray(189, 192)]);
  const dark = (x0: number, y0: number, x1: number, y1: number) => {
    let count = 0;
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (at(x, y)[0]! < 128) count++;
    return count;
  };
  assert(dark(12, 12, 170, 34) > 200, "the title");
  assert(dark(12, 90, 60, height - 12) > 20, "the row labels");
  assertEquals(["−90°", "0°", "22.5°"], angles.map(angleText));
});

Deno.test("strips, previews and collages are whole pictures", async () => {
  const moments = [999, 500, 0].map((t) => ({
    label: `t = ${t}`,
    pictures: pictures(3, 16, 1, t),
  }));
  const { height } = reader(await strip({ moments, rows: 2, title: "Denoising" }));
  assertEquals(height, 12 + 26 + 20 + 2 * 64 + 4 + 12);
  const previews = [1, 2].map((epoch) => ({
    label: `epoch ${epoch}`,
    pictures: pictures(9, 16, 1, epoch),
  }));
  assertEquals(reader(await previewSheet(previews)).height, 12 + 2 * 64 + 4 + 12);
  const many = pictures(401, 8, 3);
  const [first, second] = collages(many).map(reader);
  assertEquals([first!.width, first!.height, second!.width, second!.height], [160, 160, 160, 8]);
  assertEquals(first!.at(8 * 19 + 3, 8 + 5), [
    ...pictureAt(many, 39).data.subarray(3 * 43, 3 * 44),
  ]);
  assertEquals([second!.at(7, 7), second!.at(8, 7)], [
    [...pictureAt(many, 400).data.subarray(189)],
    [255, 255, 255],
  ]);
});

Deno.test("what cannot be a sheet is refused", async () => {
  assertThrows(() => pictureAt(pictures(2, 8, 1), 2), Error, "no image 2");
  await assertRejects(() => imageGrid(pictures(0, 8, 1)), Error, "without images");
  const mixed = [{ label: "a", pictures: pictures(1, 8, 1) }, {
    label: "b",
    pictures: pictures(1, 16, 1),
  }];
  await assertRejects(() => strip({ moments: mixed }), Error, "8x8 and of 16x16");
  assertEquals(allPictures(pictures(3, 8, 3)).length, 3);
});
