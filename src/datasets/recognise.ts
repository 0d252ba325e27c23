/**
 * Recognises the format of a dataset's files from their first bytes and names, so that nobody has
 * to state it. Ambiguous files are refused, and skipped files are reported.
 */
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { imageKindNames } from "../formats/images.ts";
import { printable } from "../messages/printable.ts";
import { npzSource, parquetSource } from "./array_sources.ts";
import { cifarSource } from "./cifar_source.ts";
import { sameContent } from "./copies.ts";
import { type Kind, type KnownFile, knownFile } from "./file_kinds.ts";
import type { DataFile } from "./files.ts";
import { holdsLabels, idxSource } from "./idx_source.ts";
import { imageSource } from "./image_source.ts";
import { firstNames, notUsed } from "./notes.ts";
import type { LabelChoice, Source } from "./source.ts";
import { checkClasses, withoutLabels, withSides } from "./source_checks.ts";
import { splitOfPath, splitRank } from "./splits.ts";
import { isWide, tableSource } from "./tables.ts";

/** The files to recognise. */
export interface Question {
  /** The dataset's name in the spec. */
  dataset: string;
  /** The location of the files, for messages. */
  root: string;
  /** As `listFiles` returns them. */
  files: readonly DataFile[];
  /** Files of labels next to a single file that was named. */
  beside: readonly DataFile[];
  /** Where the user says the classes come from. */
  labels?: LabelChoice | undefined;
  /** The maximum number of images; null or omitted: all. */
  limit?: number | null;
}

/** One way to read the files. */
interface Reading {
  /** A description of its files. */
  what: string;
  /** The choices of `data.labels` that it supports, apart from none. */
  choices: readonly LabelChoice[];
  open(): Promise<Source>;
}

const lastOf = (name: string) => name.slice(name.lastIndexOf("/") + 1);

/**
 * One of each file: leaves out copies in other folders, and compressed files next to their plain
 * ones.
 *
 * @throws UserError if two files of one name differ
 */
function distinct(files: readonly KnownFile[], notes: string[]): KnownFile[] {
  const names = new Set(files.map(({ name }) => name));
  const chosen = new Map<string, KnownFile>();
  const copies: string[] = [];
  for (const file of files) {
    const isPacked = file.name.endsWith(".gz") && names.has(file.name.slice(0, -3));
    const first = chosen.get(lastOf(file.name));
    if (isPacked || (first && sameContent(first, file))) copies.push(file.name);
    else if (!first) chosen.set(lastOf(file.name), file);
    else {
      throw new UserError(
        `${first.name} and ${file.name} are two datasets. Name the folder of the one that is ` +
          "meant (data.path in a spec, --path with data and reproduce)",
      );
    }
  }
  if (copies.length) notes.push(notUsed(copies, "copies of files that are taken"));
  return [...chosen.values()];
}

/** Files by kind, in reading order. */
class Sorted {
  readonly notes: string[] = [];

  constructor(readonly question: Question, readonly files: readonly KnownFile[]) {}

  of(kind: Kind): KnownFile[] {
    const testFirst = this.question.dataset === "cifar-10";
    const rank = ({ name }: DataFile) => splitRank(splitOfPath(name), testFirst);
    return this.files.filter((file) => file.kind === kind).sort((a, b) => rank(a) - rank(b));
  }
}

const filesOf = (what: string, files: readonly DataFile[]) =>
  `${what} (${firstNames(files.map(({ name }) => name))})`;

/** Batches belong to CIFAR-10 only. */
function refuseOtherDataset({ dataset, root }: Question): void {
  if (dataset === "cifar-10" || dataset === "folder") return;
  throw new UserError(
    `${root}: these are CIFAR-10's batches, and the dataset is ${dataset}; say dataset: cifar-10`,
  );
}

function idxReading(sorted: Sorted): Reading[] {
  const { dataset, beside } = sorted.question;
  const images = sorted.of("idx").filter((file) => !holdsLabels(file));
  if (images.length === 0) return [];
  // Labels next to a single file may belong to other files.
  const own = beside.filter(({ name }) =>
    images.some((image) => splitOfPath(image.name) === splitOfPath(name))
  );
  const labels = [...sorted.of("idx").filter(holdsLabels), ...own];
  return [{
    what: filesOf("IDX files", images),
    choices: [],
    open: () => idxSource(images, labels, dataset),
  }];
}

/** Separates tables of images from tables of labels. */
async function partTables(sorted: Sorted): Promise<{ wide: KnownFile[]; narrow: KnownFile[] }> {
  const tables = sorted.of("table");
  const rows = tables.filter(({ name }) => /\.(csv|tsv)(\.gz)?$/i.test(name));
  const wide: KnownFile[] = [];
  for (const file of rows) if (await isWide(file)) wide.push(file);
  // If there is nothing else, report what is wrong with the rows.
  const alone = wide.length === 0 &&
    sorted.files.every(({ kind }) => kind === "table" || kind === "other" || kind === "foreign");
  const images = alone ? rows : wide;
  return { wide: images, narrow: tables.filter((file) => !images.includes(file)) };
}

