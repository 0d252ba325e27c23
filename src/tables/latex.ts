/** Tables as LaTeX with the rules of booktabs. */
import { joinedLatex, type Latex, type LatexFilling, tex } from "../formats/latex.ts";
import { figureParts, type FigureStyle } from "./figure.ts";
import {
  captionOf,
  type Figure,
  figuresOf,
  type Table,
  type TableColumn,
  uncertaintyOf,
} from "./table.ts";

/** A table as a `table` environment, with caption and label; it needs the package booktabs. */
export function tableLatex(table: Table): string {
  const { name, keys, columns, rows, notes } = table;
  const hasCount = uncertaintyOf(figuresOf(table)).counts.length > 1;
  const alignment = "l".repeat(keys.length) + "r".repeat(columns.length);
  const body = rows.flatMap((row) => {
    const cells = columns.map(({ times }, i) =>
      figureLatex(row.figures[i] ?? null, { times, isSigned: table.isSigned ?? false, hasCount })
    );
    const line = rowLatex([...keys.map((_, i) => row.keys[i] ?? ""), ...cells]);
    return row.ruleAbove ? [tex`    \midrule`, line] : [line];
  });
  const lines: LatexFilling[] = [
    tex`% Needs \usepackage{booktabs}.`,
    tex`\begin{table}`,
    tex`  \centering`,
    tex`  \caption{${captionOf(table).join(" ")}}`,
    tex`  \label{tab:${name}}`,
    tex`  \begin{tabular}{${alignment}}`,
    tex`    \toprule`,
    ...groupLatex(columns, keys.length),
    rowLatex([...keys, ...columns.map(({ heading }) => heading)]),
    tex`    \midrule`,
    ...body,
    tex`    \bottomrule`,
    tex`  \end{tabular}`,
    ...notes.map((note) => tex`  \par\smallskip{\footnotesize ${note}}`),
    tex`\end{table}`,
  ];
  return `${joinedLatex(lines, "\n")}\n`;
}

function rowLatex(cells: readonly LatexFilling[]): Latex {
  return tex`    ${joinedLatex(cells, " & ")} \\`;
}

/** The row of groups above the headings, and a rule below each. */
function groupLatex(columns: readonly TableColumn[], before: number): Latex[] {
  const groups: { group: string | null; from: number; to: number }[] = [];
  columns.forEach(({ group }, i) => {
    const last = groups.at(-1);
    const at = before + i + 1;
    if (last && last.group === group) last.to = at;
    else groups.push({ group, from: at, to: at });
  });
  const named = groups.filter(({ group }) => group !== null);
  if (named.length === 0) return [];
  const heads = groups.map(({ group, from, to }) =>
    tex`\multicolumn{${to - from + 1}}{c}{${group ?? ""}}`
  );
  const rules = named.map(({ from, to }) => tex`\cmidrule(lr){${from}-${to}}`);
  return [
    rowLatex([...Array<string>(before).fill(""), ...heads]),
    tex`    ${joinedLatex(rules, " ")}`,
  ];
}

function figureLatex(figure: Figure | null, style: FigureStyle): LatexFilling {
  if (!figure) return "";
  const { value, half, mark, count, beside } = figureParts(figure, style);
  const number = figure.isBest ? tex`\mathbf{${mathOf(value)}}` : mathOf(value);
  const own = half === null ? tex`$${number}$` : tex`$${number} \pm ${mathOf(half)}$`;
  const marked = mark ? tex`${own}\textsuperscript{${mark}}` : own;
  return joinedLatex([marked, ...[count, beside && `[${beside}]`].filter(Boolean)], " ");
}

/** A number within a formula: digits and signs, which need no escaping there. */
function mathOf(number: string): Latex {
  const [, sign = "", digits = ""] = /^([+−]?)(.*)$/.exec(number) ?? [];
  const signs: Readonly<Record<string, Latex>> = { "+": tex`+`, "−": tex`-` };
  return tex`${signs[sign] ?? ""}${digits === "∞" ? tex`\infty` : digits}`;
}
