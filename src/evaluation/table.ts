/**
 * The paper's table from scored runs: one row per configuration, one column per dataset and metric,
 * several seeds in one cell, and the paper's own figures next to ours.
 */
import { canonicalJson, type ResolvedSpec, specName } from "../spec/mod.ts";
import { distinctNames } from "../spec/distinct.ts";
import { confidenceInterval, estimateOf, halfInterval, halfOf, welchHalf } from "./confidence.ts";
import type { Evaluation, Score } from "./evaluate.ts";
import { paperFigures } from "./paper_figures.ts";

/** A run whose samples were scored. */
export interface ScoredRun {
  /** Its path, for people. */
  path: string;
  resolved: ResolvedSpec;
  evaluation: Evaluation;
}

/** A column: one metric on one dataset. */
export interface Column {
  dataset: string;
  metric: Score["metric"];
  better: "lower" | "higher";
}

/** The result of one configuration in one column. */
export interface Cell {
  /** The mean over the seeds; KID is not multiplied by 100. */
  mean: number;
  /** In ascending order. */
  seeds: number[];
  /** One per seed. */
  values: number[];
  /** The standard deviation over the seeds (with n - 1); null for one seed. */
  spread: number | null;
  /**
   * The standard error of the mean: over the seeds if there are several, otherwise due to the
   * choice of the images; null if unknown.
   */
  standardError: number | null;
  /** Half the 95 % confidence interval that this standard error stands for. */
  half: number | null;
  /** Whether it is the best in its column. */
  best: boolean;
  /**
   * The change from A with the same settings, in percent; null if there is none, and for A itself.
   */
  change: number | null;
  /** The same change as a difference, with its interval. */
  difference: CellDifference | null;
  /** Whether the difference's interval includes zero; null if no error is known. */
  withinNoise: boolean | null;
  /** The paper's figure; null if it has none. KID is not multiplied by 100. */
  paper: number | null;
}

/** How a cell differs from A's. */
export interface CellDifference {
  mean: number;
  /**
   * Half the 95 % confidence interval: of the differences by seed if both have the same seeds,
   * which give them the same data and noise, and otherwise Welch's. Null if no error is known.
   */
  half: number | null;
  /** The trainings on the side that has fewer. */
  trainings: number;
}

/** A configuration. */
export interface Row {
  /** The paper's name, with what distinguishes it from others of the same name. */
  name: string;
  /** The paths of its runs. */
  runs: string[];
  /** One per column; null if there is no score. */
  cells: (Cell | null)[];
}

/** The table. */
export interface Comparison {
  columns: Column[];
  rows: Row[];
  /** Notes that must accompany it. */
  notes: string[];
}

const datasetOrder = ["cifar-10", "mnist-m", "mnist"];
const metricOrder = ["is", "fid", "kid"];
const architectureFields = [
  "architecture",
  "kaiserBeta",
  "normalized",
  "normInside",
  "kernelSize",
  "gain",
  "cutoff",
  "filter",
  "padding",
  "position",
];
/**
 * Fields that do not make another configuration: the seed, and those that come with the dataset.
 */
const otherFields = ["seed", "dataset", "data", "channels", "classes"];

const without = (resolved: ResolvedSpec, fields: string[]) =>
  Object.fromEntries(
    Object.entries(resolved).filter(([key]) => !fields.includes(key) && !key.startsWith("x-")),
  );
const configurationOf = (run: ScoredRun) => canonicalJson(without(run.resolved, otherFields));
const settingsOf = (run: ScoredRun) =>
  canonicalJson(without(run.resolved, [...otherFields, ...architectureFields]));

