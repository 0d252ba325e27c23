import { assertEquals, assertThrows } from "@std/assert";
import { zipSync } from "fflate";
import { UserError } from "../messages/errors.ts";
import { fuzz } from "./fuzz.ts";
import { decodeZip } from "./zip.ts";

const text = (content: string) => new TextEncoder().encode(content);
const files = { "a.txt": text("hello"), "b/c": text("x".repeat(5000)), "empty": new Uint8Array() };
const stored = Uint8Array.from(zipSync(files, { level: 0 }));
const packed = Uint8Array.from(zipSync(files, { level: 9 }));

Deno.test("stored and compressed entries are read", () => {
  for (const bytes of [stored, packed]) {
    assertEquals(Object.fromEntries(decodeZip(bytes, "a.zip")), files);
  }
});

Deno.test("zip bombs: compressed entries are limited, stored ones cost nothing", () => {
  assertThrows(
    () => decodeZip(packed, "a.zip", { maxBytes: 5000 }),
    UserError,
    "expand to more than 5000",
  );
  assertEquals(decodeZip(stored, "a.zip", { maxBytes: 0 }).size, 3);
  const zeros = Uint8Array.from(zipSync({ zeros: new Uint8Array(2 ** 20) }, { level: 9 }));
  // The directory claims 2 GiB, and the compressed bytes expand to one MiB.
  const at = zeros.length - 22 - 46 - "zeros".length;
  const view = new DataView(zeros.buffer);
  assertEquals(view.getUint32(at, true), 0x02014b50);
  view.setUint32(at + 24, 2 ** 31, true);
  assertThrows(() => decodeZip(zeros, "a.zip"), UserError, "expand to more than");
  view.setUint32(at + 24, 2 ** 29, true);
  assertThrows(() => decodeZip(zeros, "a.zip"), UserError, "is damaged");
  view.setUint32(at + 24, 2 ** 19, true);
  assertThrows(() => decodeZip(zeros, "a.zip"), UserError, "is damaged");
});

Deno.test("damaged archives are refused", () => {
  for (const bytes of [stored, packed]) {
    for (let length = 0; length < bytes.length; length += 3) {
      assertThrows(() => decodeZip(bytes.subarray(0, length), "a.zip"), UserError, "a.zip");
    }
    assertThrows(() => decodeZip(bytes.with(37, bytes[37]! ^ 1), "a.zip"), UserError, "a.zip");
  }
});

Deno.test("fuzzing: damaged zip archives", async () => {
  await fuzz([stored, packed], (bytes) => decodeZip(bytes, "a"));
});
