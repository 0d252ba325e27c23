/** The comparison as tables for papers, as pieces for pages, and as JSON for programs. */
import { figureParts, type FigureText, figureText, partsText } from "../tables/figure.ts";
import { tableMarkdown } from "../tables/markdown.ts";
import {
  type Figure,
  type Table,
  type TableColumn,
  type TableRow,
  uncertaintyOf,
  uncertaintySentences,
} from "../tables/table.ts";
import type { Score } from "./evaluate.ts";
import {
  type Cell,
  type Column,
  type Comparison,
  metricLabel,
  type Row,
  scoreHalf,
} from "./table.ts";

/** The configurations' scores, and how they differ from A's where there is one. */
export function comparisonTables(comparison: Comparison): Table[] {
  const { rows } = comparison;
  const differing = rows.filter(({ cells }) => cells.some((cell) => cell?.difference));
  const tables = [scoreTable(comparison)];
  if (differing.length > 0) tables.push(differenceTable(comparison, differing));
  return tables;
}

/** The tables in Markdown. */
export function comparisonMarkdown(comparison: Comparison): string {
  return comparisonTables(comparison).map(tableMarkdown).join("\n");
}

function scoreTable({ columns: scored, rows, notes }: Comparison): Table {
  const columns = scored.map(columnOf);
  const cells = rows.flatMap((row) => row.cells.filter((cell) => cell !== null));
  return {
    name: "comparison",
    title: "Scores by configuration.",
    keys: ["configuration"],
    columns,
    rows: rows.map((row) => rowOf(row, columns, scoreFigure)),
    legend: signsOf(cells),
    notes,
  };
}

function differenceTable({ columns: scored }: Comparison, rows: readonly Row[]): Table {
  const columns = scored.map(columnOf);
  return {
    name: "comparison-differences",
    title: "Differences from A with the same settings.",
    keys: ["configuration"],
    columns,
    rows: rows.map((row) => rowOf(row, columns, differenceFigure)),
    isSigned: true,
    legend: [
      "In brackets: in percent of A.",
      "Differences are taken by seed where both have the same seeds; otherwise the interval is Welch's, and n is the smaller of both numbers.",
    ],
    notes: [],
  };
}

function columnOf(column: Column): TableColumn {
  const { dataset, metric, better } = column;
  const { label, times } = metricLabel(column);
  return { group: dataset, heading: label, keys: { dataset, metric, better }, times };
}

function rowOf(
  { name, cells }: Row,
  columns: readonly TableColumn[],
  figureOf: (cell: Cell, column: TableColumn) => Figure | null,
): TableRow {
  return {
    keys: [name],
    figures: columns.map((column, i) => {
      const cell = cells[i];
      return cell ? figureOf(cell, column) : null;
    }),
  };
}

function scoreFigure({ mean, half, seeds, best, paper }: Cell, { times }: TableColumn): Figure {
  return {
    value: mean,
    half,
    trainings: seeds.length,
    isBest: best,
    beside: paper === null ? null : figureText(paper, null, times).value,
    facts: { seeds: seeds.join(" "), best, paper },
  };
}

function differenceFigure({ difference, change, withinNoise }: Cell): Figure | null {
  if (!difference || change === null) return null;
  const { mean, half, trainings } = difference;
  return {
    value: mean,
    half,
    trainings,
    beside: percentText(change),
    facts: { change_percent: change, within_noise: withinNoise },
  };
}

/** "+12.5 %". */
function percentText(change: number): string {
  return `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(1)} %`;
}

/** The content of a cell, in pieces that pages combine. */
export interface CellText {
  /** Mean, half its interval with its mark, and number of seeds: "84.00 ± 9.94 (3)". */
  own: string;
  /** The change from A: "−20.0 %", with ≈ in front if it is within the noise. */
  change: string | null;
  /** The paper's figure. */
  paper: string | null;
}

/** The pieces of a cell. */
export function cellText(cell: Cell, column: Column): CellText {
  const { times } = metricLabel(column);
  const { mean, half, seeds, change, withinNoise, paper } = cell;
  const figure = { value: mean, half, trainings: seeds.length };
  const hasCount = seeds.length > 1;
  return {
    own: partsText(figureParts(figure, { times, isSigned: false, hasCount })),
    change: change === null ? null : `${withinNoise ? "≈ " : ""}${percentText(change)}`,
    paper: paper === null ? null : figureText(paper, null, times).value,
  };
}

/** A score as written, with its label: "FID ↓"; ± is half its 95 % confidence interval. */
export function scoreText(score: Score): FigureText & { label: string } {
  const { label, times } = metricLabel(score);
  return { label, ...figureText(score.value, scoreHalf(score), times) };
}

/** A legend of the signs that occur in a page's table. */
export function comparisonLegend({ rows }: Comparison): string[] {
  const cells = rows.flatMap((row) => row.cells.filter((cell) => cell !== null));
  const uncertainty = uncertaintyOf(
    cells.map(({ mean, half, seeds }) => ({ value: mean, half, trainings: seeds.length })),
  );
  return [
    ...uncertaintySentences(uncertainty),
    ...signsOf(cells),
    ...(cells.some(({ change }) => change !== null) ? ["In percent: the change from A."] : []),
    ...(cells.some(({ withinNoise }) => withinNoise)
      ? ["≈: the difference's interval includes zero."]
      : []),
  ];
}

/** What arrows, bold type and brackets mean, as far as they occur. */
function signsOf(cells: readonly Cell[]): string[] {
  return [
    "↓ lower is better, ↑ higher is better; bold: the best of a column.",
    ...(cells.some(({ paper }) => paper !== null)
      ? ["In brackets: the paper's figure (one run, no error given)."]
      : []),
  ];
}

/** The table as JSON. */
export function comparisonJson(comparison: Comparison): string {
  return JSON.stringify(comparison, null, 2) + "\n";
}
