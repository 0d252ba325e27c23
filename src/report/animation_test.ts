import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import process from "node:process";
import omggif from "omggif";
import TinyH264Decoder from "tinyh264/lib/TinyH264Decoder.js";
import type { Image } from "../formats/image.ts";
import { gifAnimation, mp4Animation } from "./animation.ts";
import { findChromium, openBrowser } from "./browser.ts";

/** Both decoders come without types; this declares what we use of them. */
const { GifReader } = omggif as {
  GifReader: new (bytes: Uint8Array) => {
    width: number;
    height: number;
    numFrames(): number;
    loopCount(): number;
    frameInfo(frame: number): { delay: number };
    decodeAndBlitFrameRGBA(frame: number, rgba: Uint8Array): void;
  };
};
const H264Decoder = TinyH264Decoder as new (
  module: unknown,
  onPicture: (yuv: Uint8Array, width: number, height: number) => void,
) => { decode(unit: Uint8Array): void; release(): void };

function frame(width: number, height: number, channels: 1 | 3, shift: number): Image {
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, i) => ((i >> 1) * 7 + shift * 40) % 256,
  );
  return { width, height, channels, data };
}

/** A GIF's frames as RGBA, with their delays in hundredths of a second. */
function decodeGif(bytes: Uint8Array) {
  const gif = new GifReader(bytes);
  const frames = Array.from({ length: gif.numFrames() }, (_, n) => {
    const rgba = new Uint8Array(4 * gif.width * gif.height);
    gif.decodeAndBlitFrameRGBA(n, rgba);
    return { delay: gif.frameInfo(n).delay, rgba };
  });
  return { width: gif.width, height: gif.height, loops: gif.loopCount(), frames };
}

Deno.test("a GIF decodes to the same frames; few colours stay exact, many stay close", () => {
  for (const [channels, tolerance] of [[1, 0], [3, 12]] as const) {
    const frames = [0, 1, 2].map((i) => frame(40, 32, channels, i));
    const bytes = gifAnimation(frames, { frameMs: 100, lastMs: 1000 });
    assertEquals(bytes, gifAnimation(frames, { frameMs: 100, lastMs: 1000 }));
    const decoded = decodeGif(bytes);
    assertEquals([decoded.width, decoded.height, decoded.loops], [40, 32, 0]);
    assertEquals(decoded.frames.map(({ delay }) => delay), [10, 10, 100]);
    decoded.frames.forEach(({ rgba }, n) =>
      rgba.forEach((value, i) => {
        const c = i % 4;
        const pixel = (i - c) / 4;
        const from = channels === 3 ? 3 * pixel + c : pixel;
        const expected = c === 3 ? 255 : frames[n]!.data[from]!;
        assert(
          Math.abs(value - expected) <= tolerance,
          `frame ${n}, byte ${i}: ${value}, expected ${expected}`,
        );
      })
    );
  }
  assertThrows(() => gifAnimation([], { frameMs: 100 }), Error, "without frames");
});

/** The content of the boxes in an MP4 file, by path, such as "moov/trak/mdia/mdhd". */
function boxes(
  file: Uint8Array,
  prefix = "",
  found = new Map<string, Uint8Array>(),
): Map<string, Uint8Array> {
  for (let at = 0; at + 8 <= file.length;) {
    const size = new DataView(file.buffer, file.byteOffset + at).getUint32(0);
    const path = prefix + new TextDecoder().decode(file.subarray(at + 4, at + 8));
    const content = file.subarray(at + 8, at + size);
    found.set(path, content);
    if (/(moov|trak|mdia|minf|stbl)$/.test(path)) boxes(content, path + "/", found);
    at += size;
  }
  return found;
}

/**
 * The luma of an MP4's frames, from a decoder independent of the encoder: it gets the parameter
 * sets, then each frame's units from mdat, each prefixed with its length in 32 bits (ISO/IEC
 * 14496-15).
 */
