/** Reads trained models from finished bundles, to reuse them, continue them or sample them. */
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
  /** The loss of each step. */
  losses: number[];
}

/** Reads the training state in a bundle, checking its bytes against the manifests. */
export async function readTrained(bundle: ReadableBundle): Promise<TrainedModel> {
  const opened = typeof bundle === "string" ? openBundle(bundle) : bundle;
  const tensors = new Map<string, TensorData>();
  const load = async (file: string, prefix: string) => {
    for (const [name, tensor] of await opened.tensors(`data/${file}`)) {
      tensors.set(prefix + name, tensor);
    }
  };
  await load(files.model, "model/");
  await load(files.optimizer, "");
  if (opened.has(`data/${files.average}`)) await load(files.average, "average/");
  return { tensors, losses: readLosses(opened).map(({ loss }) => loss) };
}

/** The sheet of previews in a bundle; null if there is none. */
export function readPreviews(bundle: string): Uint8Array | null {
  const opened = openBundle(bundle);
  return opened.has("previews.png") ? opened.bytes("previews.png") : null;
}

/** The platforms that trained a bundle's model, as far as it says. */
export function platformsOf(bundle: string): EnginePlatform[] {
  const platform = readPlatform(bundle);
  if (!platform) return [];
  const { engine: name, device, threads } = platform.place;
  return [{ name, device, threads }];
}

/** A finished training that another one continues from. */
export interface Parent {
  /** The bundle's digest, which the runs that continue from it record. */
  digest: string;
  /** The bundle's folder; null if the spec gives only a digest, and no bundle has it. */
  path: string | null;
}

/**
 * Finds the bundle that a spec's training continues from, given by its path or its digest; null for
 * a new training.
 *
 * @param folders where to look for a bundle given by its digest
 * @throws UserError if the path is not that of an intact bundle with a model
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

/** The bundles in a folder; none if it is missing. */
function bundlesIn(folder: string): string[] {
  try {
    return findBundles([folder]);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** The digest of a bundle's manifest; null if it cannot be read. */
function digestOf(bundle: string): string | null {
  try {
    return sha256(bundleFiles(bundle).bytes("manifest-sha256.txt"));
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/**
 * Verifies a bundle with a model, and returns its digest.
 *
 * @param what where the bundle is named, for error messages: "training.from"
 * @throws UserError if it is not a bundle, is damaged, or has no model
 */
export function trainedDigest(bundle: string, what: string): string {
  if (!exists(bundle)) throw new UserError(`${what}: ${bundle} does not exist`);
  const { ok, digest, problems } = verifyBag(bundle);
  if (!ok || digest === null) {
    const first = problems[0];
    throw new UserError(
      `${what}: ${bundle} is not an intact bundle (${first?.file}: ${first?.what}); ` +
        "`deno task verify` lists all problems",
    );
  }
  if (!openBundle(bundle).has(`data/${files.model}`)) {
    throw new UserError(
      `${what}: ${bundle} has no model; use the bundle that it was sampled from`,
    );
  }
  return digest;
}

/**
 * Reads the state with which a spec's training continues from a bundle: weights, AdamW's means, and
 * the average, which starts as the weights if the bundle has none. Steps are counted on, so that
 * training in two parts equals training in one.
 *
 * @throws UserError if the spec's network differs from the bundle's
 */
export async function readStart(bundle: string, spec: ResolvedSpec): Promise<TrainedModel> {
  const { tensors, losses } = await readTrained(bundle);
  for (const { name, shape } of networkPlan(spec).parameters) {
    const found = tensors.get(`model/${name}`);
    if (found?.shape.join() === shape.join()) {
      if (!tensors.has(`average/${name}`)) tensors.set(`average/${name}`, found);
      continue;
    }
    const there = found ? `is [${found.shape.join(", ")}]` : "is missing";
    throw new UserError(
      `training.from: ${bundle} has a different network: ${name} ${there} there, and ` +
        `[${shape.join(", ")}] in this spec`,
    );
  }
  return { tensors, losses };
}
