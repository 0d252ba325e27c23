/**
 * Reading what a bundle holds, for those who compare and score. Whether it is whole is
 * `verify.ts`'s business.
 */
import { join } from "@std/path";
import { counted } from "../counted.ts";
import { UserError } from "../errors.ts";
import { explainInputError } from "../formats/input.ts";
import { readTensors } from "../formats/safetensors.ts";
import { parseSpec, type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { type Digests, files } from "./layout.ts";

/** Samples, one after the other: bytes N, H, W, C. */
export interface BundleSamples {
  images: Uint8Array;
  count: number;
  imageSize: number;
  channels: 1 | 3;
}

/**
 * Why a path is no bundle to a verb that opens bundles whole, or null where it is one, damaged or
 * not: what has neither a bag's declaration nor its manifest nor a run's spec never was one.
 *
 * @param verb for the command that opens bundles in the folder, where there are some
 * @param takes how many bundles the verb opens at most
 * @throws UserError where there is no such folder
 */
export function whyNoBundle(path: string, verb: string, takes = 1): string | null {
  let names: string[];
  try {
    if (!Deno.statSync(path).isDirectory) {
      throw new UserError(`${path}: a file, where a bundle's folder is expected`);
    }
    names = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  } catch (error) {
    throw explainInputError(error, path);
  }
  if (names.includes("bagit.txt") || names.includes("manifest-sha256.txt") || isBundle(path)) {
    return null;
  }
  const inside = names.filter((name) => !name.startsWith(".") && isBundle(join(path, name)));
  if (inside.length === 0) return `${path} is no bundle`;
  const named = takes === Infinity ? ["*"] : inside.slice(0, takes);
  const command = ["deno task", verb, ...named.map((name) => join(path, name))].join(" ");
  return `${path} is no bundle; it holds ${counted(inside.length, "bundle")}: ${command}`;
}

/** Refuses what is no bundle, see {@link whyNoBundle}. */
export function requireBundle(path: string, verb: string, takes = 1): void {
  const why = whyNoBundle(path, verb, takes);
  if (why !== null) throw new UserError(why);
}

/** Whether a folder holds a bundle. */
export function isBundle(path: string): boolean {
  try {
    return Deno.statSync(join(path, "data", files.spec)).isFile;
  } catch {
    return false;
  }
}

/**
 * The bundles that paths stand for: a bundle itself, or the bundles in a folder, in the order of
 * their names.
 *
 * @throws UserError where a path is neither
 */
export function findBundles(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => {
    if (isBundle(path)) return [path];
    let names: string[];
    try {
      names = [...Deno.readDirSync(path)].map(({ name }) => name).filter((name) =>
        !name.startsWith(".")
      ).sort();
    } catch (error) {
      throw explainInputError(error, path);
    }
    const inside = names.map((name) => join(path, name)).filter(isBundle);
    if (inside.length === 0) {
      throw new UserError(`${path}: no bundle, and no folder with bundles in it`);
    }
    return inside;
  });
  return [...new Set(found)];
}

/** What identifies the run of a bundle. */
export function readBundleDigests(path: string): Digests {
  const text = readText(path, files.digests);
  try {
    return JSON.parse(text) as Digests;
  } catch {
    throw new UserError(`${join(path, "data", files.digests)}: not JSON`);
  }
}

/** The resolved spec of a bundle. */
export function readBundleSpec(path: string): ResolvedSpec {
  return resolveSpec(
    parseSpec(readText(path, files.spec), { path: join(path, "data", files.spec) }),
  );
}

/** The loss of each training step; none where the bundle has no training of its own. */
export function readLosses(path: string): { step: number; loss: number }[] {
  const text = readIfThere(join(path, "data", files.losses)) ?? "";
  return text.trim().split("\n").slice(1).map((line) => {
    const [step, loss] = line.split(",").map(Number);
    return { step: step ?? NaN, loss: loss ?? NaN };
  });
}

/**
 * The scores as the evaluation wrote them, which is where their type is.
 *
 * @returns null where the bundle has none
 */
export function readMetrics(path: string): unknown {
  const at = join(path, "data", files.metrics);
  const text = readIfThere(at);
  try {
    return text === null ? null : JSON.parse(text);
  } catch (error) {
    throw new UserError(`${at}: not JSON: ${(error as SyntaxError).message}`);
  }
}

/**
 * The samples of a bundle by angle in degrees, in the spec's order; none where it holds none.
 *
 * @throws UserError where the file holds something else
 */
export async function readAllSamples(path: string): Promise<Map<number, BundleSamples>> {
  const at = join(path, "data", files.samples);
  try {
    Deno.statSync(at);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw error;
  }
  return new Map(
    [...await readTensors(at)].map(([angle, { shape, data }]) => {
      const [count, imageSize, width, channels] = shape;
      if (
        shape.length !== 4 || imageSize !== width || !(data instanceof Uint8Array) ||
        (channels !== 1 && channels !== 3)
      ) throw new UserError(`${at}: ${angle} is no list of square images`);
      return [Number(angle), { images: data, count: count!, imageSize: imageSize!, channels }];
    }),
  );
}

/** The unturned samples of a bundle, or those of its first angle. */
export async function readSamples(path: string): Promise<BundleSamples> {
  const samples = await readAllSamples(path);
  const upright = samples.get(0) ?? [...samples.values()][0];
  if (!upright) throw new UserError(`${join(path, "data", files.samples)}: no samples in it`);
  return upright;
}

function readText(path: string, name: string): string {
  const at = join(path, "data", name);
  try {
    return Deno.readTextFileSync(at);
  } catch (error) {
    throw explainInputError(error, at);
  }
}

function readIfThere(at: string): string | null {
  try {
    return Deno.readTextFileSync(at);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw explainInputError(error, at);
  }
}
