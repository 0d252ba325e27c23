/** Reading what a bundle holds, for those who compare and score. Whether it is whole is `verify.ts`'s business. */
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { explainInputError } from "../formats/input.ts";
import { readTensors } from "../formats/safetensors.ts";
import { parseSpec, type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { files } from "./layout.ts";

/** Samples, one after the other: bytes N, H, W, C. */
export interface BundleSamples {
  images: Uint8Array;
  count: number;
  imageSize: number;
  channels: 1 | 3;
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
 * The bundles that paths stand for: a bundle itself, or the bundles in a folder, in the order of their names.
 *
 * @throws UserError where a path is neither
 */
export function findBundles(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => {
    if (isBundle(path)) return [path];
    let names: string[];
    try {
      names = [...Deno.readDirSync(path)].map(({ name }) => name).filter((name) => !name.startsWith(".")).sort();
    } catch (error) {
      throw explainInputError(error, path);
    }
    const inside = names.map((name) => join(path, name)).filter(isBundle);
    if (inside.length === 0) throw new UserError(`${path}: no bundle, and no folder with bundles in it`);
    return inside;
  });
  return [...new Set(found)];
}

/** The resolved spec of a bundle. */
export function readBundleSpec(path: string): ResolvedSpec {
  return resolveSpec(parseSpec(readText(path, files.spec), { path: join(path, "data", files.spec) }));
}

/** Losses by step. */
export function readLosses(path: string): { step: number; loss: number }[] {
  return readText(path, files.losses).trim().split("\n").slice(1).map((line) => {
    const [step, loss] = line.split(",").map(Number);
    return { step: step ?? NaN, loss: loss ?? NaN };
  });
}

/** The scores as the evaluation wrote them; null where the bundle has none. */
export function readMetrics(path: string): unknown {
  const at = join(path, "data", files.metrics);
  try {
    return JSON.parse(Deno.readTextFileSync(at));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof SyntaxError) throw new UserError(`${at}: not JSON: ${error.message}`);
    throw explainInputError(error, at);
  }
}

/** The unturned samples of a bundle, or those of its first angle: uint8, images x rows x columns x channels. */
export async function readSamples(path: string): Promise<BundleSamples> {
  const at = join(path, "data", files.samples), tensors = await readTensors(at);
  const samples = tensors.get("0") ?? [...tensors.values()][0];
  if (!samples || !(samples.data instanceof Uint8Array) || samples.shape.length !== 4) {
    throw new UserError(`${at}: no samples in it`);
  }
  const [count, imageSize, , channels] = samples.shape as [number, number, number, 1 | 3];
  return { images: samples.data, count, imageSize, channels };
}

function readText(path: string, name: string): string {
  const at = join(path, "data", name);
  try {
    return Deno.readTextFileSync(at);
  } catch (error) {
    throw explainInputError(error, at);
  }
}
