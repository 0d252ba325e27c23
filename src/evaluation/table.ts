/**
 * The paper's table from scored runs: one row per configuration, one column per dataset and metric,
 * several seeds in one cell, and the paper's own figures next to ours.
 */
import { canonicalJson, type ResolvedSpec, specName } from "../spec/mod.ts";
import { specDifferences } from "../spec/differences.ts";
import { studentQuantile } from "./confidence.ts";
import type { Evaluation, Metric, Score } from "./evaluate.ts";
import paperTable from "./paper_table.csv" with { type: "text" };

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
  seeds: number[];
  /** The standard deviation over the seeds (with n - 1); null for one seed. */
  spread: number | null;
  /**
   * The standard error of the mean: over the seeds if there are several, otherwise due to the
   * choice of the images; null if unknown.
   */
  standardError: number | null;
  /** Whether it is the best in its column. */
  best: boolean;
  /**
   * The change from A with the same settings, in percent; null if there is none, and for A itself.
   */
  change: number | null;
  /**
   * Whether the change's 95 % confidence interval (Welch's) includes zero; null if no error is
   * known.
   */
  withinNoise: boolean | null;
  /** The paper's figure; null if it has none. KID is not multiplied by 100. */
  paper: number | null;
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

/**
 * The paper's figures by `configuration dataset metric`. KID is divided by 100, because the paper
 * multiplies it.
 */
function paperFigures(): Map<string, number> {
  const [header, ...lines] = paperTable.trim().split("\n").map((line) => line.trim().split(","));
  const datasets: Record<string, string> = {
    cifar10: "cifar-10",
    mnistm: "mnist-m",
    mnist: "mnist",
  };
  const figures = new Map<string, number>();
  for (const [name, ...values] of lines) {
    values.forEach((value, i) => {
      const [dataset, metric, times] = header![i + 1]!.split("_") as [
        string,
        string,
        string | undefined,
      ];
      figures.set(`${name} ${datasets[dataset]} ${metric}`, Number(value) / (times ? 100 : 1));
    });
  }
  return figures;
}

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
  const rows = groups.map((group) => ({
    name: rowName(group[0]!, groups),
    runs: group.map(({ path }) => path),
    cells: columns.map((column) => {
      const paperFigure =
        paper.get(`${specName(group[0]!.resolved)} ${column.dataset} ${column.metric}`) ?? null;
      return cellOf(group, column, paperFigure);
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
      cell.change = 100 * (cell.mean - baseCell.mean) / Math.abs(baseCell.mean);
      cell.withinNoise = isWithinNoise(cell, baseCell);
    });
  });
  const again = all.length - runs.length;
  const are = again === 1
    ? "is there more than once and counts once"
    : "are there more than once and count once";
  const notes = again ? [`${again} of ${all.length} runs ${are}.`] : [];
  return { columns, rows, notes: [...notes, ...notesOf(runs, rows)] };
}

/**
 * Whether two figures differ by less than Welch's t-test requires at 95 %. A single run's error
 * comes from many images, so its degrees of freedom are not a limit.
 */
export function isWithinNoise(
  a: Pick<Cell, "mean" | "standardError" | "seeds">,
  b: typeof a,
): boolean | null {
  if (a.standardError === null || b.standardError === null) return null;
  const squares = [a, b].map(({ standardError, seeds }) => ({
    square: standardError! ** 2,
    freedom: seeds.length - 1,
  }));
  const error = squares.reduce((sum, { square }) => sum + square, 0);
  const inverse = squares.reduce(
    (sum, { square, freedom }) => sum + (freedom > 0 ? square ** 2 / freedom : 0),
    0,
  );
  if (error === 0) return a.mean === b.mean;
  return Math.abs(a.mean - b.mean) <= welchQuantile(error ** 2 / inverse) * Math.sqrt(error);
}

/**
 * Student's 97.5 % point for fractional degrees: slightly too large, because it uses a chord over
 * the curve, which is convex in 1 / degrees.
 */
