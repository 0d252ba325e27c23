/** Tables as tidy CSV: one line per figure, unrounded, which spreadsheets and data frames read. */
import { type CsvField, csvText } from "../formats/csv.ts";
import type { Table } from "./table.ts";

/**
 * A table as CSV. The first columns identify row and column of a figure; `value`, `low`, `high` and
 * `trainings` follow, then the figures' facts. `low` and `high` are the bounds of the 95 %
 * confidence interval, empty if unknown.
 */
export function tableCsv({ keys, columns, rows }: Table): string {
  const lines = rows.flatMap((row) =>
    columns.flatMap((column, i) => {
      const figure = row.figures[i];
      return figure ? [{ row, column, figure }] : [];
    })
  );
  const columnKeys = [...new Set(columns.flatMap((column) => Object.keys(column.keys)))];
  const facts = [...new Set(lines.flatMap(({ figure }) => Object.keys(figure.facts ?? {})))];
  const head = [...keys, ...columnKeys, "value", "low", "high", "trainings", ...facts];
  return csvText([
    head,
    ...lines.map(({ row, column, figure }): CsvField[] => {
      const { value, half, trainings } = figure;
      return [
        ...keys.map((_, i) => row.keys[i] ?? ""),
        ...columnKeys.map((key) => column.keys[key] ?? null),
        value,
        half === null ? null : value - half,
        half === null ? null : value + half,
        trainings,
        ...facts.map((fact) => figure.facts?.[fact] ?? null),
      ];
    }),
  ]);
}