/** Makes the table from scored runs. */
export function compareRuns(all: ScoredRun[]): Comparison {
  // The same run in two folders counts once; otherwise its spread would be zero.
  const identity = ({ resolved, evaluation }: ScoredRun) =>
    canonicalJson(without(resolved, [])) + evaluation.reference.digest +
    evaluation.extractor?.digest;
  const runs = [...Map.groupBy(all, identity).values()].map((same) => same[0]!);
  const paper = paperFigures();
  const paperNames = [...paper.keys()].map((key) => key.split(" ")[0]!);
  const columns = columnsOf(runs);
  const groups = [...Map.groupBy(runs, configurationOf).values()];
  const rank = (group: ScoredRun[]) => {
    const at = paperNames.indexOf(specName(group[0]!.resolved));
    return at < 0 ? Infinity : at;
  };
  groups.sort((a, b) => {
    const x = rank(a);
    const y = rank(b);
    return x === y ? compareText(specName(a[0]!.resolved), specName(b[0]!.resolved)) : x - y;
  });
  const names = distinctNames(groups.map((group) => group[0]!.resolved), otherFields);
  const rows = groups.map((group, r) => ({
    name: names[r]!,
    runs: group.map(({ path }) => path),
    cells: columns.map((column) => {
      const { resolved } = group[0]!;
      const key = `${specName(resolved)} ${column.dataset} ${column.metric}`;
      return cellOf(group, column, isPublished(resolved) ? paper.get(key) ?? null : null);
    }),
  }));
  columns.forEach((column, c) => {
    markBest(rows, column, c);
    groups.forEach((group, r) => {
      const base = groups.findIndex((other) =>
        other[0]!.resolved.architecture === "A" && settingsOf(other[0]!) === settingsOf(group[0]!)
      );
      const cell = rows[r]!.cells[c];
      const baseCell = rows[base]?.cells[c];
      if (!cell || !baseCell || cell === baseCell) return;
      cell.difference = differenceOf(cell, baseCell);
      const { mean, half } = cell.difference;
      cell.change = 100 * mean / Math.abs(baseCell.mean);
      cell.withinNoise = half === null ? null : Math.abs(mean) <= half;
    });
  });
  const again = all.length - runs.length;
  const are = again === 1
    ? "is there more than once and counts once"
    : "are there more than once and count once";
  const notes = again ? [`${again} of ${all.length} runs ${are}.`] : [];
  return { columns, rows, notes: [...notes, ...notesOf(runs)] };
}

/** A figure with the error of its mean. */
export type Measured = Pick<Cell, "mean" | "standardError" | "seeds">;

/**
 * Half the 95 % confidence interval of the difference of two figures, by Welch. A single run's
 * error comes from many images, so its degrees of freedom are not a limit.
 */
function independentHalf(a: Measured, b: Measured): number | null {
  const error = ({ standardError, seeds }: Measured) =>
    standardError === null
      ? null
      : { standardError, degrees: seeds.length > 1 ? seeds.length - 1 : Infinity };
  const [left, right] = [error(a), error(b)];
  return left && right ? welchHalf(left, right) : null;
}

/**
 * Whether two figures differ by less than Welch's t-test requires at 95 %; null if no error is
 * known.
 */
export function isWithinNoise(a: Measured, b: Measured): boolean | null {
  const half = independentHalf(a, b);
  return half === null ? null : Math.abs(a.mean - b.mean) <= half;
}

function differenceOf(cell: Cell, base: Cell): CellDifference {
  const trainings = Math.min(cell.seeds.length, base.seeds.length);
  const mean = cell.mean - base.mean;
  const isPaired = trainings > 1 && cell.seeds.join() === base.seeds.join();
  if (!isPaired) return { mean, half: independentHalf(cell, base), trainings };
  const differences = cell.values.map((value, i) => value - base.values[i]!);
  return { mean, half: halfOf(confidenceInterval(differences)), trainings };
}

/** Whether a configuration's filter is the paper's, as far as its name does not tell. */
function isPublished({ kernelSize, gain, cutoff }: ResolvedSpec): boolean {
  const quarter = Math.PI / 2;
  return (kernelSize ?? 3) === 3 && (gain ?? 1) === 1 &&
    (cutoff === null || (cutoff.down === quarter && cutoff.up === quarter));
}

const compareText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

