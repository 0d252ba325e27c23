/** The bundles whose equivariance is measured: their specs, names and quality. */
import { basename } from "@std/path";
import { type CheckedBundle, openBundle } from "../bundle/open.ts";
import {
  drawingWeights,
  findBundles,
  readBundleDigests,
  readLosses,
  readMetrics,
  readSpecWithImages,
} from "../bundle/read.ts";
import { type Better, lossAtEnd, type Quality, type QualityName } from "../evaluation/frontier.ts";
import { scoreHalf } from "../evaluation/table.ts";
import { UserError } from "../messages/errors.ts";
import { canonicalJson } from "../spec/canonical.ts";
import { distinctNames } from "../spec/distinct.ts";
import { parseSpec, type ResolvedSpec, resolveSpec, specDigest } from "../spec/mod.ts";

/** A bundle to measure. */
export interface StudiedBundle {
  bundle: CheckedBundle;
  /** Its file with the weights that drew its samples. */
  weights: string;
  /** With the overrides. */
  spec: ResolvedSpec;
  /** What the tables call its network. */
  name: string;
  /** The folder's name. */
  folder: string;
  /** The same for networks that differ only in their seed. */
  configuration: string;
  /** The digest of its data. */
  data: string;
}

/**
 * The bundles with a model that paths stand for.
 *
 * @throws UserError if there is none
 */
export function studiedBundles(paths: string[], overrides: string[]): StudiedBundle[] {
  // Folders may also contain bundles of `sample`, which have no model.
  const found = findBundles(paths).map((path) => openBundle(path)).flatMap((bundle) => {
    const weights = drawingWeights(bundle);
    if (weights === null) return [];
    const written = JSON.stringify(readSpecWithImages(bundle));
    return [{ bundle, weights, spec: resolveSpec(parseSpec(written), overrides) }];
  });
  if (found.length === 0) {
    throw new UserError(
      `${paths.join(", ")}: has no model; name the bundle that it was sampled from`,
    );
  }
  const names = distinctNames(found.map(({ spec }) => spec), ["seed", "data.path"]);
  return found.map(({ bundle, weights, spec }, i) => {
    const { data } = readBundleDigests(bundle);
    const configuration = `${specDigest({ ...spec, seed: 0 })} ${data}`;
    return {
      bundle,
      weights,
      spec,
      name: names[i]!,
      folder: basename(bundle.path),
      configuration,
      data,
    };
  });
}

/** Bundles' qualities by one name. */
export interface Qualities {
  name: QualityName;
  better: Better;
  /** By bundle; those without this quality are missing. */
  of: ReadonlyMap<StudiedBundle, Quality>;
}

/**
 * The quality of bundles: the loss at the end of the training, or a score of the samples.
 *
 * @param name `loss`, or a metric such as `classifier-fid`
 * @throws UserError if no bundle has it, or they do not compare: losses with other data or noise,
 *   scores by other networks
 */
export function readQualities(bundles: readonly StudiedBundle[], name: string): Qualities {
  const found = bundles.flatMap((bundle) => {
    const quality = name === "loss" ? lossOf(bundle) : scoreOf(bundle, name);
    return quality ? [{ bundle, ...quality }] : [];
  });
  const [first] = found;
  if (!first) throw new UserError(missingText(bundles, name));
  if (found.some(({ conditions }) => conditions !== first.conditions)) {
    const why = name === "loss"
      ? "they were trained on other data, or with other noise"
      : "they were computed on other data, or by other networks";
    throw new UserError(
      `${name}: these bundles do not compare, because ${why}. Name those of one kind`,
    );
  }
  const of = new Map(found.map(({ bundle, quality }) => [bundle, quality]));
  return { name: first.name, better: first.better, of };
}

/** A quality, and what must be the same for two to compare. */
interface Found {
  name: QualityName;
  better: Better;
  quality: Quality;
  conditions: string;
}

function lossOf({ bundle, spec, data }: StudiedBundle): Found | null {
  const value = lossAtEnd(readLosses(bundle));
  if (value === null) return null;
  const conditions = `${data} ${canonicalJson(spec.noise)}`;
  return { name: "loss", better: "lower", quality: { value, half: null }, conditions };
}

function scoreOf({ bundle }: StudiedBundle, name: string): Found | null {
  const metrics = readMetrics(bundle);
  const score = metrics?.scores.find(({ metric }) => metric === name);
  if (!metrics || !score) return null;
  const quality = { value: score.value, half: scoreHalf(score) };
  const conditions = `${metrics.reference.digest} ${metrics.extractor?.digest}`;
  return { name: score.metric, better: score.better, quality, conditions };
}

function missingText(bundles: readonly StudiedBundle[], name: string): string {
  const scores = bundles.flatMap(({ bundle }) => readMetrics(bundle)?.scores ?? []);
  const known = ["loss", ...new Set(scores.map(({ metric }) => metric))];
  return `--quality ${name}: no bundle here has it (known: ${known.join(", ")})`;
}
