import { Buffer } from "node:buffer";
import { zlibSync } from "fflate";
import { PNG } from "pngjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { crc32 } from "./crc32.ts";
import animated from "./fixtures/animated.png" with { type: "bytes" };
import { fuzz } from "./fuzz.ts";
import type { Image } from "./image.ts";
import { decodePng, encodePng } from "./png.ts";

/** An image with smooth and rough parts, so that every filter is used. */
function picture(width: number, height: number, channels: 1 | 3): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const row = Math.floor(i / channels / width);
    const column = Math.floor(i / channels) % width;
    return row % 3 ? row * 7 + column * 3 : Math.imul(i, 2654435761) >>> 24;
  });
  return { width, height, channels, data };
}

/** A PNG file made of custom chunks. */
function file(...chunks: [type: string, content: ArrayLike<number>][]): Uint8Array<ArrayBuffer> {
  const bytes = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const u32 = (
    value: number,
  ) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  for (const [type, content] of chunks) {
    const body = [...Array.from(type, (letter) => letter.charCodeAt(0)), ...Array.from(content)];
    bytes.push(...u32(content.length), ...body, ...u32(crc32(Uint8Array.from(body))));
  }
  return Uint8Array.from(bytes);
}
const header = (width: number, height: number, depth: number, colour: number, interlace = 0) => {
  const u32 = (
    value: number,
  ) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  return ["IHDR", [...u32(width), ...u32(height), depth, colour, 0, 0, interlace]] as [
    string,
    number[],
  ];
};
const pixels = (...rows: number[]) =>
  ["IDAT", zlibSync(Uint8Array.from(rows))] as [string, Uint8Array];
const end: [string, number[]] = ["IEND", []];

/** Three pixels of a palette with two colours. */
const fewColours = file(
  header(3, 1, 4, 3),
  ["PLTE", [1, 2, 3, 7, 8, 9]],
  pixels(0, 0x10, 0x10),
  end,
);

for (const channels of [1, 3] as const) {
  Deno.test(`${channels} channels: pngjs reads what we write, and so do we`, () => {
    for (const [width, height] of [[1, 1], [5, 1], [1, 4], [33, 31]] as const) {
      const image = picture(width, height, channels);
      const bytes = encodePng(image);
      assertEquals(decodePng(bytes), image);
      assertEquals(encodePng(image), bytes);
      const theirs = PNG.sync.read(Buffer.from(bytes));
      const rgba = Array.from(
        { length: width * height },
        (_, i) => [0, 1, 2, 3].map((c) => theirs.data[4 * i + c]!),
      );
      assertEquals(
        rgba,
        rgba.map((_, i) =>
          [0, 1, 2].map((c) => image.data[i * channels + (channels === 3 ? c : 0)]!).concat(255)
        ),
      );
    }
  });

  Deno.test(`${channels} channels: every filter that pngjs writes is read`, () => {
    const image = picture(19, 17, channels);
    for (let filterType = 0; filterType < 5; filterType++) {
      const theirs = new PNG({ width: 19, height: 17 });
      for (let i = 0; i < 19 * 17; i++) {
        for (let c = 0; c < 4; c++) {
          theirs.data[4 * i + c] = c === 3
            ? 100
            : image.data[i * channels + (channels === 3 ? c : 0)]!;
        }
      }
      for (const colorType of channels === 3 ? [2, 6] as const : [0, 4] as const) {
        const bytes = PNG.sync.write(theirs, { filterType, colorType, inputHasAlpha: true });
        const { width, height, data } = decodePng(Uint8Array.from(bytes));
        assertEquals([width, height], [19, 17]);
        if (colorType === 6 || colorType === 4) assertEquals(data, image.data);
        // Without alpha, pngjs blends the colours with white, the same way everywhere.
        else {assert(data.every((v, i) =>
            Math.abs(v - (255 + (image.data[i]! - 255) * 100 / 255)) <= 1
          ));}
      }
    }
  });
}

