/**
 * Tables for papers. Whoever measures makes a {@link Table}; Markdown, CSV and LaTeX each have one
 * writer. What ± means is the same in all of them, and is said once, in the caption.
 */
import type { CsvField } from "../formats/csv.ts";

/** A number in a table. */
export interface Figure {
  value: number;
  /** Half the 95 % confidence interval of `value`; null if it is unknown. */
  half: number | null;
  /**
   * The number of independent trainings that both are over. With one, the interval covers the
   * measurement alone. Null for a figure published elsewhere.
   */
  trainings: number | null;
  /** Whether it is the best of its column. */
  isBest?: boolean;
  /** A few words that are printed behind it in brackets. */
  beside?: string | null;
  /** What else programs may want to know: further columns of the CSV. */
  facts?: Readonly<Record<string, CsvField>>;
}

/** A column of figures. */
export interface TableColumn {
  /** Stands above neighbouring columns that share it, such as a dataset; null for none. */
  group: string | null;
  /** The quantity, its unit, and which direction is better. */
  heading: string;
  /** What identifies the column in the CSV, such as dataset and metric. */
  keys: Readonly<Record<string, string>>;
  /** Figures are printed as multiples: 100 for percentages. The CSV has them as they are. */
  times: number;
}

/** A row of figures. */
export interface TableRow {
  /** What identifies it: one for each of the table's `keys`. */
  keys: readonly string[];
  /** One per column. */
  figures: readonly (Figure | null)[];
  /** Whether a rule separates it from the row above. */
  ruleAbove?: boolean;
}

/** A table. */
export interface Table {
  /** The stem of its files, and its label in LaTeX. */
  name: string;
  /** What it shows: the caption's first sentence. */
  title: string;
  /** The headings of the columns that identify rows. */
  keys: readonly string[];
  columns: readonly TableColumn[];
  rows: readonly TableRow[];
  /** Whether figures are differences, and have a sign. */
  isSigned?: boolean;
  /** Sentences of the caption about other signs. */
  legend: readonly string[];
  /** Notes that must accompany it. May contain text of others. */
  notes: readonly string[];
}

/** How intervals over few trainings are marked. */
const marks = new Map([[1, "†"], [2, "‡"]]);

/** The mark of a figure whose interval is over one training or two, else "". */
export function markOf({ half, trainings }: Pick<Figure, "half" | "trainings">): string {
  return half === null || trainings === null ? "" : marks.get(trainings) ?? "";
}

/** What is known of the uncertainty of several figures. */
export interface Uncertainty {
  /** The numbers of trainings, in ascending order; those of figures without an interval, too. */
  counts: readonly number[];
  /** The marks that occur. */
  marks: ReadonlySet<string>;
  /** Whether any has an interval. */
  hasIntervals: boolean;
}

/** The uncertainty of figures. */
export function uncertaintyOf(figures: readonly (Figure | null)[]): Uncertainty {
  const some = figures.filter((figure) => figure !== null);
  const counts = new Set(some.flatMap(({ trainings }) => trainings ?? []));
  return {
    counts: [...counts].sort((a, b) => a - b),
    marks: new Set(some.map(markOf).filter(Boolean)),
    hasIntervals: some.some(({ half }) => half !== null),
  };
}

/** The only definition of ± in this project's tables and figures, with its marks explained. */
export function uncertaintySentences({ counts, marks, hasIntervals }: Uncertainty): string[] {
  if (!hasIntervals) return [];
  const [n] = counts;
  const many = counts.length === 1 ? `n = ${n} trainings` : "n trainings, with n in parentheses";
  const over = counts.length === 1 && n === 1 ? "" : ` of the mean over ${many}`;
  return [
    `± is half the 95 % confidence interval${over} (Student's t).`,
    ...(marks.has("†")
      ? [
        "†: n = 1, so the interval covers the measurement alone; other trainings may differ by more.",
      ]
      : []),
    ...(marks.has("‡")
      ? ["‡: n = 2, which leaves one degree of freedom: such an interval says little."]
      : []),
  ];
}

/**
 * The same in a few words for a figure whose bars or bands are intervals.
 *
 * @param what "bars" or "bands"
 */
export function intervalNote(what: string, { counts, marks, hasIntervals }: Uncertainty): string {
  if (!hasIntervals) return "";
  const [n] = counts;
  const over = counts.length > 1 ? "n trainings" : n === 1 ? "" : `n = ${n} trainings`;
  const words = [
    `${what}: 95 % confidence intervals${over && ` over ${over}`}`,
    ...(marks.has("†") ? ["†: n = 1, the measurement alone"] : []),
    ...(marks.has("‡") ? ["‡: n = 2, which says little"] : []),
  ];
  return words.join("; ");
}

/** All figures of a table. */
export function figuresOf({ rows }: Pick<Table, "rows">): (Figure | null)[] {
  return rows.flatMap(({ figures }) => figures);
}

/** The caption's sentences: what the table shows, what ± is, and the other signs. */
export function captionOf(table: Table): string[] {
  const uncertainty = uncertaintySentences(uncertaintyOf(figuresOf(table)));
  return [table.title, ...uncertainty, ...table.legend];
}
