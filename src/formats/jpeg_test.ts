import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../errors.ts";
// By PIL: 24x20 pixels with red 10 x, green 12 y, blue 128, at quality 95; `baseline` with halved
// colours (4:2:0), `grey` only 10 x, `cmyk` in four colours.
import baseline from "./fixtures/baseline.jpg" with { type: "bytes" };
import cmyk from "./fixtures/cmyk.jpg" with { type: "bytes" };
import grey from "./fixtures/grey.jpg" with { type: "bytes" };
import progressive from "./fixtures/progressive.jpg" with { type: "bytes" };
import { fuzz } from "./fuzz.ts";
import { decodeJpeg } from "./jpeg.ts";

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

Deno.test("images that are not read are named and refused", () => {
  // Where the frame's header lies: precision, height, width, number of colours.
  const frame = baseline.findIndex((byte, i) => byte === 0xff && baseline[i + 1] === 0xc0);
  const changed = (at: number, ...values: number[]) => {
    const bytes = baseline.slice();
    bytes.set(values, at);
    return bytes;
  };
  const faults: [string, Uint8Array][] = [
    ["does not begin", new Uint8Array()],
    ["four colours", cmyk],
    ["12 bits", changed(frame + 4, 12)],
    ["no pixels", changed(frame + 5, 0, 0)],
    ["too many", changed(frame + 5, 255, 255, 255, 255)],
    ["pixels are cut off", changed(frame + 5, 15, 255, 15, 255)],
    ["2 colours", changed(frame + 9, 2)],
    ["lossless", changed(frame + 1, 0xc3)],
    ["no picture", changed(frame + 1, 0xee)],
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
  const scan = progressive.lastIndexOf(0xda) - 1;
  const scans = Array.from(
    { length: 101 },
    () => [...progressive.subarray(scan, progressive.length - 2)],
  ).flat();
  const many = Uint8Array.from([...progressive.subarray(0, scan), ...scans, 0xff, 0xd9]);
  assertThrows(() => decodeJpeg(many), UserError, "too many scans");
});

Deno.test("fuzzing: damaged JPEG files", async () => {
  await fuzz([baseline, progressive, grey, cmyk], (bytes) => decodeJpeg(bytes));
});
