/** The comparison table as Markdown for people, CSV for spreadsheets, and JSON for programs. */
import type { Score } from "./evaluate.ts";
import { type Cell, type Column, type Comparison, metricLabel } from "./table.ts";

/** The table in Markdown, with its notes and what its signs mean. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { columns, rows, notes } = comparison;
  const header = [
    "configuration",
    ...columns.map((column) => `${column.dataset} ${metricLabel(column).label}`),
  ];
  const lines = [
    header,
    header.map((_, i) => i === 0 ? "---" : "---:"),
    ...rows.map((
      { name, cells },
    ) => [name, ...cells.map((cell, i) => cell ? markdownCell(cell, columns[i]!) : "")]),
  ].map((fields) => `| ${fields.join(" | ")} |`);
  const parts = [lines.join("\n"), comparisonLegend(comparison).join(" ")];
  if (notes.length > 0) parts.push(notes.map((note) => `- ${note}`).join("\n"));
  return parts.join("\n\n") + "\n";
}

/** What stands in a cell, in pieces that Markdown and HTML put together. */
export interface CellText {
  /** Mean, error and number of seeds: "84.00 ± 4.00 (3)". */
  own: string;
  /** Against A: "-20.0 %", with ≈ in front where that is within the noise. */
  change: string | null;
  /** The paper's figure. */
  paper: string | null;
}

/** A figure as it is written. */
export interface FigureText {
  value: string;
  error: string | null;
  /** Both: "84.00 ± 1.25". */
  text: string;
}

/**
 * Writes a figure and its error with two decimals, as in the paper; with more where the error would
 * be rounded away.
 *
 * @param times what both are multiplied by, see {@link metricLabel}
 */
export function figureText(figure: number, itsError: number | null, times: number): FigureText {
  const decimals = itsError
    ? Math.min(6, Math.max(2, Math.ceil(-Math.log10(itsError * times))))
    : 2;
  const value = (figure * times).toFixed(decimals);
  const error = itsError === null ? null : (itsError * times).toFixed(decimals);
  return { value, error, text: error === null ? value : `${value} ± ${error}` };
}

/** A score as it is written, with its label: "FID ↓". */
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

function markdownCell(cell: Cell, column: Column): string {
  const { own, change, paper } = cellText(cell, column);
  return [
    cell.best ? `**${own}**` : own,
    ...(change ? [change] : []),
    ...(paper ? [`[${paper}]`] : []),
  ].join(" ");
}

/** What the signs in the table mean; only of those that are in it. */
export function comparisonLegend(
  { rows }: Comparison,
  best = "**the best of a column**",
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
 * The table as CSV: a line for each configuration and column, figures as they are (KID not times
 * 100).
 */
export function comparisonCsv({ columns, rows }: Comparison): string {
  const header =
    "configuration,dataset,metric,better,mean,spread,standard_error,seeds,best,change_percent,within_noise,paper";
  const lines = rows.flatMap(({ name, cells }) =>
    cells.flatMap((cell, i) => {
      if (!cell) return [];
      const { dataset, metric, better } = columns[i]!;
      const { mean, spread, standardError, seeds, best, change, withinNoise, paper } = cell;
      const fields = [
        name,
        dataset,
        metric,
        better,
        mean,
        spread,
        standardError,
        seeds.join(" "),
        best,
        change,
      ];
      return [[...fields, withinNoise, paper].map(csvField).join(",")];
    })
  );
  return [header, ...lines, ""].join("\n");
}

function csvField(value: string | number | boolean | null): string {
  const text = value === null ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The table as JSON. */
export function comparisonJson(comparison: Comparison): string {
  return JSON.stringify(comparison, null, 2) + "\n";
}
