import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
// Made by PIL: 24x20 pixels with red 10 x, green 12 y, blue 128, at quality 95; `baseline` with
// halved colours (4:2:0), `grey` only 10 x, `cmyk` in four colours.
import baseline from "./fixtures/baseline.jpg" with { type: "bytes" };
import cmyk from "./fixtures/cmyk.jpg" with { type: "bytes" };
import grey from "./fixtures/grey.jpg" with { type: "bytes" };
import progressive from "./fixtures/progressive.jpg" with { type: "bytes" };
import { fuzz } from "./fuzz.ts";
import { decodeJpeg } from "./jpeg.ts";
import { concat } from "./pieces.ts";

for (
  const [name, bytes, tolerance] of [["baseline", baseline, 12], [
    "progressive",
    progressive,
    4,
  ]] as const
) {
  Deno.test(`${name} JPEG`, () => {
    const { width, height, channels, data } = decodeJpeg(bytes);
    assertEquals([width, height, channels], [24, 20, 3]);
    data.forEach((value, i) => {
      const pixel = Math.floor(i / 3);
      const ideal = [10 * (pixel % 24), 12 * Math.floor(pixel / 24), 128][i % 3]!;
      assert(Math.abs(value - ideal) <= tolerance, `${value} at ${i}, not ${ideal}`);
    });
  });
}

Deno.test("grey JPEG", () => {
  const { channels, data } = decodeJpeg(grey);
  assertEquals([channels, data.length], [1, 24 * 20]);
  data.forEach((value, i) => assert(Math.abs(value - 10 * (i % 24)) <= 4));
});

Deno.test("bytes between the last block and the end are ignored, as in other programs", () => {
  const padded = concat([
    baseline.subarray(0, -2),
    Uint8Array.of(1, 2, 3),
    baseline.subarray(-2),
    new Uint8Array(100).fill(0xda),
  ]);
  assertEquals(decodeJpeg(padded), decodeJpeg(baseline));
  // The same message for another position, or another message, means damage.
  const cut = concat([padded.subarray(0, -200), Uint8Array.of(0xff, 0xd9)]);
  assertThrows(() => decodeJpeg(cut), UserError, "it is damaged (libjpeg: ");
});

Deno.test("unsupported and damaged images are refused", () => {
  // The position of the frame header: precision, height, width, number of colours.
  const frame = baseline.findIndex((byte, i) => byte === 0xff && baseline[i + 1] === 0xc0);
  const changed = (at: number, ...values: number[]) => {
    const bytes = baseline.slice();
    bytes.set(values, at);
    return bytes;
  };
  const faults: [string, Uint8Array][] = [
    ["does not start", new Uint8Array()],
    ["four colours", cmyk],
    ["12 bits", changed(frame + 4, 12)],
    ["no pixels", changed(frame + 5, 0, 0)],
    ["too large", changed(frame + 5, 255, 255, 255, 255)],
    ["pixels are truncated", changed(frame + 5, 15, 255, 15, 255)],
    ["2 colours", changed(frame + 9, 2)],
    ["lossless", changed(frame + 1, 0xc3)],
    ["contains no image", changed(frame + 1, 0xee)],
    ["truncated", baseline.subarray(0, -2)],
    ["is damaged (libjpeg: ", concat([baseline.subarray(0, -40), Uint8Array.of(0xff, 0xd9)])],
  ];
  for (const [what, bytes] of faults) {
    const error = assertThrows(() => decodeJpeg(bytes, "a.jpg"), UserError, what);
    assert(error.message.startsWith("a.jpg: "));
  }
  for (const whole of [baseline, progressive, grey]) {
    for (let length = 0; length < whole.length; length += 5) {
      assertThrows(() => decodeJpeg(whole.subarray(0, length)), UserError);
    }
  }
});

Deno.test("JPEG bombs are refused, or read in bounded time and memory", () => {
  const frame = baseline.findIndex((byte, i) => byte === 0xff && baseline[i + 1] === 0xc0);
  const padded = (whole: Uint8Array, segments: Uint8Array) =>
    concat([whole.subarray(0, 2), segments, whole.subarray(2)]);
  const repeated = (segment: number[], times: number) => {
    const bytes = new Uint8Array(segment.length * times);
    for (let i = 0; i < times; i++) bytes.set(segment, i * segment.length);
    return bytes;
  };
  const sized = (whole: Uint8Array, marker: number, width: number, height: number) => {
    const bytes = whole.slice();
    const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === marker);
    new DataView(bytes.buffer).setUint16(at + 5, height);
    new DataView(bytes.buffer).setUint16(at + 7, width);
    return bytes;
  };

  // Endless segments: comments, fill bytes, tables.
  const expected = decodeJpeg(baseline).data;
  const table = [...baseline.subarray(baseline.indexOf(0xdb) - 1)].slice(0, 69);
  assertEquals(table.slice(0, 5), [0xff, 0xdb, 0, 67, 0]);
  for (
    const [segment, times] of [[[0xff, 0xfe, 0, 2], 1e6], [[0xff], 4e6], [table, 5e4]] as const
  ) {
    assertEquals(decodeJpeg(padded(baseline, repeated([...segment], times))).data, expected);
  }

  // Missing pixels, in a file with enough bytes to claim them.
  const comments = repeated([0xff, 0xfe, 0, 2], 25_000);
  const huge = padded(sized(baseline, 0xc0, 7000, 7000), comments);
  assertThrows(() => decodeJpeg(huge), UserError, "it is damaged (libjpeg: ");
  const progressiveHuge = sized(progressive, 0xc2, 7000, 7000);
  assertThrows(() => decodeJpeg(padded(progressiveHuge, comments)), UserError, "it is damaged");

  // Scans: each is a pass over all pixels, even if it has few bytes.
  const scan = progressive.lastIndexOf(0xda) - 1;
  const scans = (count: number) => repeated([...progressive.subarray(scan, -2)], count);
  const withScans = (whole: Uint8Array, count: number) =>
    concat([whole.subarray(0, scan), scans(count), whole.subarray(-2)]);
  assertThrows(() => decodeJpeg(withScans(progressive, 101)), UserError, "too many scans");
  const large = padded(withScans(progressiveHuge, 21), comments);
  assertThrows(() => decodeJpeg(large), UserError, "too many scans");

  // A second header with another size, which only libjpeg would use.
  const header = baseline.subarray(frame, frame + 19);
  const twice = concat([baseline.subarray(0, frame), header, baseline.subarray(frame)]);
  assertThrows(() => decodeJpeg(twice), UserError, "more than one image");
  // A faulty image does not affect the next one.
  assertEquals(decodeJpeg(baseline).data, expected);
});

Deno.test("fuzzing: damaged JPEG files", async () => {
  await fuzz([baseline, progressive, grey, cmyk], (bytes) => decodeJpeg(bytes));
});
