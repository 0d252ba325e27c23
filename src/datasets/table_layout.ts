/** Which columns of a table of images are pixels, and which one is the label. */
import { UserError } from "../messages/errors.ts";
import { plainName } from "./csv.ts";
import { firstNames, labelsSetting } from "./notes.ts";
import type { LabelChoice } from "./source.ts";

/** The columns of a table with one image per row. */
export interface TableLayout {
  /** The number of columns in each row. */
  columns: number;
  /** The label's column, or null without labels. */
  label: number | null;
  /** The pixels, row by row. */
  pixels: number[];
  /** Whether the first row is skipped: a header, or the row that the published code loses. */
  skipsFirst: boolean;
  /** Where the labels are, in words. */
  how: string;
  /** The names of the columns that are neither labels nor pixels. */
  unusedColumns: string[];
}

/** The content of a column in a table without a header. */
export interface ColumnFacts {
  /** Whether all values are whole numbers that can be labels. */
  labels: boolean;
  /** The number of different values, counted up to two. */
  different: number;
}

/** What is known about a table before its layout is determined. */
export interface TableFacts {
  path: string;
  /** The first row's fields. */
  first: string[];
  /** The number of fields in the second row. */
  columns: number;
  firstColumn: ColumnFacts;
  lastColumn: ColumnFacts;
}

const labelNames = ["label", "labels", "class", "digit", "target", "category", "y"];
const pixelName = /^(?:[a-z]+[-_ ]?)?(\d+)$/i;
const gridName = /^(?:[a-z]+[-_ ]?)?(\d+)[x_](\d+)$/i;

function isSquare(count: number): boolean {
  return count > 0 && Number.isInteger(Math.sqrt(count));
}

/** The pixel index in a column's name, or null if it has none. */
function pixelIndex(name: string): number | null {
  const grid = gridName.exec(name);
  if (grid) return Number(grid[1]) * 1e6 + Number(grid[2]);
  const numbered = pixelName.exec(name);
  return numbered ? Number(numbered[1]) : null;
}

function byHeader({ path, first, columns }: TableFacts): TableLayout {
  const labels = first.flatMap((name, at) => labelNames.includes(plainName(name)) ? [at] : []);
  const exact = labels.length > 1
    ? labels.filter((at) => plainName(first[at] ?? "") === "label")
    : labels;
  if (labels.length > 0 && exact.length !== 1) {
    throw new UserError(
      `${path}: more than one column may contain the labels: ` +
        `${firstNames(labels.map((at) => first[at] ?? ""))}. Rename the right one to \`label\``,
    );
  }
  const label = exact[0] ?? null;
  const others = first.map((_, at) => at).filter((at) => at !== label);
  const numbered = others.filter((at) => pixelIndex(first[at] ?? "") !== null);
  const pixels = isSquare(numbered.length) ? numbered : others;
  const indices = pixels.map((at) => pixelIndex(first[at] ?? ""));
  const backwards = indices.findIndex((index, i) =>
    index !== null && i > 0 && index <= (indices[i - 1] ?? -1)
  );
  if (backwards >= 0) {
    const names = [pixels[backwards - 1], pixels[backwards]].map((at) => first[at ?? 0] ?? "");
    throw new UserError(`${path}: its pixels are not in order: ${names.join(" comes before ")}`);
  }
  const unusedColumns = others.filter((at) => !pixels.includes(at)).map((at) => first[at] ?? "");
  const how = label === null
    ? "without labels"
    : `labels in the column ${firstNames([first[label] ?? ""])}`;
  return { columns, label, pixels, skipsFirst: true, how, unusedColumns };
}

function withChoice(layout: TableLayout, choice: "none" | undefined): TableLayout {
  return choice === "none" ? { ...layout, label: null, how: "without labels" } : layout;
}

/** The side of the label in a table without a header; null if it can be either. */
function labelSide({ firstColumn, lastColumn }: TableFacts): "first" | "last" | null {
  const varies = ({ labels, different }: ColumnFacts) => labels && different > 1;
  if (varies(firstColumn) && varies(lastColumn)) return null;
  return varies(lastColumn) ? "last" : "first";
}

function withoutHeader(facts: TableFacts, choice: LabelChoice | undefined): TableLayout {
  const { path, columns } = facts;
  const all = Array.from({ length: columns }, (_, at) => at);
  if (choice === "none" || (choice === undefined && isSquare(columns) && columns > 1)) {
    return {
      columns,
      label: null,
      pixels: all,
      skipsFirst: false,
      how: "without labels",
      unusedColumns: [],
    };
  }
  const side = choice === "first" || choice === "last" ? choice : labelSide(facts);
  if (side === null) {
    throw new UserError(
      `${path}: without a header, the first or the last column may contain the labels. Choose ` +
        `with ${labelsSetting("first", "last")}`,
    );
  }
  return {
    columns,
    label: side === "first" ? 0 : columns - 1,
    pixels: side === "first" ? all.slice(1) : all.slice(0, -1),
    skipsFirst: true,
    how: `labels in the ${side} column; the first row skipped, as published`,
    unusedColumns: [],
  };
}

/**
 * The layout of a table of images: from its header, or from the content of its first and last
 * columns.
 *
 * @param choice the labels' column, if the user chose one
 * @throws UserError if the layout is ambiguous
 */
export function layoutOf(facts: TableFacts, choice: LabelChoice | undefined): TableLayout {
  const { path, first, columns } = facts;
  const header = first.length === columns && first.some((field) => /[a-z]/i.test(field));
  const layout = header && (choice === undefined || choice === "none")
    ? withChoice(byHeader(facts), choice)
    : withoutHeader(facts, choice);
  const { pixels } = layout;
  if (isSquare(pixels.length)) return layout;
  const colours = isSquare(pixels.length / 3)
    ? "; tables of colour images are not supported: save the images as PNG files"
    : "";
  throw new UserError(
    `${path}: ${pixels.length} pixels per row do not make a square image${colours}`,
  );
}
