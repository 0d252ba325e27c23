/**
 * Models that are trained already: read from finished bundles, to be shared, gone on with, or
 * sampled.
 */
import { files } from "../bundle/layout.ts";
import { verifyBag } from "../bundle/verify.ts";
import { UserError } from "../messages/errors.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";
import { bundleFiles, openBundle } from "../bundle/open.ts";
import { findBundles, type ReadableBundle, readLosses } from "../bundle/read.ts";
import { exists } from "../files/create.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { networkPlan } from "../unet/plan.ts";
import type { EnginePlatform } from "../engines/engine.ts";
import { readPlatform } from "./platform.ts";

/** A training's state and losses, as a bundle holds them. */
export interface TrainedModel {
  /** See `stateTensors`. */
  tensors: Map<string, TensorData>;
  /** Of each step. */
  losses: number[];
}

/** Reads the whole state of a bundle's training, its bytes checked by the manifests. */
export async function readTrained(bundle: ReadableBundle): Promise<TrainedModel> {
  const opened = typeof bundle === "string" ? openBundle(bundle) : bundle;
  const tensors = new Map<string, TensorData>();
  const take = async (file: string, prefix: string) => {
    for (const [name, tensor] of await opened.tensors(`data/${file}`)) {
      tensors.set(prefix + name, tensor);
    }
  };
  await take(files.model, "model/");
  await take(files.optimizer, "");
  if (opened.has(`data/${files.average}`)) await take(files.average, "average/");
  return { tensors, losses: readLosses(opened).map(({ loss }) => loss) };
}

/** The sheet of images drawn while a bundle's model was trained; null where there is none. */
export function readPreviews(bundle: string): Uint8Array | null {
  const opened = openBundle(bundle);
  return opened.has("previews.png") ? opened.bytes("previews.png") : null;
}

/** What trained the model of a bundle, as far as it tells. */
export function platformsOf(bundle: string): EnginePlatform[] {
  const told = readPlatform(bundle);
  if (!told) return [];
  const { engine: name, device, threads } = told.place;
  return [{ name, device, threads }];
}

/** The finished training that another one goes on from. */
export interface Parent {
  /** The bundle's digest, by which the runs that come of it know it. */
  digest: string;
  /** Where it lies; null where the spec names only its digest, and no bundle in reach has it. */
  path: string | null;
}

/**
 * The bundle that a spec's training goes on from, named by its path or its digest; null where it
 * begins anew.
 *
 * @param folders where bundles lie, for one that is named by its digest
 * @throws UserError where the path leads to no whole bundle with a model
 */
export function findParent(
  { training: { from } }: Pick<ResolvedSpec, "training">,
  folders: readonly string[],
): Parent | null {
  if (from === null) return null;
  if (!/^[0-9a-f]{64}$/.test(from)) {
    return { digest: trainedDigest(from, "training.from"), path: from };
  }
  const path = folders.flatMap(bundlesIn).find((each) => digestOf(each) === from) ?? null;
  return { digest: path === null ? from : trainedDigest(path, "training.from"), path };
}

/** The bundles in a folder; none where it is missing. */
function bundlesIn(folder: string): string[] {
  try {
    return findBundles([folder]);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** The digest that a bundle's manifest has; null where that cannot be read. */
function digestOf(bundle: string): string | null {
  try {
    return sha256(bundleFiles(bundle).bytes("manifest-sha256.txt"));
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/**
 * The digest of a bundle with a model in it, once its bytes are known to be whole.
 *
 * @param what asks for it, for the message: "training.from"
 * @throws UserError where it is no bundle, is damaged, or has no model
 */
export function trainedDigest(bundle: string, what: string): string {
  if (!exists(bundle)) throw new UserError(`${what}: there is nothing at ${bundle}`);
  const { ok, digest, problems } = verifyBag(bundle);
  if (!ok || digest === null) {
    const first = problems[0];
    throw new UserError(
      `${what}: ${bundle} is no whole bundle (${first?.file}: ${first?.what}); \`deno task verify\` tells all`,
    );
  }
  if (!openBundle(bundle).has(`data/${files.model}`)) {
    throw new UserError(
      `${what}: ${bundle} has no model; take the bundle that it was sampled from`,
    );
  }
  return digest;
}

/**
 * The state with which the training of a spec goes on from a bundle: weights, AdamW's means, and
 * the average, which begins as the weights where the bundle has none. All steps count on, so that
 * training in two parts is training in one.
 *
 * @throws UserError where the spec's network is not the bundle's
 */
export async function readStart(bundle: string, spec: ResolvedSpec): Promise<TrainedModel> {
  const { tensors, losses } = await readTrained(bundle);
  for (const { name, shape } of networkPlan(spec).parameters) {
    const found = tensors.get(`model/${name}`);
    if (found?.shape.join() === shape.join()) {
      if (!tensors.has(`average/${name}`)) tensors.set(`average/${name}`, found);
      continue;
    }
    const is = found ? `is [${found.shape.join(", ")}]` : "is missing";
    throw new UserError(
      `training.from: ${bundle} has another network: ${name} ${is} there, and [${
        shape.join(", ")
      }] in this spec`,
    );
  }
  return { tensors, losses };
}
