/** Tables as Markdown, aligned so that they are read on a terminal, too. */
import { joined, type Markdown, type MarkdownFilling, md } from "../formats/markdown.ts";
import { figureParts, type FigureStyle, partsText } from "./figure.ts";
import { captionOf, type Figure, figuresOf, type Table, uncertaintyOf } from "./table.ts";

/** A table in Markdown with its caption and its notes. */
export function tableMarkdown(table: Table): string {
  const parts = [gridMarkdown(table), md`${captionOf(table).join(" ")}`];
  if (table.notes.length > 0) parts.push(joined(table.notes.map((note) => md`- ${note}`), "\n"));
  return `${joined(parts, "\n\n")}\n`;
}

function gridMarkdown(table: Table): Markdown {
  const { keys, columns, rows, isSigned = false } = table;
  const hasCount = uncertaintyOf(figuresOf(table)).counts.length > 1;
  const headings = columns.map(({ group, heading }) =>
    group === null ? heading : `${group} ${heading}`
  );
  const body = rows.map((row) => [
    ...keys.map((_, i) => row.keys[i] ?? ""),
    ...columns.map(({ times }, i) =>
      figureMarkdown(row.figures[i] ?? null, { times, isSigned, hasCount })
    ),
  ]);
  return alignedTable([...keys, ...headings], body, keys.length);
}

function figureMarkdown(figure: Figure | null, style: FigureStyle): MarkdownFilling {
  if (!figure) return "";
  const parts = figureParts(figure, style);
  const own = partsText({ ...parts, beside: "" });
  const marked = figure.isBest ? md`**${own}**` : own;
  // Brackets of the code are no link.
  return parts.beside ? joined([marked, md`[${parts.beside}]`], " ") : marked;
}

/** Cells of one width per column; the first `left` columns are left-aligned, the others right. */
function alignedTable(
  head: readonly MarkdownFilling[],
  rows: readonly (readonly MarkdownFilling[])[],
  left: number,
): Markdown {
  const lines = [head, ...rows].map((row) => row.map((cell) => md`${cell}`));
  const widths = head.map((_, i) =>
    Math.max(3, ...lines.map((row) => row[i]?.toString().length ?? 0))
  );
  const written = lines.map((row) =>
    md`| ${
      joined(
        row.map((cell, i) => {
          const blanks = spaces((widths[i] ?? 0) - cell.toString().length);
          return joined(i < left ? [cell, blanks] : [blanks, cell], "");
        }),
        " | ",
      )
    } |`
  );
  const rule = joined(
    widths.map((width, i) => joined(i < left ? [dashes(width)] : [dashes(width - 1), ":"], "")),
    " | ",
  );
  return joined([...written.slice(0, 1), md`| ${rule} |`, ...written.slice(1)], "\n");
}

/** Blanks, which text would lose. */
function spaces(count: number): Markdown {
  return joined(Array<string>(count + 1).fill(""), " ");
}

function dashes(count: number): Markdown {
  return joined(Array<string>(count + 1).fill(""), "-");
}
