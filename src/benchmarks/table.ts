/** The benchmark's figures as a Markdown table. */
import { markdownTable } from "../formats/markdown.ts";

/** One process's figures for one variant, in images a second. */
export interface Speed {
  readonly train: number;
  readonly forward: number;
  /** The most memory that the process had while it trained; null where unknown. */
  readonly peakBytes?: number | null;
}

/** Who is timed: this project, and the PyTorch peer without and with torch.compile. */
export type Runner = "ours" | "eager" | "compile";

/**
 * The figures of one variant, one of each runner for each round; a runner that did not run has
 * none.
 */
export interface Row {
  readonly variant: string;
  readonly speeds: Readonly<Record<Runner, readonly Speed[]>>;
}

const columns = [
  "variant",
  "training: ours",
  "eager",
  "compile",
  "ours/eager (goal 2.5)",
  "ours/compile (goal 2.2)",
  "forward: ours",
  "eager",
  "compile",
  "ours/compile (goal 1.2)",
  "peak memory (goal 3 GB)",
];

/**
 * Images a second, best (median) of the rounds; the ratios are of the bests, and a goal missed is
 * marked by an x.
 */
export function speedTable(rows: readonly Row[]): string {
  const body = rows.map(({ variant, speeds: { ours, eager, compile } }) => [
    variant,
    ...[ours, eager, compile].map((speeds) => rate(speeds, "train")),
    ratio(ours, eager, "train", 2.5),
    ratio(ours, compile, "train", 2.2),
    ...[ours, eager, compile].map((speeds) => rate(speeds, "forward")),
    ratio(ours, compile, "forward", 1.2),
    memory(ours),
  ]);
  return markdownTable(columns, body).toString();
}

function best(speeds: readonly Speed[], what: "train" | "forward"): number {
  return Math.max(...speeds.map((speed) => speed[what]));
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

function rate(speeds: readonly Speed[], what: "train" | "forward"): string {
  if (speeds.length === 0) return "-";
  return `${best(speeds, what).toFixed(1)} (${
    median(speeds.map((speed) => speed[what])).toFixed(1)
  })`;
}

function ratio(
  ours: readonly Speed[],
  theirs: readonly Speed[],
  what: "train" | "forward",
  goal: number,
): string {
  if (ours.length === 0 || theirs.length === 0) return "-";
  const value = best(ours, what) / best(theirs, what);
  return value.toFixed(2) + (value < goal ? " x" : "");
}

function memory(ours: readonly Speed[]): string {
  const peaks = ours.flatMap(({ peakBytes }) => peakBytes ? [peakBytes] : []);
  if (peaks.length === 0) return "-";
  const gigabytes = Math.max(...peaks) / 1e9;
  return `${gigabytes.toFixed(2)} GB${gigabytes > 3 ? " x" : ""}`;
}
