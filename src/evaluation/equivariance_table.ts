/** Equivariance scores of several networks: a table for people, CSV, and curves by angle. */
import { inColumns } from "../formats/columns.ts";
import { csvText } from "../formats/csv.ts";
import { confidenceInterval, type Interval } from "./confidence.ts";
import { type Measure, measures } from "./equivariance.ts";
import type { EquivarianceScore } from "./equivariance_study.ts";

/** A network and its scores. */
export interface StudiedNetwork {
  /** Such as `D-2N`. */
  name: string;
  /** The bundle's folder. */
  bundle: string;
  /** The same for networks that differ only in their seed: trainings of one network. */
  kin: string;
  scores: EquivarianceScore[];
}

/** Trainings of one network, and their name. */
interface Kin {
  label: string;
  networks: StudiedNetwork[];
}

/**
 * Groups networks that are trainings of the same one; if two groups share a name, the bundle of the
 * first training distinguishes them.
 */
function kinsOf(networks: StudiedNetwork[]): Kin[] {
  const kins = Map.groupBy(networks, ({ kin }) => kin);
  return [...kins.values()].map((some) => {
    const { name, bundle } = some[0]!;
    const alone = networks.every((other) => other.name !== name || some.includes(other));
    const words = [
      ...(alone ? [] : [bundle]),
      ...(some.length > 1 ? [`${some.length} trainings`] : []),
    ].join(", ");
    return { label: words ? `${name} (${words})` : name, networks: some };
  });
}

/**
 * Means of some of a network's scores: one per training if there are several, otherwise one per
 * seed of the only measurement. Null if no training has such a score.
 */
function means({ networks }: Kin, chosen: (score: EquivarianceScore) => boolean): number[] | null {
  const ofTrainings = networks.flatMap(({ scores }) => {
    const some = scores.filter(chosen);
    if (some.length === 0) return [];
    return [some[0]!.decibels.map((_, seed) => mean(some.map(({ decibels }) => decibels[seed]!)))];
  });
  if (ofTrainings.length === 0) return null;
  return networks.length > 1 ? ofTrainings.map(mean) : ofTrainings[0]!;
}

/** The scores that the table averages: predictions over all noise levels, runs over all angles. */
function tabled(
  of: EquivarianceScore["of"],
  measure: Measure,
): (score: EquivarianceScore) => boolean {
  // A prediction's curve has chosen angles; its EQ-R uses random ones.
  return (score) =>
    score.of === of && score.measure === measure && (of === "run" || score.degrees === null);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * A table with one row per network and one column per measure: predictions over all noise levels,
 * and runs (EQ-R over all angles). For several networks, the lower part shows how much each differs
 * from the first, paired by seed. A seed gives every network the same images, noise and
 * transformations, so these intervals are narrower than those of the scores.
 */
export function summaryTable(networks: StudiedNetwork[]): string {
  const kins = kinsOf(networks);
  const [first, ...others] = kins;
  const rows = (
    some: Kin[],
    cell: (kin: Kin, of: EquivarianceScore["of"], measure: Measure) => string,
  ) =>
    some.flatMap((kin) =>
      (["prediction", "run"] as const).map((
        of,
      ) => [kin.label, of, ...measures.map((measure) => cell(kin, of, measure))])
    ).filter((row) => row.slice(2).some((cell) => cell !== "-"));
  const scores = rows(kins, (kin, of, measure) => {
    const values = means(kin, tabled(of, measure));
    return values ? figure(confidenceInterval(values)) : "-";
  });
  const differences = rows(others, (kin, of, measure) => {
    const values = means(kin, tabled(of, measure));
    const reference = means(first!, tabled(of, measure));
    if (!values || !reference || values.length !== reference.length) return "-";
    const interval = confidenceInterval(values.map((value, i) => value - reference[i]!));
    return Number.isNaN(interval.mean) ? "-" : `${interval.mean > 0 ? "+" : ""}${figure(interval)}`;
  });
  const head = (words: string) => [words, "", ...measures.map((measure) => `${measure} (dB)`)];
  const over = kins.every((kin) => kin.networks.length === 1)
    ? "the seeds of the measurement; a training has a spread of its own, which trainings with other seeds show"
    : "the trainings, or the seeds of the measurement where there is one training";
  return [
    ...inColumns([head(""), ...scores]),
    ...(differences.length
      ? ["", ...inColumns([head(`less ${first!.label}`), ...differences])]
      : []),
    `± is half the 95 % confidence interval over ${over}`,
  ].join("\n");
}

function figure({ mean, low, high }: Interval): string {
  return low === null || high === null
    ? mean.toFixed(2)
    : `${mean.toFixed(2)} ± ${((high - low) / 2).toFixed(2)}`;
}

/** One row per score and seed. */
export function scoresCsv(networks: StudiedNetwork[]): string {
  const rows = networks.flatMap(({ name, bundle, scores }) =>
    scores.flatMap(({ of, measure, timestep, degrees, decibels }) =>
      decibels.map((value, seed) => [name, bundle, of, measure, timestep, degrees, seed, value])
    )
  );
  const head = ["name", "bundle", "of", "measure", "timestep", "degrees", "seed", "decibels"];
  return csvText([head, ...rows]);
}

/**
 * EQ-R by angle, averaged over the noise levels: one curve per network, with half the interval at
 * each point. There is a gap at 0 degrees, where nothing rotates and the decibels are unbounded.
 */
export function curvesOf(networks: StudiedNetwork[], of: EquivarianceScore["of"]) {
  return kinsOf(networks).flatMap((kin) => {
    const angles = new Set(
      kin.networks.flatMap(({ scores }) =>
        scores.filter((score) =>
          score.of === of && score.measure === "EQ-R" && score.degrees !== null
        )
          .map(({ degrees }) => degrees!)
      ),
    );
    if (angles.size === 0) return [];
    const ordered = [...angles].sort((a, b) => a - b);
    const intervals = ordered.map((angle) =>
      confidenceInterval(
        means(kin, (score) =>
          score.of === of && score.measure === "EQ-R" && score.degrees === angle)!,
      )
    );
    const points = ordered.map((angle, i): [number, number | null] => [angle, intervals[i]!.mean]);
    const spread = intervals.map(({ low, high }) =>
      low === null || high === null ? 0 : (high - low) / 2
    );
    const positive = ordered.findIndex((angle) => angle > 0);
    if (positive > 0) {
      points.splice(positive, 0, [0, null]);
      spread.splice(positive, 0, 0);
    }
    return [{ name: kin.label, points, spread }];
  });
}
