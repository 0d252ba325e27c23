import { gzipSync } from "fflate";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { fuzz } from "./fuzz.ts";
import { gunzip, isGzip } from "./gzip.ts";
import { decodeIdx, isIdx } from "./idx.ts";

const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);

Deno.test("IDX: shape and bytes", () => {
  assertEquals(decodeIdx(images, "a"), { shape: [2, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  assertEquals(decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 0), "a"), {
    shape: [0],
    data: new Uint8Array(),
  });
});

Deno.test("IDX: int32 values from 0 to 255 are read as bytes", () => {
  const file = Uint8Array.of(0, 0, 12, 1, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 255);
  assert(isIdx(file));
  assertEquals(decodeIdx(file, "a"), { shape: [2], data: Uint8Array.of(7, 255) });
  assertThrows(() => decodeIdx(file.with(10, 1), "a"), UserError, "outside 0 to 255");
  assertThrows(() => decodeIdx(file.with(8, 255), "a"), UserError, "outside 0 to 255");
  assertThrows(() => decodeIdx(file.subarray(0, 15), "a"), UserError, "2 x 4 bytes, but has 7");
});

Deno.test("damaged IDX files are refused", () => {
  for (let length = 0; length < images.length; length++) {
    assertThrows(() => decodeIdx(images.subarray(0, length), "a.idx"), UserError, "a.idx");
  }
  assertThrows(() => decodeIdx(Uint8Array.of(...images, 0), "a"), UserError, "but has 7");
  assert(!isIdx(images.map((byte, i) => i === 2 ? 13 : byte)), "floats");
  assertThrows(() => decodeIdx(images.map((byte) => byte === 0 ? 255 : byte), "a"), UserError);
  const huge = Uint8Array.of(0, 0, 8, 4, ...new Array(16).fill(255), 1);
  assertThrows(() => decodeIdx(huge, "a"), UserError, "should have");
});

Deno.test("gzip: a file by another program, and damaged ones", async () => {
  const text = new TextEncoder().encode("one digit after the other, ".repeat(1000));
  const packed = gzipSync(text);
  assert(isGzip(packed) && !isGzip(text));
  assertEquals(await gunzip(packed, "a.gz"), text);
  await assertRejects(() => gunzip(packed, "a.gz", 1000), UserError, "more than 1000");
  for (const length of [0, 5, 20, packed.length - 1]) {
    await assertRejects(() => gunzip(packed.slice(0, length), "a.gz"), UserError, "a.gz");
  }
  const wrong = packed.slice();
  wrong[packed.length - 8]! ^= 1;
  await assertRejects(() => gunzip(wrong, "a.gz"), UserError, "a.gz");
});

Deno.test("fuzzing: damaged IDX and gzip files", async () => {
  const wide = Uint8Array.of(0, 0, 12, 1, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 255);
  await fuzz([images, wide], (bytes) => decodeIdx(bytes, "a"));
  await fuzz([gzipSync(images), gzipSync(new Uint8Array(5000))], (bytes) => gunzip(bytes, "a"), {
    maxRounds: 500,
  });
});
