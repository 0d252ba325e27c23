/** The comparison table as Markdown for people, CSV for spreadsheets, and JSON for programs. */
import { type Cell, type Column, type Comparison, metricLabel } from "./table.ts";

/** The table in Markdown, with its notes and what its signs mean. */
export function comparisonMarkdown({ columns, rows, notes }: Comparison): string {
  const header = ["configuration", ...columns.map((column) => `${column.dataset} ${metricLabel(column).label}`)];
  const lines = [
    header,
    header.map((_, i) => i === 0 ? "---" : "---:"),
    ...rows.map(({ name, cells }) => [name, ...cells.map((cell, i) => cell ? cellText(cell, columns[i]!) : "")]),
  ].map((fields) => `| ${fields.join(" | ")} |`);
  const all = rows.flatMap(({ cells }) => cells).filter((cell) => cell !== null);
  const legend = [
    "↓ lower is better, ↑ higher is better; **the best of a column**.",
    ...(all.some(({ spread }) => spread !== null) ? ["± is the spread over seeds where (n) says how many;"] : []),
    ...(all.some(({ spread }) => spread === null) ? ["± of a single run is its standard error."] : []),
    ...(all.some(({ change }) => change !== null) ? ["In percent: the change against A."] : []),
    ...(all.some(({ withinNoise }) => withinNoise) ? ["≈: within the noise (less than two standard errors)."] : []),
    ...(all.some(({ paper }) => paper !== null) ? ["[ ]: the paper's figure (one run, no error given)."] : []),
  ];
  const parts = [lines.join("\n"), legend.join(" ")];
  if (notes.length > 0) parts.push(notes.map((note) => `- ${note}`).join("\n"));
  return parts.join("\n\n") + "\n";
}

function cellText(cell: Cell, column: Column): string {
  const { times } = metricLabel(column);
  const figure = (value: number) => (value * times).toFixed(2);
  const error = cell.spread ?? cell.standardError;
  const seeds = cell.seeds.length > 1 ? ` (${cell.seeds.length})` : "";
  const own = figure(cell.mean) + (error === null ? "" : ` ± ${figure(error)}`) + seeds;
  const parts = [cell.best ? `**${own}**` : own];
  if (cell.change !== null) {
    parts.push(`${cell.withinNoise ? "≈ " : ""}${cell.change < 0 ? "-" : "+"}${Math.abs(cell.change).toFixed(1)} %`);
  }
  if (cell.paper !== null) parts.push(`[${figure(cell.paper)}]`);
  return parts.join(" ");
}

/** The table as CSV: a line for each configuration and column, figures as they are (KID not times 100). */
export function comparisonCsv({ columns, rows }: Comparison): string {
  const header =
    "configuration,dataset,metric,better,mean,spread,standard_error,seeds,best,change_percent,within_noise,paper";
  const lines = rows.flatMap(({ name, cells }) =>
    cells.flatMap((cell, i) => {
      if (!cell) return [];
      const { dataset, metric, better } = columns[i]!;
      const { mean, spread, standardError, seeds, best, change, withinNoise, paper } = cell;
      const fields = [name, dataset, metric, better, mean, spread, standardError, seeds.join(" "), best, change];
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
