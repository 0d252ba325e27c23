/** Which columns of a table of images are pixels, and which one is the label. */
import { UserError } from "../messages/errors.ts";
import { plainName } from "./csv.ts";
import { firstNames, sayLabels } from "./notes.ts";
import type { LabelChoice } from "./source.ts";

/** The columns of a table with one image per row. */
export interface TableLayout {
  /** The number of columns in each row. */
  columns: number;
  /** The label's column, or null without labels. */
  label: number | null;
  /** The pixels, row by row. */
  pixels: number[];
  /** Whether the first row is not an image: a header, or the row that the published code loses. */
  passesFirst: boolean;
  /** How this was determined, for people. */
  how: string;
  /** Columns that are neither. */
  passed: string[];
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
function placeOf(name: string): number | null {
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
      `${path}: more than one column may hold the labels: ` +
        `${firstNames(labels.map((at) => first[at] ?? ""))}. Name the one that is meant \`label\``,
    );
  }
  const label = exact[0] ?? null;
  const others = first.map((_, at) => at).filter((at) => at !== label);
  const numbered = others.filter((at) => placeOf(first[at] ?? "") !== null);
  const pixels = isSquare(numbered.length) ? numbered : others;
  const places = pixels.map((at) => placeOf(first[at] ?? ""));
  const backwards = places.findIndex((place, i) =>
    place !== null && i > 0 && place <= (places[i - 1] ?? -1)
  );
  if (backwards >= 0) {
    const names = [pixels[backwards - 1], pixels[backwards]].map((at) => first[at ?? 0] ?? "");
    throw new UserError(`${path}: its pixels are not in order: ${names.join(" comes before ")}`);
  }
  const passed = others.filter((at) => !pixels.includes(at)).map((at) => first[at] ?? "");
  const how = label === null
    ? "without labels"
    : `labels in the column ${firstNames([first[label] ?? ""])}`;
  return { columns, label, pixels, passesFirst: true, how, passed };
}

function withChoice(layout: TableLayout, said: "none" | undefined): TableLayout {
  return said === "none" ? { ...layout, label: null, how: "without labels" } : layout;
}

/** The side of the label in a table without a header; null if it can be either. */
function labelSide({ firstColumn, lastColumn }: TableFacts): "first" | "last" | null {
  const varies = ({ labels, different }: ColumnFacts) => labels && different > 1;
  if (varies(firstColumn) && varies(lastColumn)) return null;
  return varies(lastColumn) ? "last" : "first";
}

function withoutHeader(facts: TableFacts, said: LabelChoice | undefined): TableLayout {
  const { path, columns } = facts;
  const all = Array.from({ length: columns }, (_, at) => at);
  if (said === "none" || (said === undefined && isSquare(columns) && columns > 1)) {
    return {
      columns,
      label: null,
      pixels: all,
      passesFirst: false,
      how: "without labels",
      passed: [],
    };
  }
  const side = said === "first" || said === "last" ? said : labelSide(facts);
  if (side === null) {
    throw new UserError(
      `${path}: it has no header, and the labels may be its first column or its last one. ` +
        sayLabels("first", "last"),
    );
  }
  return {
    columns,
    label: side === "first" ? 0 : columns - 1,
    pixels: side === "first" ? all.slice(1) : all.slice(0, -1),
    passesFirst: true,
    how: `labels in the ${side} column; its first row passed over, as published`,
    passed: [],
  };
}

/**
 * The layout of a table of images: from its header, or from the content of its first and last
 * columns.
 *
 * @param said where the user says the labels are
 * @throws UserError if the layout is ambiguous
 */
export function layoutOf(facts: TableFacts, said: LabelChoice | undefined): TableLayout {
  const { path, first, columns } = facts;
  const header = first.length === columns && first.some((field) => /[a-z]/i.test(field));
  const layout = header && (said === undefined || said === "none")
    ? withChoice(byHeader(facts), said)
    : withoutHeader(facts, said);
  const { pixels } = layout;
  if (isSquare(pixels.length)) return layout;
  const colours = isSquare(pixels.length / 3)
    ? "; the order of colours in a table is not known, export them as images"
    : "";
  throw new UserError(`${path}: ${pixels.length} pixels a row are no square image${colours}`);
}
