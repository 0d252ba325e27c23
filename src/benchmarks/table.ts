/** The benchmark's figures as Markdown tables. */
import { markdownTable } from "../formats/markdown.ts";

/** Images per second, and images per second of CPU time. */
export interface Rate {
  readonly wall: number;
  readonly cpu: number;
}

/** One process's figures for one variant. */
export interface Speed {
  /** By what was timed: `train`, `forward`; `ancestral`, `turned`, `ddim`. */
  readonly images: Readonly<Record<string, Rate>>;
  /** Peak memory of training; null if unknown. */
  readonly peakBytes?: number | null;
  /** The engine's description. */
  readonly engine?: string;
}

/**
 * What is timed: this project, also in float32 if another precision was requested, and PyTorch
 * without and with torch.compile.
 */
export type Runner = "ours" | "float32" | "eager" | "compile";

/** The figures of one variant: one per runner and round, none for a runner that did not run. */
export interface Row {
  readonly variant: string;
  readonly speeds: Readonly<Record<Runner, readonly Speed[]>>;
}

type Of = "wall" | "cpu";

/** A column: its title and the cell of a row. */
type Column = [title: string, cell: (row: Row) => string];

/**
 * Training and forward pass: best (median) of the rounds. The ratios are those of the bests; an x
 * marks a missed goal.
 */
export function speedTable(rows: readonly Row[], precision: string, of: Of): string {
  const columns: Column[] = precision === "float32"
    ? [
      ["training: ours", rate("ours", "train", of)],
      ["eager", rate("eager", "train", of)],
      ["compile", rate("compile", "train", of)],
      ["ours/eager (goal 2.5)", ratio("eager", "train", of, 2.5)],
      ["ours/compile (goal 2.2)", ratio("compile", "train", of, 2.2)],
      ["forward: ours", rate("ours", "forward", of)],
      ["eager", rate("eager", "forward", of)],
      ["compile", rate("compile", "forward", of)],
      ["ours/compile (goal 1.2)", ratio("compile", "forward", of, 1.2)],
      ["peak memory (goal 3 GB)", memory("ours", 3e9)],
    ]
    : [
      ["training: ours", rate("ours", "train", of)],
      ["ours in float32", rate("float32", "train", of)],
      ["autocast, eager", rate("eager", "train", of)],
      ["autocast, compile", rate("compile", "train", of)],
      ["ours/float32 (goal 1.6)", ratio("float32", "train", of, 1.6)],
      ["ours/eager (goal 2.4)", ratio("eager", "train", of, 2.4)],
      ["forward: ours", rate("ours", "forward", of)],
      ["ours in float32", rate("float32", "forward", of)],
      ["autocast, eager", rate("eager", "forward", of)],
      ["ours/float32 (goal 1.5)", ratio("float32", "forward", of, 1.5)],
      ["peak memory", memory("ours", Infinity)],
      ["in float32", memory("float32", Infinity)],
    ];
  return tableOf(rows, columns);
}

/** Sampling: images per second, extrapolated from the timed steps. */
export function samplingTable(rows: readonly Row[], of: Of): string {
  const ways = [
    ["ancestral", "ancestral, 999 steps"],
    ["turned", "the same, turned"],
    ["ddim", "DDIM, 50 steps"],
  ] as const;
  return tableOf(
    rows,
    ways.flatMap(([way, title]): Column[] => [
      [`${title}: ours`, rate("ours", way, of, 3)],
      ["eager", rate("eager", way, of, 3)],
      ["ours/eager (goal 2)", ratio("eager", way, of, 2)],
    ]),
  );
}

function tableOf(rows: readonly Row[], columns: Column[]): string {
  return markdownTable(
    ["variant", ...columns.map(([title]) => title)],
    rows.map((row) => [row.variant, ...columns.map(([_, cell]) => cell(row))]),
  ).toString();
}

function rates({ speeds }: Row, runner: Runner, what: string, of: Of): number[] {
  return speeds[runner].flatMap(({ images }) => images[what] ? [images[what][of]] : []);
}

/** The median; for an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

function rate(runner: Runner, what: string, of: Of, digits = 1): Column[1] {
  return (row) => {
    const found = rates(row, runner, what, of);
    if (found.length === 0) return "-";
    return `${Math.max(...found).toFixed(digits)} (${median(found).toFixed(digits)})`;
  };
}

function ratio(other: Runner, what: string, of: Of, goal: number): Column[1] {
  return (row) => {
    const [ours, theirs] = [rates(row, "ours", what, of), rates(row, other, what, of)];
    if (ours.length === 0 || theirs.length === 0) return "-";
    const value = Math.max(...ours) / Math.max(...theirs);
    return value.toFixed(2) + (value < goal ? " x" : "");
  };
}

function memory(runner: Runner, goal: number): Column[1] {
  return ({ speeds }) => {
    const peaks = speeds[runner].flatMap(({ peakBytes }) => peakBytes ? [peakBytes] : []);
    if (peaks.length === 0) return "-";
    const peak = Math.max(...peaks);
    return `${(peak / 1e9).toFixed(2)} GB${peak > goal ? " x" : ""}`;
  };
}
