/**
 * Reads the content of bundles. Bytes are checked against the manifests (`open.ts`); whether the
 * files agree with each other is checked by `verify.ts`.
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

/** Samples of one angle. */
export interface BundleSamples {
  /** One byte per value, in the order N, H, W, C. */
  images: Uint8Array;
  count: number;
  imageSize: number;
  channels: 1 | 3;
}

/**
 * Explains why a path is not a bundle; null if it is one, damaged or not. A bundle has a bag's
 * declaration, a manifest or a run's spec. If the folder contains bundles, the explanation gives
 * the command that opens these.
 *
 * @param verb the verb of that command
 * @param max how many bundles the verb opens at most
 * @throws UserError if the folder does not exist
 */
export function notBundleReason(path: string, verb: string, max = 1): string | null {
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
  if (inside.length === 0) return `${path} is not a bundle`;
  const named = max === Infinity ? ["*"] : inside.slice(0, max);
  const command = ["deno task", verb, ...named.map((name) => join(path, name))].join(" ");
  return `${path} is not a bundle, but contains ${counted(inside.length, "bundle")}: ${command}`;
}

/** Throws unless the path is a bundle, see {@link notBundleReason}. */
export function requireBundle(path: string, verb: string, max = 1): void {
  const reason = notBundleReason(path, verb, max);
  if (reason !== null) throw new UserError(reason);
}

/** Whether a folder is a bundle. */
export function isBundle(path: string): boolean {
  try {
    return sizeInside(path, `data/${files.spec}`) !== null;
  } catch {
    return false;
  }
}

/**
 * The bundles at the given paths: a bundle itself, or the bundles in a folder, ordered by name.
 *
 * @throws UserError if a path is neither
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
      throw new UserError(`${path}: neither a bundle nor a folder that contains bundles`);
    }
    return inside;
  });
  return [...new Set(found)];
}

/**
 * A bundle to read from: its folder, whose manifests are then checked, or its files if they are
 * already open.
 */
export type ReadableBundle = string | BundleFiles;

/** The files of a bundle. If a folder is given, its manifests are checked. */
function filesOf(bundle: ReadableBundle): BundleFiles {
  return typeof bundle === "string" ? openBundle(bundle) : bundle;
}

/** The digests that identify a bundle's run. */
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

/** The file with the weights that drew a bundle's samples; null if there is none. */
export function drawingWeights(bundle: BundleFiles): string | null {
  return [files.average, files.model].map((file) => `data/${file}`).find(bundle.has) ?? null;
}

/**
 * The resolved spec of a bundle, with the path that its images had when it was made. The path is
 * not part of the results; environment.json records it.
 */
export function readSpecWithImages(bundle: ReadableBundle): ResolvedSpec {
  const found = filesOf(bundle);
  const spec = readBundleSpec(found);
  const environment = readEnvironment(found);
  const path = environment !== null && "trainedOn" in environment
    ? environment.data.path ?? null
    : null;
  return { ...spec, data: { ...spec.data, path } };
}

/** The loss of each training step; none if the bundle has no training of its own. */
export function readLosses(bundle: ReadableBundle): Loss[] {
  const found = filesOf(bundle);
  const name = `data/${files.losses}`;
  return found.has(name) ? parseLosses(found.text(name), join(found.path, name)) : [];
}

/** The scores; null if the bundle has none. */
export function readMetrics(bundle: ReadableBundle): Metrics | null {
  return readIfThere(bundle, `data/${files.metrics}`, metricsForm);
}

/** Machine, versions and times of a run; null if the bundle does not record them. */
export function readEnvironment(
  bundle: ReadableBundle,
): Environment | SamplingEnvironment | null {
  return readIfThere(bundle, "environment.json", anyEnvironmentForm);
}

/** What made the files; null if the bundle does not record it. */
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

/** The names of the classes in a bundle's dataset, by label; null if unknown. */
export function readClassNames(bundle: ReadableBundle): string[] | null {
  return readEnvironment(bundle)?.data?.classNames ?? null;
}

/**
 * The samples of a bundle by angle in degrees, whole numbers first; none if there are none.
 *
 * @throws UserError if the file contains anything else
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
          `${join(found.path, name)}: ${angle.slice(0, 100)} is not an angle with square images`,
        );
      }
      return [Number(angle), { images: data, count: count!, imageSize: imageSize!, channels }];
    }),
  );
}

/** Whether a tensor's name is an angle as a run writes it, unlike "1e400" or "045". */
function isAngle(name: string): boolean {
  return Number.isFinite(Number(name)) && String(Number(name)) === name;
}

/** The unrotated samples of a bundle, or those of its first angle. */
export async function readSamples(bundle: ReadableBundle): Promise<BundleSamples> {
  const found = filesOf(bundle);
  const samples = await readAllSamples(found);
  const upright = samples.get(0) ?? [...samples.values()][0];
  if (upright) return upright;
  throw new UserError(`${join(found.path, "data", files.samples)}: it has no samples`);
}
