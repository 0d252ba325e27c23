import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import animated from "./fixtures/animated.webp" with { type: "bytes" };
// Made by Pillow 13 (libjpeg-turbo 3.2, libwebp 1.6): many kinds of images, each with the pixels
// that Pillow reads. Samplings other than 4:4:4, 4:2:2 and 4:2:0 are Pillow's files with a
// different block arrangement declared; the first bytes of a video follow the motion photo.
import cases from "./fixtures/pillow_cases.zip" with { type: "bytes" };
import { fuzz } from "./fuzz.ts";
import { decodeImage, imageKind, imageNames } from "./images.ts";
import { decodeNetpbm } from "./netpbm.ts";
import { decodeWebp } from "./webp.ts";
import { decodeZip } from "./zip.ts";

const files = decodeZip(cases, "pillow_cases.zip");
const names = [...files.keys()].filter((name) => !name.endsWith(".raw"));

for (const name of names) {
  Deno.test(`${name}: the pixels equal Pillow's`, () => {
    const { width, height, channels, data } = decodeImage(files.get(name)!, name);
    const expected = files.get(`${name}.raw`)!;
    assertEquals(width * height * channels, expected.length);
    assertEquals(data, Uint8Array.from(expected));
  });
}

Deno.test("kinds of images are recognised by content, not by extension", () => {
  assertEquals(imageKind(files.get("grey.jpg")!), "jpeg");
  assertEquals(imageKind(files.get("lossy.webp")!), "webp");
  const text = (content: string) => new TextEncoder().encode(content);
  assertEquals(imageKind(text("P5\n2 2\n255\n....")), "netpbm");
  assertEquals(imageKind(text("P5 is a name, 3 its label")), null);
  assertEquals(imageKind(text("")), null);
  for (const name of ["a.jfif", "b.jpe", "c.PPM", "d.pgm", "e.webp", "f.JPG", "g.gif"]) {
    assert(imageNames.test(name), name);
  }
  for (const name of ["a.png.part", "b.txt", "png"]) assert(!imageNames.test(name), name);
});

Deno.test("WebP: unsupported and damaged files are refused", () => {
  const lossy = files.get("lossy.webp")!;
  const lossless = files.get("lossless-alpha.webp")!;
  assertThrows(() => decodeWebp(animated, "a.webp"), UserError, "a.webp: this WebP image cannot");
  assertThrows(() => decodeWebp(animated), UserError, "it is animated");
  for (const whole of [lossy, lossless]) {
    for (let length = 0; length < whole.length; length += 3) {
      assertThrows(() => decodeWebp(whole.subarray(0, length)), UserError);
    }
  }
  // Each has its own size fields: VP8L 14 bits each, VP8X 24.
  const claims = lossless.slice();
  const kind = String.fromCharCode(...claims.subarray(12, 16));
  assert(kind === "VP8L" || kind === "VP8X", kind);
  claims.fill(0xff, kind === "VP8L" ? 21 : 24, kind === "VP8L" ? 25 : 30);
  assertThrows(() => decodeWebp(claims), UserError, "too large");
});

Deno.test("PGM and PPM: bytes, text, comments, maxima below 255", () => {
  const read = (header: string, ...bytes: number[]) =>
    decodeNetpbm(Uint8Array.from([...new TextEncoder().encode(header), ...bytes]));
  const grey = (...data: number[]) => ({
    width: 2,
    height: 1,
    channels: 1 as const,
    data: Uint8Array.from(data),
  });
  assertEquals(read("P5\n2 1\n255\n", 10, 13), grey(10, 13));
  assertEquals(read("P5 # a\n#b 7\n2\t1 255 ", 10, 13), grey(10, 13));
  assertEquals(read("P5 2 1 6\n", 1, 6), grey(42, 255)); // 42.5, to the even one
  assertEquals(read("P2\n2 1\n3\n# half\n1 3"), grey(85, 255));
  assertEquals(read("P2\n2 1\n255\n1\n3\n"), grey(1, 3));
  assertEquals(read("P6\n1 1\n255\n", 1, 2, 3), {
    width: 1,
    height: 1,
    channels: 3,
    data: Uint8Array.of(1, 2, 3),
  });
  const faults: [string, string, ...number[]][] = [
    ["truncated", "P5\n2 1\n255\n", 10],
    ["truncated", "P5\n2"],
    ["truncated", "P2\n2 1\n255\n3"],
    ["truncated", "P3\n7000 7000\n255\n3 3 3"],
    ["data after its pixels", "P5\n2 1\n255\n", 1, 2, 3],
    ["data after its pixels", "P2\n2 1\n255\n1 2 3"],
    ["go to 65535", "P5\n2 1\n65535\n", 1, 2, 3, 4],
    ["go to 0", "P5\n2 1\n0\n", 0, 0],
    ["above its maximum 3", "P5\n2 1\n3\n", 0, 4],
    ["no pixels", "P5\n0 1\n255\n"],
    ["too large", "P5\n99999 99999\n255\n"],
    ["damaged", "P5\n2 x\n255\n", 1, 2],
    ["damaged", "P2\n2 1\n255\n1 256"],
    ["damaged", "P5\n12345678901 1\n255\n", 1],
    ["does not start", "P4\n8 1\n", 1],
  ];
  for (const [what, header, ...bytes] of faults) {
    assertThrows(() => read(header, ...bytes), UserError, what);
  }
});

Deno.test("fuzzing: damaged WebP, PGM and PPM files", async () => {
  const webp = names.filter((name) => name.endsWith(".webp")).map((name) => files.get(name)!);
  // WebP's memory is limited only by a number of pixels, so pixels do not count here.
  await fuzz([...webp, animated], (bytes) => void decodeWebp(bytes), { maxRounds: 1000 });
  const text = (content: string) => new TextEncoder().encode(content);
  const netpbm = [text("P5\n3 2\n255\nabcdef"), text("P3 1 2 # c\n15 1 2 3 4 5 6\n")];
  await fuzz(netpbm, (bytes) => decodeNetpbm(bytes));
});

Deno.test("fuzzing: damaged JPEG files of all kinds", async () => {
  const jpeg = names.filter((name) => name.endsWith(".jpg")).map((name) => files.get(name)!);
  await fuzz(jpeg, (bytes) => decodeImage(bytes, "a.jpg"));
});
