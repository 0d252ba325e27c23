/**
 * Reading what a bundle holds, for those who compare and score. Of a folder only those bytes are
 * believed that its manifests list (`open.ts`); whether they agree is `verify.ts`'s business.
 */
import { join } from "@std/path";
import type { z } from "zod";
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { parseSpec, type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { files } from "./layout.ts";
import { type BundleFiles, openBundle, requireFolder, sizeInside } from "./open.ts";
import {
  anyEnvironmentForm,
  type Digests,
  digestsForm,
  type Environment,
  type Loss,
  type Metrics,
  metricsForm,
  parseForm,
  parseLosses,
  type Provenance,
  provenanceForm,
  type SamplingEnvironment,
} from "./schemas.ts";

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
  return readForm(found, `data/${files.digests}`, digestsForm);
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

/**
 * The resolved spec of a bundle with the place where its images lay when it was made: that is no
 * part of the results, and environment.json tells it.
 */
export function readSpecWithImages(bundle: ReadableBundle): ResolvedSpec {
  const found = filesOf(bundle);
  const spec = readBundleSpec(found);
  const told = readEnvironment(found);
  const path = told !== null && "trainedOn" in told ? told.data.path ?? null : null;
  return { ...spec, data: { ...spec.data, path } };
}

/** The loss of each training step; none where the bundle has no training of its own. */
export function readLosses(bundle: ReadableBundle): Loss[] {
  const found = filesOf(bundle);
  const name = `data/${files.losses}`;
  return found.has(name) ? parseLosses(found.text(name), join(found.path, name)) : [];
}

/** The scores; null where the bundle has none. */
export function readMetrics(bundle: ReadableBundle): Metrics | null {
  return readIfThere(bundle, `data/${files.metrics}`, metricsForm);
}

/** Machine, versions and times of a run; null where the bundle does not tell. */
export function readEnvironment(
  bundle: ReadableBundle,
): Environment | SamplingEnvironment | null {
  return readIfThere(bundle, "environment.json", anyEnvironmentForm);
}

/** What made the files; null where the bundle does not tell. */
export function readProvenance(bundle: ReadableBundle): Provenance | null {
  return readIfThere(bundle, "provenance.json", provenanceForm);
}

function readForm<T>(bundle: BundleFiles, name: string, form: z.ZodType<T>): T {
  return parseForm(form, bundle.text(name), join(bundle.path, name));
}

function readIfThere<T>(bundle: ReadableBundle, name: string, form: z.ZodType<T>): T | null {
  const found = filesOf(bundle);
  return found.has(name) ? readForm(found, name, form) : null;
}

/** What the classes of a bundle's dataset are called, by label; null where it does not say. */
export function readClassNames(bundle: ReadableBundle): string[] | null {
  return readEnvironment(bundle)?.data?.classNames ?? null;
}

/**
 * The samples of a bundle by angle in degrees, whole numbers first; none where it holds none.
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
        (channels !== 1 && channels !== 3) || !isAngle(angle)
      ) {
        throw new UserError(
          `${join(found.path, name)}: ${angle.slice(0, 100)} is no angle with square images`,
        );
      }
      return [Number(angle), { images: data, count: count!, imageSize: imageSize!, channels }];
    }),
  );
}

/** Whether a tensor's name is an angle as a run writes it: "1e400" is no number, "045" is 45. */
function isAngle(name: string): boolean {
  return Number.isFinite(Number(name)) && String(Number(name)) === name;
}

/** The unturned samples of a bundle, or those of its first angle. */
export async function readSamples(bundle: ReadableBundle): Promise<BundleSamples> {
  const found = filesOf(bundle);
  const samples = await readAllSamples(found);
  const upright = samples.get(0) ?? [...samples.values()][0];
  if (upright) return upright;
  throw new UserError(`${join(found.path, "data", files.samples)}: no samples in it`);
}
