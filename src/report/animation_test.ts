import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import process from "node:process";
import type { Image } from "../formats/image.ts";
import { gifAnimation, mp4Animation } from "./animation.ts";

function frame(width: number, height: number, channels: 1 | 3, shift: number): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => ((i >> 1) * 7 + shift * 40) % 256);
  return { width, height, channels, data };
}

/** A GIF's frames as RGB, with their delays in hundredths of a second: enough of GIF89a for whole frames. */
function decodeGif(bytes: Uint8Array): { width: number; height: number; frames: { delay: number; rgb: Uint8Array }[] } {
  const view = new DataView(bytes.buffer);
  assertEquals(new TextDecoder().decode(bytes.subarray(0, 6)), "GIF89a");
  const width = view.getUint16(6, true), height = view.getUint16(8, true);
  let at = 13, palette = new Uint8Array();
  const table = (flags: number) => {
    const length = flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
    if (length) palette = bytes.slice(at, at + length);
    at += length;
  };
  const blocks = () => {
    const pieces: number[] = [];
    for (; bytes[at] !== 0; at += bytes[at]! + 1) pieces.push(...bytes.subarray(at + 1, at + 1 + bytes[at]!));
    at++;
    return pieces;
  };
  table(bytes[10]!);
  const frames: { delay: number; rgb: Uint8Array }[] = [];
  for (let delay = 0; bytes[at] !== 0x3b;) {
    if (bytes[at] === 0x21) {
      if (bytes[at + 1] === 0xf9) delay = view.getUint16(at + 4, true);
      at += 2;
      blocks();
      continue;
    }
    assertEquals(bytes[at], 0x2c);
    const flags = bytes[at + 9]!;
    at += 10;
    table(flags);
    const first = bytes[at++]!;
    const indices = unpack(blocks(), first);
    assertEquals(indices.length, width * height);
    frames.push({ delay, rgb: Uint8Array.from(indices.flatMap((i) => [...palette.subarray(3 * i, 3 * i + 3)])) });
  }
  return { width, height, frames };
}

/** LZW with growing codes, as GIF packs. */
function unpack(packed: number[], first: number): number[] {
  const clear = 1 << first, end = clear + 1;
  const output: number[] = [];
  let table: number[][] = [], width = first + 1, before: number[] | null = null;
  for (let bit = 0;; bit += width) {
    let code = 0;
    for (let i = 0; i < width; i++) code |= ((packed[(bit + i) >> 3]! >> ((bit + i) & 7)) & 1) << i;
    if (code === end) return output;
    if (code === clear) {
      table = Array.from({ length: clear + 2 }, (_, i) => [i]);
      bit += width - first - 1;
      width = first + 1;
      before = null;
      continue;
    }
    const entry: number[] = table[code] ?? [...before!, before![0]!];
    output.push(...entry);
    if (before && table.length < 4096) table.push([...before, entry[0]!]);
    before = entry;
    if (table.length === 1 << width && width < 12) {
      bit += width;
      width++;
      bit -= width;
    }
  }
}

Deno.test("a GIF decodes to the same frames; few colours stay exact, many stay close", () => {
  for (const [channels, tolerance] of [[1, 0], [3, 12]] as const) {
    const frames = [0, 1, 2].map((i) => frame(40, 32, channels, i));
    const bytes = gifAnimation(frames, { frameMs: 100, lastMs: 1000 });
    assertEquals(bytes, gifAnimation(frames, { frameMs: 100, lastMs: 1000 }));
    const decoded = decodeGif(bytes);
    assertEquals([decoded.width, decoded.height], [40, 32]);
    assertEquals(decoded.frames.map(({ delay }) => delay), [10, 10, 100]);
    decoded.frames.forEach(({ rgb }, n) => {
      const { data } = frames[n]!;
      rgb.forEach((value, i) => {
        const expected = channels === 3 ? data[i]! : data[Math.floor(i / 3)]!;
        assert(Math.abs(value - expected) <= tolerance, `frame ${n}, byte ${i}: ${value}, expected ${expected}`);
      });
    });
  }
  assertThrows(() => gifAnimation([], { frameMs: 100 }), Error, "without frames");
});

/** The content of the boxes of an MP4 file, by their path: "moov/trak/mdia/mdhd". */
function boxes(file: Uint8Array, prefix = "", found = new Map<string, Uint8Array>()): Map<string, Uint8Array> {
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
  assertEquals(number("moov/trak/mdia/mdhd", 16) / number("moov/trak/mdia/mdhd", 12), 0.6, "seconds");
  await new Promise((resolve) => setTimeout(resolve, 1100)); // Until the clock's second has changed.
  assertEquals(bytes, await mp4Animation(frames, { frameMs: 100, lastMs: 300 }));
  assertEquals([process.listenerCount("uncaughtException"), process.listenerCount("unhandledRejection")], [0, 0]);
  await assertRejects(() => mp4Animation([frames[0]!, frame(8, 8, 1, 0)], { frameMs: 100 }), Error, "8x8");
});
