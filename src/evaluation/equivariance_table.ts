/** Equivariance scores of several networks: a table for people, CSV, and curves over the angle. */
import { confidenceInterval, type Interval } from "./confidence.ts";
import { measures } from "./equivariance.ts";
import type { EquivarianceScore } from "./equivariance_study.ts";

/** A network and its scores. */
export interface StudiedNetwork {
  /** `D-2N` and the like. */
  name: string;
  /** The bundle's folder. */
  bundle: string;
  /** The same for networks that differ in their seed alone: trainings of one network. */
  kin: string;
  scores: EquivarianceScore[];
}

/** Trainings of one network, and what they are called. */
interface Kin {
  label: string;
  networks: StudiedNetwork[];
}

/** Networks by what they are trainings of; two kin of one name are told apart by the first one's bundle. */
function kinsOf(networks: StudiedNetwork[]): Kin[] {
  const kins = Map.groupBy(networks, ({ kin }) => kin);
  return [...kins.values()].map((some) => {
    const { name, bundle } = some[0]!;
    const alone = networks.every((other) => other.name !== name || some.includes(other));
    const words = [...(alone ? [] : [bundle]), ...(some.length > 1 ? [`${some.length} trainings`] : [])].join(", ");
    return { label: words ? `${name} (${words})` : name, networks: some };
  });
}

/**
 * The mean of some of a network's scores and its interval: over the trainings where there are several, else over the
 * seeds of the one's measurement. Null where no training has such a score.
 */
function averaged({ networks }: Kin, chosen: (score: EquivarianceScore) => boolean): Interval | null {
  const ofTrainings = networks.flatMap(({ scores }) => {
    const some = scores.filter(chosen);
    if (some.length === 0) return [];
    return [some[0]!.decibels.map((_, seed) => mean(some.map(({ decibels }) => decibels[seed]!)))];
  });
  if (ofTrainings.length === 0) return null;
  return confidenceInterval(networks.length > 1 ? ofTrainings.map(mean) : ofTrainings[0]!);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * A table: networks down, measures across; of predictions over all noise levels, and of runs (EQ-R over all angles).
 */
export function summaryTable(networks: StudiedNetwork[]): string {
  const rows = [["", "", ...measures.map((measure) => `${measure} (dB)`)]], kins = kinsOf(networks);
  for (const kin of kins) {
    for (const kind of ["prediction", "run"] as const) {
      // A prediction's curve is of chosen angles; its EQ-R is of the ones drawn at random.
      const cells = measures.map((measure) =>
        averaged(
          kin,
          (score) => score.of === kind && score.measure === measure && (kind === "run" || score.degrees === null),
        )
      );
      if (cells.every((cell) => cell === null)) continue;
      rows.push([kin.label, kind, ...cells.map((cell) => cell === null ? "-" : figure(cell))]);
    }
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
  const over = kins.every((kin) => kin.networks.length === 1)
    ? "the seeds of the measurement; a training has a spread of its own, which trainings with other seeds show"
    : "the trainings, or the seeds of the measurement where there is one training";
  return [...lines, `± is half the 95 % confidence interval over ${over}`].join("\n");
}

function figure({ mean, low, high }: Interval): string {
  return low === null || high === null ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${((high - low) / 2).toFixed(2)}`;
}

/** One row for each score and seed. */
export function scoresCsv(networks: StudiedNetwork[]): string {
  const rows = networks.flatMap(({ name, bundle, scores }) =>
    scores.flatMap(({ of, measure, timestep, degrees, decibels }) =>
      decibels.map((value, seed) => [name, bundle, of, measure, timestep ?? "", degrees ?? "", seed, value].join())
    )
  );
  return ["name,bundle,of,measure,timestep,degrees,seed,decibels", ...rows].join("\n") + "\n";
}

/** EQ-R over the angle, a curve a network, averaged over the noise levels; with half the interval at each point. */
export function curvesOf(networks: StudiedNetwork[], of: EquivarianceScore["of"]) {
  return kinsOf(networks).flatMap((kin) => {
    const angles = new Set(
      kin.networks.flatMap(({ scores }) =>
        scores.filter((score) => score.of === of && score.measure === "EQ-R" && score.degrees !== null)
          .map(({ degrees }) => degrees!)
      ),
    );
    if (angles.size === 0) return [];
    const ordered = [...angles].sort((a, b) => a - b);
    const intervals = ordered.map((angle) =>
      averaged(kin, (score) => score.of === of && score.measure === "EQ-R" && score.degrees === angle)!
    );
    return [{
      name: kin.label,
      points: ordered.map((angle, i): [number, number] => [angle, intervals[i]!.mean]),
      spread: intervals.map(({ low, high }) => low === null || high === null ? 0 : (high - low) / 2),
    }];
  });
}