function welchQuantile(degrees: number): number {
  // Above a thousand degrees it equals the normal distribution's to three digits.
  const least = Math.min(1000, Math.max(1, Math.floor(degrees)));
  const below = studentQuantile(0.975, least);
  if (!(degrees < 1000) || degrees <= least) return below;
  return below +
    (studentQuantile(0.975, least + 1) - below) * (1 / least - 1 / degrees) * least * (least + 1);
}

const compareText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

function columnsOf(runs: ScoredRun[]): Column[] {
  const columns = new Map<string, Column>();
  for (const { resolved: { dataset }, evaluation: { scores } } of runs) {
    for (const { metric, better } of scores) {
      columns.set(`${dataset} ${metric}`, { dataset, metric, better });
    }
  }
  const place = (list: string[], word: string) =>
    list.includes(word) ? list.indexOf(word) : list.length;
  const order = ({ dataset, metric }: Column) => [
    place(datasetOrder, dataset),
    dataset,
    Number(metric.startsWith("classifier-")),
    place(metricOrder, metric.replace("classifier-", "")),
  ];
  return [...columns.values()].sort((a, b) => {
    const x = order(a);
    const y = order(b);
    const at = x.findIndex((value, i) => value !== y[i]);
    return at < 0 ? 0 : x[at]! < y[at]! ? -1 : 1;
  });
}

/** The paper's name; if several rows share it, followed by the fields in which they differ. */
function rowName(run: ScoredRun, groups: ScoredRun[][]): string {
  const name = specName(run.resolved);
  const namesakes = groups.map((group) => group[0]!).filter((other) =>
    specName(other.resolved) === name
  );
  const paths = new Set(
    namesakes.flatMap((other) => specDifferences(run.resolved, other.resolved)).map(({ path }) =>
      path
    )
      .filter((path) => !otherFields.includes(path.split(".")[0]!) && !path.includes("x-")),
  );
  const value = (path: string) =>
    path.split(".").reduce<unknown>(
      (tree, key) => (tree as Record<string, unknown> | null)?.[key],
      run.resolved,
    );
  return [name, ...[...paths].map((path) => `${path} ${JSON.stringify(value(path))}`)].join(", ");
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
  if (found.length === 0) return null;
  const values = found.map(({ score }) => score.value);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const spread = values.length > 1
    ? Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1))
    : null;
  const standardError = spread === null
    ? found[0]!.score.standardError
    : spread / Math.sqrt(values.length);
  const seeds = found.map(({ seed }) => seed).sort((a, b) => a - b);
  return {
    mean,
    seeds,
    spread,
    standardError,
    best: false,
    change: null,
    withinNoise: null,
    paper,
  };
}

function markBest(rows: Row[], { better }: Column, c: number) {
  const means = rows.map(({ cells }) => cells[c]?.mean).filter((mean) => mean !== undefined);
  if (means.length < 2) return;
  const best = better === "lower" ? Math.min(...means) : Math.max(...means);
  for (const { cells } of rows) if (cells[c]?.mean === best) cells[c].best = true;
}

function notesOf(runs: ScoredRun[], rows: Row[]): string[] {
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
  if (
    rows.some(({ cells }) =>
      cells.some((cell) => cell && cell.spread === null && cell.standardError !== null)
    )
  ) {
    notes.add(
      "Errors of single runs come from the choice of the images alone; another seed may differ by more.",
    );
  }
  return [...notes];
}

/** A metric's name in the table, and the factor for its figures: 100 for KID, as in the paper. */
export function metricLabel(
  { metric, better }: Pick<Column, "metric" | "better">,
): { label: string; times: number } {
  const times = metric.endsWith("kid") ? 100 : 1;
  const name = metric.startsWith("classifier-") ? metric : (metric as Metric).toUpperCase();
  return {
    label: `${name}${times === 100 ? " x 100" : ""} ${better === "lower" ? "↓" : "↑"}`,
    times,
  };
}
