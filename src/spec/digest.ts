/** The digests that identify specs, trainings and runs: SHA-256 over canonical JSON. */
import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical.ts";
import { type Field, trainedBy } from "./fields.ts";
import type { ResolvedSpec } from "./resolved.ts";
import { pathOf, type Tree, valueAt, withoutExtensions, withValue } from "./tree.ts";

/**
 * The version of the method. Raise it when, and only when, a release changes the results of the
 * same spec on purpose. It changes the digest of every run.
 */
export const METHOD_VERSION = 1;

/**
 * Fields added after the first version of the spec, with their defaults. At its default, such a
 * field stays out of the digest.
 */
const laterFields: [field: Field, neutral: unknown][] = [["training.previewSampler", "fast"]];

function sha256(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/**
 * The spec without paths on one machine. The data digest identifies the images and the parent's own
 * digest the parent; the run digest covers both, next to the spec's digest.
 *
 * @param parent the digest of the bundle that training continues from, which replaces its path
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
  for (const [field, neutral] of laterFields) {
    if (valueAt(tree, pathOf(field)) === neutral) tree = withValue(tree, pathOf(field), undefined);
  }
  return withValue(tree, pathOf("training.from"), undefined);
}

/**
 * The spec digest: SHA-256 of the resolved spec's canonical JSON (RFC 8785), in 64 hexadecimal
 * digits. It leaves out `x-` fields, the location of the images and the name of the parent.
 */
export function specDigest(resolved: ResolvedSpec): string {
  return sha256(digested(resolved));
}

/**
 * The digest of everything the weights depend on, apart from the images and the parent. Specs share
 * it if they differ only in how they find their images, in previews, sampling, evaluation or `x-`
 * fields.
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
 * The digest of a run or of a training: it combines the digests of its spec and its data with the
 * method version.
 *
 * @param model the digest of the bundle whose model it starts with, if any
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
