/** The comparison table as Markdown for people, CSV for spreadsheets, and JSON for programs. */
import { type CsvField, csvText } from "../formats/csv.ts";
import {
  joined,
  type MarkdownFilling,
  markdownTable,
  md,
  trustedMarkdown,
} from "../formats/markdown.ts";
import type { Score } from "./evaluate.ts";
import { type Cell, type Column, type Comparison, metricLabel } from "./table.ts";

/** The table in Markdown, with its notes and a legend of its signs. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { columns, rows, notes } = comparison;
  const table = markdownTable(
    [
      "configuration",
      ...columns.map((column) => `${column.dataset} ${metricLabel(column).label}`),
    ],
    rows.map(({ name, cells }) => [
      name,
      ...columns.map((column, i) => markdownCell(cells[i] ?? null, column)),
    ]),
    columns.map((_, i) => i + 1),
  );
  const legend = comparisonLegend(comparison, "**the best of a column**").map(trustedMarkdown);
  const parts = [table, joined(legend, " ")];
  if (notes.length > 0) parts.push(joined(notes.map((note) => md`- ${note}`), "\n"));
  return `${joined(parts, "\n\n")}\n`;
}

/** The content of a cell, in pieces that Markdown and HTML combine. */
export interface CellText {
  /** Mean, error and number of seeds: "84.00 ± 4.00 (3)". */
  own: string;
  /** The change from A: "-20.0 %", with ≈ in front if it is within the noise. */
  change: string | null;
  /** The paper's figure. */
  paper: string | null;
}

/** A figure as written. */
export interface FigureText {
  value: string;
  error: string | null;
  /** Both: "84.00 ± 1.25". */
  text: string;
}

/**
 * Writes a figure and its error with two decimals, as in the paper, or with more if the error would
 * round to zero.
 *
 * @param times the factor for both, see {@link metricLabel}
 */
export function figureText(figure: number, itsError: number | null, times: number): FigureText {
  const decimals = itsError
    ? Math.min(6, Math.max(2, Math.ceil(-Math.log10(itsError * times))))
    : 2;
  const value = (figure * times).toFixed(decimals);
  const error = itsError === null ? null : (itsError * times).toFixed(decimals);
  return { value, error, text: error === null ? value : `${value} ± ${error}` };
}

/** A score as written, with its label: "FID ↓". */
export function scoreText(score: Score): FigureText & { label: string } {
  const { label, times } = metricLabel(score);
  return { label, ...figureText(score.value, score.standardError, times) };
}

/** The pieces of a cell. */
export function cellText(cell: Cell, column: Column): CellText {
  const { times } = metricLabel(column);
  const { text } = figureText(cell.mean, cell.spread ?? cell.standardError, times);
  const seeds = cell.seeds.length > 1 ? ` (${cell.seeds.length})` : "";
  return {
    own: text + seeds,
    change: cell.change === null
      ? null
      : `${cell.withinNoise ? "≈ " : ""}${cell.change < 0 ? "-" : "+"}${
        Math.abs(cell.change).toFixed(1)
      } %`,
    paper: cell.paper === null ? null : figureText(cell.paper, null, times).value,
  };
}

function markdownCell(cell: Cell | null, column: Column): MarkdownFilling {
  if (!cell) return "";
  const { own, change, paper } = cellText(cell, column);
  const parts: MarkdownFilling[] = [cell.best ? md`**${own}**` : own];
  if (change) parts.push(change);
  if (paper) parts.push(md`[${paper}]`);
  return joined(parts, " ");
}

/**
 * A legend of the signs that occur in the table.
 *
 * @param best how the best of a column is marked, in words of this project
 */
export function comparisonLegend(
  { rows }: Comparison,
  best: string,
): string[] {
  const all = rows.flatMap(({ cells }) => cells).filter((cell) => cell !== null);
  return [
    `↓ lower is better, ↑ higher is better; ${best}.`,
    ...(all.some(({ spread }) => spread !== null)
      ? ["± is the spread over seeds where (n) says how many."]
      : []),
    ...(all.some((cell) => cell.spread === null && cell.standardError !== null)
      ? ["± of a single run is its standard error."]
      : []),
    ...(all.some(({ change }) => change !== null) ? ["In percent: the change against A."] : []),
    ...(all.some(({ withinNoise }) => withinNoise)
      ? ["≈: within the noise (95 %, Student's t)."]
      : []),
    ...(all.some(({ paper }) => paper !== null)
      ? ["[ ]: the paper's figure (one run, no error given)."]
      : []),
  ];
}

/**
 * The table as CSV: one line per configuration and column, figures unscaled (KID not multiplied by
 * 100).
 */
export function comparisonCsv({ columns, rows }: Comparison): string {
  const head = "configuration,dataset,metric,better,mean,spread,standard_error,seeds,best," +
    "change_percent,within_noise,paper";
  const lines = rows.flatMap(({ name, cells }) =>
    columns.flatMap(({ dataset, metric, better }, i): CsvField[][] => {
      const cell = cells[i];
      if (!cell) return [];
      const { mean, spread, standardError, seeds, best, change, withinNoise, paper } = cell;
      const figures = [mean, spread, standardError, seeds.join(" "), best, change];
      return [[name, dataset, metric, better, ...figures, withinNoise, paper]];
    })
  );
  return csvText([head.split(","), ...lines]);
}

/** The table as JSON. */
export function comparisonJson(comparison: Comparison): string {
  return JSON.stringify(comparison, null, 2) + "\n";
}