function columnsOf(runs: ScoredRun[]): Column[] {
  const columns = new Map<string, Column>();
  for (const { resolved: { dataset }, evaluation: { scores } } of runs) {
    for (const { metric, better } of scores) {
      columns.set(`${dataset} ${metric}`, { dataset, metric, better });
    }
  }
  const rankIn = (list: string[], word: string) =>
    list.includes(word) ? list.indexOf(word) : list.length;
  const order = ({ dataset, metric }: Column) => [
    rankIn(datasetOrder, dataset),
    dataset,
    Number(metric.startsWith("classifier-")),
    rankIn(metricOrder, metric.replace("classifier-", "")),
  ];
  return [...columns.values()].sort((a, b) => {
    const x = order(a);
    const y = order(b);
    const at = x.findIndex((value, i) => value !== y[i]);
    return at < 0 ? 0 : x[at]! < y[at]! ? -1 : 1;
  });
}

function cellOf(
  group: ScoredRun[],
  { dataset, metric }: Column,
  paper: number | null,
): Cell | null {
  const found = group.filter(({ resolved }) => resolved.dataset === dataset).flatMap((
    { resolved, evaluation },
  ) =>
    evaluation.scores.filter((score) => score.metric === metric).map((score) => ({
      seed: resolved.seed,
      score,
    }))
  );
  const [first] = found;
  if (!first) return null;
  found.sort((a, b) => a.seed - b.seed);
  const values = found.map(({ score }) => score.value);
  const estimate = estimateOf(values);
  return {
    mean: values.reduce((a, b) => a + b) / values.length,
    seeds: found.map(({ seed }) => seed),
    values,
    spread: estimate && estimate.standardDeviation,
    standardError: estimate ? estimate.standardError : first.score.standardError,
    half: estimate
      ? halfInterval(estimate.standardError, estimate.degrees)
      : scoreHalf(first.score),
    best: false,
    change: null,
    difference: null,
    withinNoise: null,
    paper,
  };
}

/**
 * Half the 95 % confidence interval of a single run's score, due to the choice of the images; null
 * if it is unknown.
 */
export function scoreHalf({ standardError, splits }: Score): number | null {
  if (standardError === null) return null;
  return halfInterval(standardError, splits === undefined ? Infinity : splits - 1);
}

function markBest(rows: Row[], { better }: Column, c: number) {
  const means = rows.map(({ cells }) => cells[c]?.mean).filter((mean) => mean !== undefined);
  if (means.length < 2) return;
  const best = better === "lower" ? Math.min(...means) : Math.max(...means);
  for (const { cells } of rows) if (cells[c]?.mean === best) cells[c].best = true;
}

function notesOf(runs: ScoredRun[]): string[] {
  const notes = new Set(runs.flatMap(({ evaluation }) => evaluation.notes));
  for (const [dataset, of] of Map.groupBy(runs, ({ resolved }) => resolved.dataset)) {
    const networks = new Set(
      of.map(({ evaluation }) => evaluation.extractor?.digest).filter(Boolean),
    );
    if (networks.size > 1) {
      notes.add(
        `The scores of ${dataset} come from ${networks.size} different networks and do not compare.`,
      );
    }
    const data = new Set(of.map(({ evaluation }) => evaluation.reference.digest));
    if (data.size > 1) {
      notes.add(`The runs on ${dataset} had ${data.size} different sets of images.`);
    }
    const counts = new Set(of.map(({ evaluation }) => evaluation.generated.count));
    if (counts.size > 1) {
      notes.add(
        `The runs on ${dataset} scored different numbers of images (${[...counts].join(", ")}).`,
      );
    }
  }
  return [...notes];
}

/** A metric's name in the table, and the factor for its figures: 100 for KID, as in the paper. */
export function metricLabel(
  { metric, better }: Pick<Column, "metric" | "better">,
): { label: string; times: number } {
  const times = metric.endsWith("kid") ? 100 : 1;
  const [, extractor = "", name = metric] = /^(classifier)-(.*)$/.exec(metric) ?? [];
  const words = [...(extractor ? [extractor] : []), name.toUpperCase()];
  return {
    label: `${words.join(" ")}${times === 100 ? " × 100" : ""} ${better === "lower" ? "↓" : "↑"}`,
    times,
  };
}
