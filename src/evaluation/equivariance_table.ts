/** Equivariance scores of several networks: a table for people, CSV, and curves over the angle. */
import { confidenceInterval, type Interval } from "./confidence.ts";
import { type Measure, measures } from "./equivariance.ts";
import type { EquivarianceScore } from "./equivariance_study.ts";

/** A network and its scores. */
export interface StudiedNetwork {
  /** `D-2N` and the like. */
  name: string;
  /** The bundle's folder. */
  bundle: string;
  scores: EquivarianceScore[];
}

/**
 * A table: networks down, measures across; of predictions over all noise levels, and of runs (EQ-R over all angles).
 * Scores are averaged for each seed first, so that the interval is over the seeds.
 */
export function summaryTable(networks: StudiedNetwork[]): string {
  const rows = [["", "", ...measures.map((measure) => `${measure} (dB)`)]];
  for (const { name, bundle, scores } of networks) {
    for (const kind of ["prediction", "run"] as const) {
      const cells = measures.map((measure) => averaged(scores, kind, measure));
      if (cells.every((cell) => cell === null)) continue;
      rows.push([
        networks.filter((other) => other.name === name).length > 1 ? `${name} (${bundle})` : name,
        kind,
        ...cells.map((cell) => cell === null ? "-" : figure(cell)),
      ]);
    }
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
  return [...lines, "± is half the 95 % confidence interval over the seeds"].join("\n");
}

function averaged(scores: EquivarianceScore[], of: EquivarianceScore["of"], measure: Measure): Interval | null {
  // A prediction's curve is of chosen angles; its EQ-R is of the ones drawn at random.
  const chosen = scores.filter((score) =>
    score.of === of && score.measure === measure && (of === "run" || score.degrees === null)
  );
  if (chosen.length === 0) return null;
  const seeds = chosen[0]!.decibels.map((_, seed) =>
    chosen.reduce((sum, { decibels }) => sum + decibels[seed]!, 0) / chosen.length
  );
  return confidenceInterval(seeds);
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

/** EQ-R over the angle, a curve a network, averaged over the noise levels. */
export function curvesOf(networks: StudiedNetwork[], of: EquivarianceScore["of"]) {
  return networks.flatMap(({ name, scores }) => {
    const points = scores.filter((score) => score.of === of && score.measure === "EQ-R" && score.degrees !== null);
    const angles = [...new Set(points.map(({ degrees }) => degrees!))].sort((a, b) => a - b);
    if (angles.length === 0) return [];
    const intervals = angles.map((angle) => {
      const at = points.filter(({ degrees }) => degrees === angle);
      return confidenceInterval(
        at[0]!.decibels.map((_, seed) => at.reduce((sum, { decibels }) => sum + decibels[seed]!, 0) / at.length),
      );
    });
    return [{
      name,
      points: angles.map((angle, i): [number, number] => [angle, intervals[i]!.mean]),
      spread: intervals.map(({ low, high }) => low === null || high === null ? 0 : (high - low) / 2),
    }];
  });
}
