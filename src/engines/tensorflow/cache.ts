/**
 * Checks the unpacked wheels in the user's cache before they are loaded into this process. The
 * folder must belong to the user, and each file must have the digest that it had when it was
 * unpacked from a wheel with the pinned digest.
 */
import { join } from "@std/path";
import { z } from "zod";
import { writeFileAtomic } from "../../files/create.ts";
import { requireOwned } from "../../files/owned.ts";
import { sha256OfFile } from "../../formats/sha256.ts";
import type { WheelSet } from "./pins.ts";

/** Name of the manifest, in the folder that it describes. */
export const MANIFEST = "alias-free-diffusion.json";

/** Beside the manifest: the state of each file when its digest was last compared. */
const CHECKED = "alias-free-diffusion-checked.json";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const manifestSchema = z.object({
  /** SHA-256 of the wheels that the files were unpacked from. */
  wheels: z.array(digest),
  /** Size of each file in bytes, by path. */
  files: z.record(z.string(), z.int()),
  /** SHA-256 of each file, by path. */
  digests: z.record(z.string(), digest),
});

/** The manifest of a complete folder. */
export type CacheManifest = Readonly<z.infer<typeof manifestSchema>>;

const checkedSchema = z.record(z.string(), z.string());

/**
 * Refuses a cache that other users own or may write to, because its files are loaded as native
 * code. The cache may be the user's own link to a larger disk.
 *
 * @returns a warning, or null
 * @throws {UserError} if the cache is refused
 */
export function requireOwnCache(path: string): string | null {
  return requireOwned(path, {
    advice: "set XDG_CACHE_HOME to a folder of your own",
    isLinkAllowed: true,
  });
}

/**
 * Whether `folder` holds a complete set: its manifest names the pinned wheels, and each file has
 * the size and digest in the manifest. Computing the digests takes a second or more, so files that
 * have not changed since the last comparison (inode, size, mtime and ctime) are not read again.
 */
export async function isComplete(folder: string, set: WheelSet): Promise<boolean> {
  const manifest = await readJson(join(folder, MANIFEST), manifestSchema);
  if (manifest?.wheels.join() !== set.wheels.map((wheel) => wheel.sha256).join()) return false;
  const checked = await readJson(join(folder, CHECKED), checkedSchema) ?? {};
  let hasNew = false;
  for (const [path, bytes] of Object.entries(manifest.files)) {
    const file = join(folder, path);
    const state = await stateOf(file);
    if (state?.bytes !== bytes) return false;
    if (state.stamp !== null && checked[path] === state.stamp) continue;
    if (sha256OfFile(file) !== manifest.digests[path]) return false;
    if (state.stamp === null) continue;
    checked[path] = state.stamp;
    hasNew = true;
  }
  if (hasNew) rememberChecked(folder, checked);
  return true;
}

/** Writes the manifest of a folder whose files are all in place. */
export function writeManifest(folder: string, manifest: CacheManifest): void {
  writeFileAtomic(join(folder, MANIFEST), jsonBytes(manifest));
}

/**
 * Remembers which files were compared. If the cache is not writable, every start compares them
 * again.
 */
function rememberChecked(folder: string, checked: Record<string, string>): void {
  try {
    writeFileAtomic(join(folder, CHECKED), jsonBytes(checked));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
}

/** Deno reports ctime in whole seconds, so a second change within this time may not show. */
const granularityMs = 2_000;

/**
 * The size of a regular file, and a stamp that differs after any change. The stamp is null if the
 * file changed too recently. The result is null if there is no regular file.
 */
async function stateOf(path: string): Promise<{ bytes: number; stamp: string | null } | null> {
  const info = await Deno.lstat(path).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  });
  if (!info?.isFile) return null;
  const { ino, size, mtime, ctime } = info;
  const changedMs = ctime?.getTime();
  const isSettled = changedMs !== undefined && Date.now() - changedMs > granularityMs;
  const stamp = isSettled ? [ino, size, mtime?.getTime(), changedMs].join(" ") : null;
  return { bytes: size, stamp };
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.safeParse(JSON.parse(await Deno.readTextFile(path))).data ?? null;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  }
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
}
