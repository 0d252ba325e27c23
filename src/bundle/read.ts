/**
 * Reading what a bundle holds, for those who compare and score. Of a folder only those bytes are
 * believed that its manifests list (`open.ts`); whether they agree is `verify.ts`'s business.
 */
import { join } from "@std/path";
import { z } from "zod";
import { counted } from "../counted.ts";
import { UserError } from "../errors.ts";
import { explainInputError } from "../formats/input.ts";
import { parseSpec, type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { type Digests, files } from "./layout.ts";
import { type BundleFiles, openBundle, requireFolder, sizeInside } from "./open.ts";

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
    requireFolder(path);
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
    return sizeInside(path, `data/${files.spec}`) !== null;
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

/**
 * A bundle to read from: its folder, whose manifests are checked then, or its files where somebody
 * opened them already.
 */
export type ReadableBundle = string | BundleFiles;

/** The files of a bundle; those of a folder are checked by its manifests. */
function filesOf(bundle: ReadableBundle): BundleFiles {
  return typeof bundle === "string" ? openBundle(bundle) : bundle;
}

/** What identifies the run of a bundle. */
export function readBundleDigests(bundle: ReadableBundle): Digests {
  const found = filesOf(bundle);
  const name = `data/${files.digests}`;
  return jsonOf(found.text(name), join(found.path, name)) as Digests;
}

/** The resolved spec of a bundle. */
export function readBundleSpec(bundle: ReadableBundle): ResolvedSpec {
  const found = filesOf(bundle);
  const name = `data/${files.spec}`;
  return resolveSpec(parseSpec(found.text(name), { path: join(found.path, name) }));
}

/** The file with the weights that drew a bundle's samples; null where it has none. */
export function drawingWeights(bundle: BundleFiles): string | null {
  return [files.average, files.model].map((file) => `data/${file}`).find(bundle.has) ?? null;
}

/** The loss of each training step; none where the bundle has no training of its own. */
export function readLosses(bundle: ReadableBundle): { step: number; loss: number }[] {
  const found = filesOf(bundle);
  const name = `data/${files.losses}`;
  const text = found.has(name) ? found.text(name) : "";
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
export function readMetrics(bundle: ReadableBundle): unknown {
  const found = filesOf(bundle);
  const name = `data/${files.metrics}`;
  return found.has(name) ? jsonOf(found.text(name), join(found.path, name)) : null;
}

/** What environment.json says of the classes. */
const namedClasses = z.object({
  data: z.object({ classNames: z.array(z.string().max(200)).max(100_000) }),
});

/** What the classes of a bundle's dataset are called, by label; null where it does not say. */
export function readClassNames(bundle: ReadableBundle): string[] | null {
  const found = filesOf(bundle);
  const name = "environment.json";
  if (!found.has(name)) return null;
  const said = namedClasses.safeParse(jsonOf(found.text(name), join(found.path, name)));
  return said.data?.data.classNames ?? null;
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: not JSON: ${(error as SyntaxError).message}`);
  }
}

/**
 * The samples of a bundle by angle in degrees, in the spec's order; none where it holds none.
 *
 * @throws UserError where the file holds something else
 */
export async function readAllSamples(
  bundle: ReadableBundle,
): Promise<Map<number, BundleSamples>> {
  const found = filesOf(bundle);
  const name = `data/${files.samples}`;
  if (!found.has(name)) return new Map();
  return new Map(
    [...await found.tensors(name)].map(([angle, { shape, data }]) => {
      const [count, imageSize, width, channels] = shape;
      if (
        shape.length !== 4 || imageSize !== width || !(data instanceof Uint8Array) ||
        (channels !== 1 && channels !== 3)
      ) {
        throw new UserError(`${join(found.path, name)}: ${angle} is no list of square images`);
      }
      return [Number(angle), { images: data, count: count!, imageSize: imageSize!, channels }];
    }),
  );
}

/** The unturned samples of a bundle, or those of its first angle. */
export async function readSamples(bundle: ReadableBundle): Promise<BundleSamples> {
  const found = filesOf(bundle);
  const samples = await readAllSamples(found);
  const upright = samples.get(0) ?? [...samples.values()][0];
  if (upright) return upright;
  throw new UserError(`${join(found.path, "data", files.samples)}: no samples in it`);
}
