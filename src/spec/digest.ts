/** The digests by which specs, trainings and runs are known: SHA-256 over canonical JSON. */
import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical.ts";
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
const joinedLater: [path: string, neutral: unknown][] = [["training.from", null]];

function sha256(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

function digested(resolved: ResolvedSpec): Tree {
  let tree = withoutExtensions(resolved) as Tree;
  for (const [path, neutral] of joinedLater) {
    if (valueAt(tree, pathOf(path)) === neutral) tree = withValue(tree, pathOf(path), undefined);
  }
  return tree;
}

/**
 * The spec digest: SHA-256 of the resolved spec's canonical JSON (RFC 8785) without `x-` fields; 64
 * hexadecimal digits.
 */
export function specDigest(resolved: ResolvedSpec): string {
  return sha256(digested(resolved));
}

/**
 * The digest of the part that training sees: specs that differ only in sampling, evaluation or `x-`
 * fields share it.
 */
export function trainingDigest(resolved: ResolvedSpec): string {
  const { sampling: _sampling, evaluation: _evaluation, ...seen } = digested(resolved);
  return sha256(seen);
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
