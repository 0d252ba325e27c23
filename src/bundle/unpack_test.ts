// Archives that unpack to far more than their size are refused before much is written or held.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { gunzipSync, gzipSync } from "fflate";
import { UserError } from "../messages/errors.ts";
import { sha256 } from "../formats/sha256.ts";
import { filesTest } from "../files/testing.ts";
import { manifestText } from "./manifest.ts";
import { leadingFiles, packBundle } from "./pack.ts";
import { exampleBundle } from "./testing.ts";
import { unpackBundle } from "./unpack.ts";
import { verifyBag } from "./verify.ts";

const verify = (path: string) => Promise.resolve(verifyBag(path));

/** A tar entry's header. */
function header(name: string, size: number, type = "0"): Uint8Array {
  const bytes = new Uint8Array(512);
  const put = (at: number, text: string) => bytes.set(new TextEncoder().encode(text), at);
  put(0, name);
  put(124, size.toString(8).padStart(11, "0"));
  put(148, `        ${type}ustar`);
  const sum = bytes.reduce((a, b) => a + b, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return bytes;
}

/** An entry with the given content, or with that many zeros. */
function entry(name: string, content: Uint8Array | number, type = "0"): Uint8Array[] {
  const size = typeof content === "number" ? content : content.length;
  const padded = new Uint8Array(512 * Math.ceil(size / 512));
  if (typeof content !== "number") padded.set(content);
  return [header(name, size, type), padded];
}

function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Total size of the files in a folder and its subfolders. */
function bytesIn(folder: string): number {
  return [...Deno.readDirSync(folder)].reduce((sum, { name, isDirectory }) => {
    const path = join(folder, name);
    return sum + (isDirectory ? bytesIn(path) : Deno.statSync(path).size);
  }, 0);
}

const megabytes = (count: number) => count << 20;

filesTest("an archive that unpacks to far more than its size is refused", async (folder) => {
  const archive = join(folder, "a.tar.gz");
  const into = join(folder, "into");
  const refused = async (parts: Uint8Array[], expected: string) => {
    Deno.writeFileSync(archive, gzipSync(joined([...parts, new Uint8Array(1024)]), { level: 9 }));
    const { message } = await assertRejects(() => unpackBundle(archive, into, verify), UserError);
    assertStringIncludes(message, expected);
    assertEquals([...Deno.readDirSync(into)], [], "nothing remains");
  };
  await refused(entry("b/data/model.safetensors", megabytes(70)), "more than");
  await refused(entry("b/README.md", megabytes(20)), "such a file has at most");
  await refused(entry("././@LongLink", megabytes(2), "L"), "a name or its records have");
});

filesTest("files that the manifests at the start do not list are not unpacked", async (folder) => {
  const { path } = exampleBundle(join(folder, "example-0123456789ab"));
  const archive = join(folder, "a.tar.gz");
  await packBundle(path, archive, verify);
  const names: string[] = [];
  const tar = gunzipSync(Deno.readFileSync(archive));
  for (let at = 0; tar[at] !== 0;) {
    const text = (from: number, to: number) =>
      new TextDecoder().decode(tar.subarray(at + from, at + to)).replace(/\0.*/s, "");
    names.push(text(0, 100).replace("example-0123456789ab/", ""));
    at += 512 + 512 * Math.ceil(parseInt(text(124, 135), 8) / 512);
  }
  assertEquals(names.slice(0, 4), [...leadingFiles], "manifests come first");

  const into = join(folder, "into");
  const bomb = new Uint8Array(megabytes(5));
  const front = (listed: Map<string, string>) => {
    const manifest = new TextEncoder().encode(manifestText(listed));
    const tags = new Map([["manifest-sha256.txt", sha256(manifest)]]);
    return [
      ...entry("b/bagit.txt", new TextEncoder().encode("x")),
      ...entry("b/tagmanifest-sha256.txt", new TextEncoder().encode(manifestText(tags))),
      ...entry("b/manifest-sha256.txt", manifest),
    ];
  };
  const archives: [parts: Uint8Array[], expected: string][] = [
    [[...front(new Map()), ...entry("b/bag-info.txt", 1)], "more"],
    [
      [...front(new Map([["data/a", sha256("a")]])), ...entry("b/bag-info.txt", 1)],
      "bag-info.txt",
    ],
    [
      [
        ...front(new Map([["data/a", sha256("a")]])),
        ...entry("b/bag-info.txt", new TextEncoder().encode("y")),
        ...entry("b/data/model.safetensors", bomb),
      ],
      "data/model.safetensors is not in the archive's manifests",
    ],
    [
      [
        ...front(new Map([["data/model.safetensors", sha256("a")]])),
        ...entry("b/bag-info.txt", new TextEncoder().encode("y")),
        ...entry("b/data/model.safetensors", bomb),
        ...entry("b/data/more", bomb),
      ],
      "data/model.safetensors does not match the archive's manifests",
    ],
  ];
  for (const [parts, expected] of archives) {
    Deno.writeFileSync(archive, gzipSync(joined([...parts, new Uint8Array(1024)])));
    const { message } = await assertRejects(() => unpackBundle(archive, into, verify), UserError);
    if (expected !== "more") assertStringIncludes(message, expected);
    assertEquals(bytesIn(into), 0);
  }
});

filesTest(
  "older archives, with their manifests in the middle, still unpack",
  async (folder) => {
    const { path, digest } = exampleBundle(join(folder, "example-0123456789ab"));
    const list = (at: string): string[] =>
      [...Deno.readDirSync(join(path, at))].flatMap(({ name, isDirectory }) =>
        isDirectory ? list(`${at}${name}/`) : [at + name]
      ).sort();
    const parts = list("").flatMap((name) =>
      entry(`example-0123456789ab/${name}`, Deno.readFileSync(join(path, name)))
    );
    const archive = join(folder, "a.tar.gz");
    Deno.writeFileSync(archive, gzipSync(joined([...parts, new Uint8Array(1024)])));
    const unpacked = await unpackBundle(archive, join(folder, "into"), verify);
    assertEquals(unpacked.digest, digest);
    assert(verifyBag(unpacked.path).ok);
  },
);
