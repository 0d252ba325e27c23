/** Networks whose equivariance was measured, grouped by configuration. */
import { confidenceInterval, estimateOf, halfOf, welchHalf } from "./confidence.ts";
import type { EquivarianceScore } from "./equivariance_study.ts";
import type { Figure } from "../tables/table.ts";

/** A network and its scores. */
export interface StudiedNetwork {
  /** Such as `D-2N`. */
  name: string;
  /** The bundle's folder. */
  bundle: string;
  /** The seed of its training. */
  seed: number;
  /** Equal for networks that differ only in their seed. */
  configuration: string;
  /** The digest of its data. */
  data: string;
  scores: EquivarianceScore[];
}

/** The trainings of one configuration, in the order of their seeds, and its label. */
export interface Configuration<Network extends StudiedNetwork = StudiedNetwork> {
  label: string;
  networks: Network[];
}

/**
 * Groups networks by configuration. If two configurations share a name, the bundle of the first
 * training distinguishes them.
 */
export function configurationsOf<Network extends StudiedNetwork>(
  networks: readonly Network[],
): Configuration<Network>[] {
  const configurations = Map.groupBy(networks, ({ configuration }) => configuration);
  return [...configurations.values()].map((some) => {
    const { name, bundle } = some[0]!;
    const isUnique = networks.every((other) => other.name !== name || some.includes(other));
    const label = isUnique ? name : `${name} (${bundle})`;
    return { label, networks: some.toSorted((a, b) => a.seed - b.seed) };
  });
}

/** Independent values of one quantity. */
export interface Sample {
  values: number[];
  /** The source of each: a training's seed, or a seed of the measurement of one training. */
  keys: string[];
  /** The number of trainings. */
  trainings: number;
}

/**
 * Some of a network's scores: their mean for each training if there are several, otherwise for each
 * seed of the only measurement. Null if no training has such a score.
 */
export function sampleOf(
  { networks }: Configuration,
  chosen: (score: EquivarianceScore) => boolean,
): Sample | null {
  const measured = networks.flatMap(({ seed, scores }) => {
    const some = scores.filter(chosen);
    const [first] = some;
    if (!first) return [];
    const values = first.decibels.map((_, i) => mean(some.map(({ decibels }) => decibels[i]!)));
    return [{ seed, values }];
  });
  const [first] = measured;
  if (!first) return null;
  if (networks.length === 1) {
    const keys = first.values.map((_, i) => `${first.seed} ${i}`);
    return { values: first.values, keys, trainings: 1 };
  }
  return {
    values: measured.map(({ values }) => mean(values)),
    keys: measured.map(({ seed }) => String(seed)),
    trainings: measured.length,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean of a sample with its interval. */
export function figureOf({ values, trainings }: Sample): Figure {
  const interval = confidenceInterval(values);
  return { value: interval.mean, half: halfOf(interval), trainings };
}

/**
 * The difference of two samples' means, a - b. Values of the same keys have their data and noise in
 * common, so the interval is that of their differences; with other keys it is Welch's.
 *
 * @returns null if both are infinite
 */
export function differenceFigure(a: Sample, b: Sample): Figure | null {
  const trainings = Math.min(a.trainings, b.trainings);
  const value = mean(a.values) - mean(b.values);
  if (Number.isNaN(value)) return null;
  if (a.keys.join() === b.keys.join()) {
    return figureOf({
      values: a.values.map((one, i) => one - b.values[i]!),
      keys: a.keys,
      trainings,
    });
  }
  const [left, right] = [estimateOf(a.values), estimateOf(b.values)];
  // One training among several has no interval that compares with theirs.
  const half = left && right && (a.trainings > 1) === (b.trainings > 1)
    ? welchHalf(left, right)
    : null;
  return { value, half, trainings };
}