/** All possible ways to read the files. */
async function readingsOf(sorted: Sorted): Promise<Reading[]> {
  const { question, notes } = sorted;
  const { dataset, labels, limit } = question;
  const readings = idxReading(sorted);
  for (const [kind, name] of [["cifar binary", "binary"], ["cifar python", "Python"]] as const) {
    const batches = sorted.of(kind);
    if (batches.length === 0) continue;
    refuseOtherDataset(question);
    readings.push({
      what: filesOf(`CIFAR-10's ${name} batches`, batches),
      choices: [],
      open: () => Promise.resolve(cifarSource(distinct(batches, notes), name)),
    });
  }
  const npz = sorted.of("npz");
  if (npz.length) {
    readings.push({
      what: filesOf("NumPy archives", npz),
      choices: [],
      open: () => npzSource(distinct(npz, notes), dataset),
    });
  }
  const parquet = sorted.of("parquet");
  if (parquet.length) {
    readings.push({
      what: filesOf("Parquet files", parquet),
      choices: [],
      open: () => parquetSource(distinct(parquet, notes), dataset),
    });
  }
  const { wide, narrow } = await partTables(sorted);
  if (wide.length) {
    readings.push({
      what: filesOf("tables", wide),
      choices: ["first", "last"],
      open: () => tableSource(distinct(wide, notes), dataset, labels),
    });
  }
  const images = sorted.files.filter(({ kind }) => kind === "image");
  if (images.length) {
    readings.push({
      what: filesOf("image files", images),
      choices: ["folders", "tables", "names"],
      open: () => imageSource(images, narrow, { dataset, labels, limit: limit ?? null }),
    });
  } else if (narrow.length && readings.length) {
    notes.push(notUsed(narrow.map(({ name }) => name), "no tables of images"));
  }
  return readings;
}

/** Lines about the files that no reading uses. */
function passedOver(sorted: Sorted): string[] {
  const byWhat = Map.groupBy(sorted.of("foreign"), ({ foreign }) => foreign?.what ?? "");
  const foreign = [...byWhat].map(([what, files]) =>
    notUsed(files.map(({ name }) => name), `${what}, which is not read`)
  );
  const others = sorted.of("other").map(({ name }) => name);
  return others.length ? [...foreign, notUsed(others, "neither images nor labels")] : foreign;
}

/** The message if there is nothing to read. */
function nothingRead(sorted: Sorted): UserError {
  const { dataset, root, files } = sorted.question;
  const first = sorted.files.find(({ foreign }) => foreign);
  if (first?.foreign) {
    const { what, advice } = first.foreign;
    return new UserError(`${first.path}: ${what}, which is not read; ${advice}`);
  }
  return new UserError(
    `dataset ${dataset}: there are no images in ${root} ` +
      `(${counted(files.length, "other file")}). Read are ${imageKindNames} files, IDX files, ` +
      "CSV tables with an image a row, NumPy's .npz, Parquet files of images, and CIFAR-10's " +
      "batches",
  );
}

function refuseChoice({ what, choices }: Reading, said: LabelChoice | undefined): void {
  if (said === undefined || said === "none" || choices.includes(said)) return;
  throw new UserError(
    `data.labels: ${said} says nothing about ${what}; ${[...choices, "none"].join(", ")} may`,
  );
}

/**
 * The source for a dataset's files.
 *
 * @throws UserError if there is nothing to read, or more than one way to read it
 */
export async function recognise(question: Question): Promise<Source> {
  const { dataset, root } = question;
  const files: KnownFile[] = [];
  for (const file of question.files) files.push(await knownFile(file));
  const sorted = new Sorted(question, files);
  const readings = await readingsOf(sorted);
  const [reading, ...others] = readings;
  if (!reading) throw nothingRead(sorted);
  if (others.length) {
    throw new UserError(
      `dataset ${dataset}: ${root} can be read in more than one way: ` +
        `${readings.map(({ what }) => what).join("; ")}. Name the folder or file that is meant ` +
        "(data.path in a spec, --path with data and reproduce)",
    );
  }
  refuseChoice(reading, question.labels);
  const source = withoutLabels(await reading.open(), question.labels);
  const classes = checkClasses(dataset, source);
  const notes = [
    ...source.notes ?? [],
    ...classes === null ? [] : [classes],
    ...sorted.notes,
    ...passedOver(sorted),
  ];
  const description = printable(`${source.description} in ${root}`, 1000);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return withSides({ ...source, description, notes, bytes }, dataset);
}
