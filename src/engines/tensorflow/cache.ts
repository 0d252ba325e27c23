/**
 * The unpacked wheels in the person's cache: what they must be, to be loaded into this process. The
 * folder is the person's own, and each file has the digest that it had when it was unpacked from a
 * wheel of the pinned digest.
 */
import { join } from "@std/path";
import { z } from "zod";
import { writeFileAtomic } from "../../files/create.ts";
import { requireOwned } from "../../files/owned.ts";
import { sha256OfFile } from "../../formats/sha256.ts";
import type { WheelSet } from "./pins.ts";

/** The manifest's name, inside the folder that it describes. */
export const MANIFEST = "alias-free-diffusion.json";

/** Beside it: at which state of each file its digest was last compared. */
const CHECKED = "alias-free-diffusion-checked.json";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const manifestForm = z.object({
  /** SHA-256 of the wheels that the files came from. */
  wheels: z.array(digest),
  /** Every file's size by its path. */
  files: z.record(z.string(), z.int()),
  /** Every file's SHA-256 by its path. */
  digests: z.record(z.string(), digest),
});

/** What a finished folder says about itself. */
export type CacheManifest = Readonly<z.infer<typeof manifestForm>>;

const checkedForm = z.record(z.string(), z.string());

/**
 * Refuses a cache that is not the person's own: what lies there is loaded as a program. It may be a
 * link of theirs to a larger disk.
 */
export function requireOwnCache(path: string): string | null {
  return requireOwned(path, {
    wayOut: "set XDG_CACHE_HOME to a folder of your own",
    isLinkAllowed: true,
  });
}

/**
 * Whether `folder` holds a whole, unpacked set: its manifest names the pinned wheels, and each file
 * has its size and its digest. Digests take a second and more, so that files which have not been
 * touched since the last comparison (inode, size, times of content and of the entry) are not read
 * again.
 */
export async function isWhole(folder: string, set: WheelSet): Promise<boolean> {
  const manifest = await readJson(join(folder, MANIFEST), manifestForm);
  if (manifest?.wheels.join() !== set.wheels.map((wheel) => wheel.sha256).join()) return false;
  const checked = await readJson(join(folder, CHECKED), checkedForm) ?? {};
  let isNew = false;
  for (const [path, bytes] of Object.entries(manifest.files)) {
    const file = join(folder, path);
    const state = await stateOf(file);
    if (state?.bytes !== bytes) return false;
    if (state.stamp !== null && checked[path] === state.stamp) continue;
    if (sha256OfFile(file) !== manifest.digests[path]) return false;
    if (state.stamp === null) continue;
    checked[path] = state.stamp;
    isNew = true;
  }
  if (isNew) rememberChecked(folder, checked);
  return true;
}

/** Writes what the folder says about itself, when all its files are there. */
export function writeManifest(folder: string, manifest: CacheManifest): void {
  writeFileAtomic(join(folder, MANIFEST), jsonBytes(manifest));
}

/** A cache that may not be written to costs a comparison at each start, and no more. */
function rememberChecked(folder: string, checked: Record<string, string>): void {
  try {
    writeFileAtomic(join(folder, CHECKED), jsonBytes(checked));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
}

/** Deno tells the time of a file's entry in whole seconds. */
const granularityMs = 2_000;

/**
 * A plain file's size, and what changes with every change to it: null while it is so new that a
 * change might not show. Null where it is no plain file.
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

async function readJson<T>(path: string, form: z.ZodType<T>): Promise<T | null> {
  try {
    return form.safeParse(JSON.parse(await Deno.readTextFile(path))).data ?? null;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  }
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
}