Deno.test("few bits per sample, palettes, and interlacing", () => {
  const grey = (...data: number[]) => ({
    width: 3,
    height: 2,
    channels: 1 as const,
    data: Uint8Array.from(data),
  });
  assertEquals(
    decodePng(file(header(3, 2, 1, 0), pixels(0, 0b10100000, 0, 0b01000000), end)),
    grey(255, 0, 255, 0, 255, 0),
  );
  assertEquals(
    decodePng(file(header(3, 2, 2, 0), pixels(0, 0b00011000, 0, 0b11000100), end)),
    grey(0, 85, 170, 255, 0, 85),
  );
  assertEquals(
    decodePng(file(header(3, 2, 4, 0), pixels(0, 0x0f, 0x10, 0, 0x20, 0xf0), end)),
    grey(0, 255, 17, 34, 0, 255),
  );
  assertEquals(decodePng(fewColours), {
    width: 3,
    height: 1,
    channels: 3,
    data: Uint8Array.of(7, 8, 9, 1, 2, 3, 7, 8, 9),
  });
  // 3x2 pixels in Adam7: the passes contain (0,0); none; none; (2,0); none; (1,0); the second row.
  const interlaced = file(header(3, 2, 8, 0, 1), pixels(0, 10, 0, 12, 0, 11, 1, 20, 1, 1), end);
  assertEquals(decodePng(interlaced), grey(10, 11, 12, 20, 21, 22));
});

Deno.test("unsupported and damaged images are refused", () => {
  const good = encodePng(picture(6, 5, 3));
  const faults: [string, Uint8Array][] = [
    ["does not start", new TextEncoder().encode("GIF89a")],
    ["truncated", good.subarray(0, good.length - 1)],
    ["truncated", good.subarray(0, 30)],
    ["checksum", good.map((byte, i) => i === good.length - 20 ? byte ^ 1 : byte)],
    ["animated", animated],
    ["16 bits", file(header(1, 1, 16, 0), pixels(0, 1, 2), end)],
    ["no pixels", file(header(0, 1, 8, 0), pixels(0), end)],
    ["too large", file(header(60000, 60000, 8, 0), pixels(0), end)],
    ["truncated", file(header(7000, 7000, 8, 2), pixels(0), end)],
    ["truncated", file(header(3, 2, 8, 0), pixels(0, 1, 2, 3, 0, 1, 2), end)],
    ["too many", file(header(3, 2, 8, 0), pixels(0, 1, 2, 3, 0, 1, 2, 3, 4), end)],
    ["damaged", file(header(3, 2, 8, 0), pixels(0, 1, 2, 3, 5, 1, 2, 3), end)],
    ["pixels are damaged", file(header(3, 2, 8, 0), ["IDAT", [0x78, 0x9c, 7, 0, 0, 0, 0]], end)],
    ["header is damaged", file(header(3, 2, 3, 0), pixels(0, 1, 2, 3, 0, 1, 2, 3), end)],
    ["not in the right place", file(pixels(0), header(1, 1, 8, 0), end)],
    ["palette is missing", file(header(1, 1, 8, 3), pixels(0, 0), end)],
    ["its palette lacks", file(header(1, 1, 8, 3), ["PLTE", [1, 2, 3]], pixels(0, 1), end)],
    ["unknown chunk", file(header(1, 1, 8, 0), ["WHAT", []], pixels(0, 1), end)],
  ];
  for (const [what, bytes] of faults) {
    const error = assertThrows(() => decodePng(bytes, "a.png"), UserError, what);
    assert(error.message.startsWith("a.png: "));
  }
});

/** Corrects the checksum of every chunk. */
function repair(bytes: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) return;
    view.setUint32(at + 8 + length, crc32(bytes.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
}

Deno.test("fuzzing: damaged PNG files", async () => {
  const files = [encodePng(picture(9, 8, 3)), encodePng(picture(30, 3, 1)), fewColours, animated];
  await fuzz(
    [...files, file(header(3, 2, 8, 0, 1), pixels(0, 10, 0, 12, 0, 11, 1, 20, 1, 1), end)],
    decodePng,
    {
      repair,
    },
  );
});