async function decodeMp4(
  file: Uint8Array,
): Promise<{ width: number; height: number; luma: Uint8Array }[]> {
  const tinyH264 = await loadTinyH264();
  const found = boxes(file);
  const frames: { width: number; height: number; luma: Uint8Array }[] = [];
  const decoder = new H264Decoder(tinyH264, (yuv, width, height) => {
    frames.push({ width, height, luma: yuv.slice(0, width * height) });
  });
  const units: Uint8Array[] = [];
  // From the avcC box inside stsd: the only sequence and picture parameter sets, each after its
  // length.
  const description = found.get("moov/trak/mdia/minf/stbl/stsd")!;
  const avcC = new TextDecoder("latin1").decode(description).indexOf("avcC") + 4;
  const view = new DataView(description.buffer, description.byteOffset);
  const sequence = avcC + 8;
  const sequenceEnd = sequence + view.getUint16(sequence - 2);
  const picture = sequenceEnd + 3;
  units.push(description.subarray(sequence, sequenceEnd));
  units.push(description.subarray(picture, picture + view.getUint16(picture - 2)));
  const data = found.get("mdat")!;
  for (let at = 0; at < data.length;) {
    const length = new DataView(data.buffer, data.byteOffset).getUint32(at);
    units.push(data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  for (const unit of units) decoder.decode(Uint8Array.of(0, 0, 0, 1, ...unit));
  decoder.release();
  return frames;
}

/** The decoder's module assumes that it runs in a worker, which has a location. */
async function loadTinyH264(): Promise<unknown> {
  const before = Object.getOwnPropertyDescriptor(globalThis, "location")!;
  Object.defineProperty(globalThis, "location", { value: { href: "" }, configurable: true });
  try {
    const { default: load } = await import("tinyh264/lib/TinyH264.js");
    return await load();
  } finally {
    Object.defineProperty(globalThis, "location", before);
  }
}

Deno.test("an MP4 holds the frames, is the same bytes again, and the encoder leaves the process alone", async () => {
  const frames = [0, 1, 2, 3].map((i) => frame(41, 32, 3, i));
  const bytes = await mp4Animation(frames, { frameMs: 100, lastMs: 300 });
  const found = boxes(bytes);
  const number = (path: string, at: number) => {
    const content = found.get(path)!;
    return new DataView(content.buffer, content.byteOffset).getUint32(at);
  };
  assertEquals(number("moov/trak/mdia/minf/stbl/stsz", 8), 6, "frames");
  assertEquals([number("moov/trak/tkhd", 76) >> 16, number("moov/trak/tkhd", 80) >> 16], [42, 32]);
  assertEquals(
    number("moov/trak/mdia/mdhd", 16) / number("moov/trak/mdia/mdhd", 12),
    0.6,
    "seconds",
  );
  const decoded = await decodeMp4(bytes);
  assertEquals(decoded.length, 6);
  decoded.forEach(({ width, luma }, n) => {
    const { data } = frames[Math.min(n, 3)]!;
    let worst = 0;
    for (let y = 0; y < 32; y++) {
      for (let x = 0; x < 41; x++) {
        const [r, g, b] = [0, 1, 2].map((c) => data[3 * (41 * y + x) + c]!) as [
          number,
          number,
          number,
        ];
        worst = Math.max(
          worst,
          Math.abs(luma[width * y + x]! - (16 + 0.257 * r + 0.504 * g + 0.098 * b)),
        );
      }
    }
    assert(worst < 20, `frame ${n}: ${worst}`);
  });
  await new Promise((resolve) => setTimeout(resolve, 1100)); // Until the next second.
  assertEquals(bytes, await mp4Animation(frames, { frameMs: 100, lastMs: 300 }));
  assertEquals([
    process.listenerCount("uncaughtException"),
    process.listenerCount("unhandledRejection"),
  ], [0, 0]);
  await assertRejects(
    () => mp4Animation([frames[0]!, frame(8, 8, 1, 0)], { frameMs: 100 }),
    Error,
    "8x8",
  );
});

const chromium = findChromium();
Deno.test({
  name:
    "a browser plays the film and shows the GIF (needs all permissions and Chromium, in $CHROMIUM or as chromium)",
  ignore: chromium === null,
  async fn() {
    // One grey level per frame, so that a pixel identifies the frame. The test above decodes all
    // frames; this one checks that a browser plays the film to the end.
    const greys = [40, 120, 220];
    const frames = greys.map((grey): Image => ({
      width: 64,
      height: 48,
      channels: 1,
      data: new Uint8Array(64 * 48).fill(grey),
    }));
    const mp4 = await mp4Animation(frames, { frameMs: 100 });
    const gif = gifAnimation(frames, { frameMs: 100 });
    const browser = await openBrowser(chromium!);
    try {
      const seen = await browser.evaluate(`(async () => {
        const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
        const pixel = (source) => {
          context.drawImage(source, 0, 0);
          return context.getImageData(20, 20, 1, 1).data[0];
        };
        const video = document.createElement("video");
        video.src = "data:video/mp4;base64,${mp4.toBase64()}";
        const until = (event) => new Promise((resolve, reject) => {
          video["on" + event] = resolve;
          video.onerror = () => reject(new Error(video.error.message));
        });
        await until("loadeddata");
        // A picture may come a little later than the event that announces it.
        const shows = async (grey) => {
          for (let tries = 0; tries < 200; tries++) {
            if (Math.abs(pixel(video) - grey) < 6) return true;
            await new Promise((done) => setTimeout(done, 25));
          }
          return false;
        };
        video.muted = true;
        const ended = until("ended");
        await video.play();
        await ended;
        const last = await shows(${greys[2]});
        const image = new Image();
        image.src = "data:image/gif;base64,${gif.toBase64()}";
        await image.decode();
        return { last, size: [video.videoWidth, video.videoHeight], seconds: video.duration, gif: pixel(image) };
      })()`);
      assertEquals(seen, { last: true, size: [64, 48], seconds: seen.seconds, gif: greys[0] });
      assert(Math.abs(seen.seconds - 0.3) < 0.01, `${seen.seconds} s`);
    } finally {
      await browser.close();
    }
  },
});
