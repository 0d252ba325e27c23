/** The digests by which specs, trainings and runs are known: SHA-256 over canonical JSON. */
import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical.ts";
import { type Field, trainedBy } from "./fields.ts";
import type { ResolvedSpec } from "./resolved.ts";
import { pathOf, type Tree, valueAt, withoutExtensions, withValue } from "./tree.ts";

/**
 * The version of the method. It changes when, and only when, a release changes the results of the
 * same spec on purpose; every run's digest changes with it.
 */
export const METHOD_VERSION = 1;

/**
 * Fields that joined after the first form of the spec, with their defaults, at which they do not
 * enter the digest.
 */
const joinedLater: [field: Field, neutral: unknown][] = [["training.previewSampler", "fast"]];

function sha256(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/**
 * The spec without the places of one machine. Images are known by the data digest, a parent by its
 * own digest: both are in the run digest beside that of the spec.
 *
 * @param parent the digest of the bundle that training goes on from, which is named by it
 */
export function withoutPlaces(resolved: ResolvedSpec, parent: string | null = null): ResolvedSpec {
  return {
    ...resolved,
    data: { ...resolved.data, path: null },
    training: { ...resolved.training, from: parent },
  };
}

function digested(resolved: ResolvedSpec): Tree {
  let tree = withoutExtensions(withoutPlaces(resolved)) as Tree;
  for (const [field, neutral] of joinedLater) {
    if (valueAt(tree, pathOf(field)) === neutral) tree = withValue(tree, pathOf(field), undefined);
  }
  return withValue(tree, pathOf("training.from"), undefined);
}

/**
 * The spec digest: SHA-256 of the resolved spec's canonical JSON (RFC 8785) without `x-` fields and
 * without places: where images lie and what the parent is called does not matter; 64 hexadecimal
 * digits.
 */
export function specDigest(resolved: ResolvedSpec): string {
  return sha256(digested(resolved));
}

/**
 * The digest of what the weights depend on beside the images and the parent: specs that differ only
 * in how they find their images, in previews, sampling, evaluation or `x-` fields share it.
 */
export function trainingDigest(resolved: ResolvedSpec): string {
  const tree = digested(resolved);
  const seen = trainedBy.flatMap((field) => {
    const value = valueAt(tree, pathOf(field));
    return value === undefined ? [] : [[field, value] as const];
  });
  return sha256(Object.fromEntries(seen));
}

/**
 * The digest of a run, or of a training: that of its spec, of its data, and the method's version,
 * in one.
 *
 * @param model the digest of the bundle whose model it begins with, where it begins with one
 */
export function runDigest(
  specDigest: string,
  dataDigest: string,
  methodVersion: number = METHOD_VERSION,
  model?: string,
): string {
  return sha256({
    spec: specDigest,
    data: dataDigest,
    method: methodVersion,
    ...(model ? { model } : {}),
  });
}
