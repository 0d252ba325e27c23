import { assert, assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../messages/errors.ts";
// By GNU tar, in its own format and in pax: a/b/c.txt ("hello\n"), an empty file, and a file in a
// folder whose name has 120 letters.
import gnu from "./fixtures/gnu.tar.gz" with { type: "bytes" };
import pax from "./fixtures/pax.tar.gz" with { type: "bytes" };
import { fuzz } from "./fuzz.ts";
import { gunzip } from "./gzip.ts";
import { concat } from "./pieces.ts";
import { untar } from "./tar.ts";

const roomy = { bytes: 100_000, entries: 100 };

/** The bytes in pieces, as they would arrive. */
async function* arriving(bytes: Uint8Array, length = 100): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) {
    yield await Promise.resolve(bytes.subarray(at, at + length));
  }
}

/** The bytes of all pieces. */
async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concat(parts);
}

async function unpacked(bytes: Uint8Array, limits = roomy): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, size, content } of untar(arriving(bytes), "a.tar", limits)) {
    const whole = await bytesOf(content);
    assertEquals(whole.length, size);
    files.set(name, new TextDecoder().decode(whole));
  }
  return files;
}

/** Corrects the checksum of the first header. */
function repair(bytes: Uint8Array): void {
  if (bytes.length < 512) return;
  bytes.fill(0x20, 148, 156);
  const sum = bytes.subarray(0, 512).reduce((a, b) => a + b, 0);
  bytes.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0") + "\0"), 148);
}

/** An archive of one entry. */
function archive(
  name: string,
  type: string,
  content = "",
  size = content.length,
  linkTo = "",
): Uint8Array {
  const text = (value: string) => new TextEncoder().encode(value);
  const bytes = new Uint8Array(512 + Math.ceil(content.length / 512) * 512 + 1024);
  bytes.set(text(name), 0);
  bytes.set(text("0000644\0"), 100);
  bytes.set(text(size.toString(8).padStart(11, "0")), 124);
  bytes.set(text(type), 156);
  bytes.set(text(linkTo), 157);
  bytes.set(text("ustar\0" + "00"), 257);
  bytes.set(text(content), 512);
  repair(bytes);
  return bytes;
}

for (const [name, packed] of [["GNU", gnu], ["pax", pax]] as const) {
  Deno.test(`an archive in ${name} format: folders, an empty file, a long name`, async () => {
    const files = await unpacked(await gunzip(packed, "a.tar.gz"));
    const long = `a/${"long".repeat(30)}/file.txt`;
    assertEquals([...files].sort(), [["a/b/c.txt", "hello\n"], ["a/empty", ""], [long, "long\n"]]);
  });
}

Deno.test("archives that would write elsewhere, or more than expected, are refused", async () => {
  assertEquals([...await unpacked(archive("./a//b.txt", "0", "hi"))], [["a/b.txt", "hi"]]);
  const faults: [string, Uint8Array][] = [
    ["leads outside", archive("../a", "0")],
    ["leads outside", archive("a/../../b", "0")],
    ["leads outside", archive("/etc/passwd", "0")],
    ["leads outside", archive("C:\\a", "0")],
    ["leads outside", archive("a\nb", "0")],
    ["leads outside", archive("..", "5")],
    ["link or a device", archive("a", "2", "", 0, "/etc/passwd")],
    ["link or a device", archive("a", "1", "", 0, "../b")],
    ["link or a device", archive("a", "3")],
    ["more than 100000 bytes", archive("a", "0", "", 8 ** 10)],
    ["truncated", archive("a", "0", "hi", 5000)],
    ["truncated", archive("a", "0", "hi").subarray(0, 700)],
    ["truncated", new Uint8Array()],
    ["damaged", archive("a", "0", "hi").map((byte, i) => i === 0 ? byte + 1 : byte)],
    ["leads outside", await longNamed("../".repeat(50) + "a")],
  ];
  for (const [what, bytes] of faults) {
    await assertRejects(() => unpacked(bytes), UserError, what);
  }
  const twice = Uint8Array.from([
    ...archive("a", "0", "x").subarray(0, 1024),
    ...archive("a", "0", "y"),
  ]);
  await assertRejects(() => unpacked(twice), UserError, "twice");
  await assertRejects(
    () => unpacked(twice, { bytes: 100, entries: 1 }),
    UserError,
    "more than 1 entries",
  );
});

/** A file whose name is in GNU's entry for long names. */
function longNamed(name: string): Uint8Array {
  return Uint8Array.from([
    ...archive("././@LongLink", "L", name).subarray(0, 1024),
    ...archive("short", "0", "x"),
  ]);
}

/**
 * An archive with one entry of `size` zeros, generated on demand; counts the bytes that were
 * requested.
 */
function endless(type: string, size: number) {
  const asked = { bytes: 0 };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield archive("a", type, "", size).subarray(0, 512);
    const zeros = new Uint8Array(1 << 20);
    for (; asked.bytes < size; asked.bytes += zeros.length) yield await Promise.resolve(zeros);
  }
  return { pieces: pieces(), asked };
}

Deno.test("an entry is passed on as it arrives, and never held as a whole", async () => {
  const { pieces, asked } = endless("0", 2 ** 32);
  for await (const { size, content } of untar(pieces, "a.tar", { bytes: 2 ** 33, entries: 1 })) {
    assertEquals(size, 2 ** 32);
    for await (const piece of content) {
      assert(piece.length <= 1 << 20);
      if (asked.bytes > 4 << 20) break;
    }
    break;
  }
  assert(asked.bytes < 8 << 20, `${asked.bytes} bytes were asked for`);
});

Deno.test("names and their records are limited before they are read", async () => {
  const huge = { bytes: 2 ** 40, entries: 10 };
  for (const type of ["L", "x"]) {
    const { pieces, asked } = endless(type, 600_000_000);
    const all = async () => {
      for await (const _ of untar(pieces, "a.tar", huge));
    };
    await assertRejects(all, UserError, "a name or its records have 600000000 bytes");
    assertEquals(asked.bytes, 0);
  }
  const letters = "a/".repeat(600);
  await assertRejects(() => unpacked(longNamed(letters)), UserError, "have 1200 bytes");
});

Deno.test("unread content is skipped, and the next entry is correct", async () => {
  const bytes = Uint8Array.from([
    ...archive("a", "0", "x".repeat(1000)).subarray(0, 512 + 1024),
    ...archive("b", "0", "second"),
  ]);
  const found: string[] = [];
  for await (const { name, content } of untar(arriving(bytes), "a.tar", roomy)) {
    found.push(name);
    if (name === "a") { for await (const _ of content) break; }
    else found.push(new TextDecoder().decode(await bytesOf(content)));
  }
  assertEquals(found, ["a", "b", "second"]);
});

Deno.test("records that other programs obey and we do not are refused", async () => {
  for (const [record, what] of [["size=99", "8 GiB"], ["GNU.sparse.major=1", "sparse"]]) {
    const text = `${record!.length + 4} ${record}\n`;
    const bytes = Uint8Array.from([
      ...archive("pax", "x", text).subarray(0, 1024),
      ...archive("a", "0", "hi"),
    ]);
    await assertRejects(() => unpacked(bytes), UserError, what);
  }
});

Deno.test("fuzzing: damaged tar archives", async () => {
  const whole = await gunzip(pax, "a.tar.gz");
  await fuzz(
    [archive("a", "0", "hi"), longNamed("b/c"), whole.slice()],
    (bytes) => unpacked(bytes),
    { repair },
  );
});
