import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import { readTensorFile, type TensorData, writeTensors } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";
import { filesTest } from "../files/testing.ts";
import { cacheKey } from "./cache.ts";
import type { Dataset } from "./dataset.ts";
import { identityOf, listFiles } from "./files.ts";
import { greyPng, upTo, writeFiles } from "./layouts_testing.ts";
import { loadDataset } from "./mod.ts";

const target = { imageSize: 28, channels: 1, fit: "crop" } as const;

/** Loads five images from a folder, with the cache in `folder`/data. */
async function load(folder: string): Promise<Dataset> {
  const path = join(folder, "pictures");
  const data = { limit: null, digest: null, fit: target.fit, path };
  return await loadDataset({ dataset: "folder", ...target, data }, {
    dataRoot: join(folder, "data"),
  });
}

function writePictures(folder: string): void {
  writeFiles(
    join(folder, "pictures"),
    Object.fromEntries(upTo(5).map((n) => [`${n % 2}/${n}.png`, greyPng(n)])),
  );
}

/** The only file in the cache. */
function cacheFile(folder: string): string {
  const cache = join(folder, "data", ".cache");
  const names = [...Deno.readDirSync(cache)].map(({ name }) => name);
  assertEquals(names.length, 1);
  return join(cache, names[0] ?? "");
}

/** Puts other tensors or metadata into the cache, with a matching checksum. */
async function forge(
  folder: string,
  change: (tensors: Map<string, TensorData>, about: Record<string, unknown>) => void,
): Promise<void> {
  const file = cacheFile(folder);
  const { tensors, metadata } = await readTensorFile(file);
  const about: Record<string, unknown> = JSON.parse(metadata.about ?? "{}");
  change(tensors, about);
  const text = JSON.stringify(about);
  const identity = identityOf(listFiles(join(folder, "pictures")));
  const key = cacheKey("folder", identity, target, null, undefined);
  await writeTensors(file, tensors, { about: text, check: sha256(key, text) });
}

filesTest("a cache is used only if its images have the recorded digest", async (folder) => {
  writePictures(folder);
  const first = await load(folder);
  assertEquals(first.count, 5);
  assertEquals(await load(folder), first);
  const two = (tensors: Map<string, TensorData>) => {
    const data = new Uint8Array(2 * 784).fill(200);
    tensors.set("images", { dtype: "U8", shape: [2, 28, 28, 1], data });
    tensors.set("labels", { dtype: "U8", shape: [2], data: Uint8Array.of(0, 1) });
  };
  // Two images under the digest of five, and with the other metadata of five.
  await forge(folder, two);
  assertEquals(await load(folder), first);
  await forge(folder, (tensors, about) => {
    two(tensors);
    Object.assign(about, { count: 5, images: [...first.images] });
  });
  assertEquals(await load(folder), first);
  // Unknown fields and wrong types are refused, too.
  await forge(folder, (_, about) => Object.assign(about, { name: "mnist" }));
  assertEquals(await load(folder), first);
  await forge(folder, (_, about) => Object.assign(about, { classNames: ["only one"] }));
  assertEquals(await load(folder), first);
  await forge(folder, (_, about) => Object.assign(about, { notes: "a text" }));
  assertEquals(await load(folder), first);
});

const noModes = Deno.build.os === "windows";

filesTest("a cache that everybody may write to is not used", async (folder) => {
  if (noModes) return;
  writePictures(folder);
  const first = await load(folder);
  const cache = join(folder, "data", ".cache");
  Deno.removeSync(cacheFile(folder));
  Deno.chmodSync(cache, 0o777);
  const again = await load(folder);
  assertEquals([again.digest, again.count], [first.digest, first.count]);
  const note = again.notes.find((note) => note.startsWith("cache: not used."));
  assert(note?.includes("everybody on this machine may write to it"), again.notes.join("\n"));
  assertEquals([...Deno.readDirSync(cache)], []);
});
