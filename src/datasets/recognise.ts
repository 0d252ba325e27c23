/**
 * Recognises the format of a dataset's files from their first bytes and names. Ambiguous files are
 * refused, and unused files are reported.
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
import { containsLabels, idxSource } from "./idx_source.ts";
import { imageSource } from "./image_source.ts";
import { firstNames, notUsed, pathSetting } from "./notes.ts";
import type { LabelChoice, Source } from "./source.ts";
import { checkClasses, withoutLabels, withSides } from "./source_checks.ts";
import { splitOfPath, splitRank } from "./splits.ts";
import { isWide, tableSource } from "./tables.ts";

/** The files to recognise. */
export interface FilesRequest {
  /** The dataset's name in the spec. */
  dataset: string;
  /** The location of the files, for messages. */
  root: string;
  /** As `listFiles` returns them. */
  files: readonly DataFile[];
  /** If `root` is a single file: files of labels next to it. */
  labelFiles: readonly DataFile[];
  /** Where the user wants the classes from. */
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
    const isCompressed = file.name.endsWith(".gz") && names.has(file.name.slice(0, -3));
    const first = chosen.get(lastOf(file.name));
    if (isCompressed || (first && sameContent(first, file))) copies.push(file.name);
    else if (!first) chosen.set(lastOf(file.name), file);
    else {
      throw new UserError(
        `${first.name} and ${file.name} belong to two datasets. Give the folder of one ` +
          `(${pathSetting})`,
      );
    }
  }
  if (copies.length) notes.push(notUsed(copies, "copies of files that are used"));
  return [...chosen.values()];
}

/** Files by kind, in reading order. */
class Sorted {
  readonly notes: string[] = [];

  constructor(readonly request: FilesRequest, readonly files: readonly KnownFile[]) {}

  of(kind: Kind): KnownFile[] {
    const testFirst = this.request.dataset === "cifar-10";
    const rank = ({ name }: DataFile) => splitRank(splitOfPath(name), testFirst);
    return this.files.filter((file) => file.kind === kind).sort((a, b) => rank(a) - rank(b));
  }
}

const filesOf = (what: string, files: readonly DataFile[]) =>
  `${what} (${firstNames(files.map(({ name }) => name))})`;

function requireCifar({ dataset, root }: FilesRequest): void {
  if (dataset === "cifar-10" || dataset === "folder") return;
  throw new UserError(
    `${root}: these are CIFAR-10's batches, but the dataset is ${dataset}; set dataset: cifar-10`,
  );
}

function idxReading(sorted: Sorted): Reading[] {
  const { dataset, labelFiles } = sorted.request;
  const images = sorted.of("idx").filter((file) => !containsLabels(file));
  if (images.length === 0) return [];
  // Labels next to a single file may belong to other files.
  const own = labelFiles.filter(({ name }) =>
    images.some((image) => splitOfPath(image.name) === splitOfPath(name))
  );
  const labels = [...sorted.of("idx").filter(containsLabels), ...own];
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
  const { request, notes } = sorted;
  const { dataset, labels, limit } = request;
  const readings = idxReading(sorted);
  for (const [kind, name] of [["cifar binary", "binary"], ["cifar python", "Python"]] as const) {
    const batches = sorted.of(kind);
    if (batches.length === 0) continue;
    requireCifar(request);
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
    notes.push(notUsed(narrow.map(({ name }) => name), "tables without images"));
  }
  return readings;
}

/** Notes on the files that no reading uses. */
function notesOnUnused(sorted: Sorted): string[] {
  const byWhat = Map.groupBy(sorted.of("foreign"), ({ foreign }) => foreign?.what ?? "");
  const foreign = [...byWhat].map(([what, files]) =>
    notUsed(files.map(({ name }) => name), `${what}, which is not supported`)
  );
  const others = sorted.of("other").map(({ name }) => name);
  return others.length ? [...foreign, notUsed(others, "neither images nor labels")] : foreign;
}

/** The error if there is nothing to read. */
function noImages(sorted: Sorted): UserError {
  const { dataset, root, files } = sorted.request;
  const first = sorted.files.find(({ foreign }) => foreign);
  if (first?.foreign) {
    const { what, advice } = first.foreign;
    return new UserError(`${first.path}: ${what}, which is not supported; ${advice}`);
  }
  return new UserError(
    `dataset ${dataset}: there are no images in ${root} ` +
      `(${counted(files.length, "other file")}). Supported are ${imageKindNames} files, IDX ` +
      "files, CSV tables with one image per row, NumPy's .npz, Parquet files of images, and " +
      "CIFAR-10's batches",
  );
}

function checkChoice({ what, choices }: Reading, choice: LabelChoice | undefined): void {
  if (choice === undefined || choice === "none" || choices.includes(choice)) return;
  throw new UserError(
    `data.labels: ${choice} does not apply to ${what}; use ${[...choices, "none"].join(" or ")}`,
  );
}

/**
 * The source for a dataset's files.
 *
 * @throws UserError if there is nothing to read, or more than one way to read it
 */
export async function recognise(request: FilesRequest): Promise<Source> {
  const { dataset, root } = request;
  const files: KnownFile[] = [];
  for (const file of request.files) files.push(await knownFile(file));
  const sorted = new Sorted(request, files);
  const readings = await readingsOf(sorted);
  const [reading, ...others] = readings;
  if (!reading) throw noImages(sorted);
  if (others.length) {
    throw new UserError(
      `dataset ${dataset}: ${root} can be read in more than one way: ` +
        `${readings.map(({ what }) => what).join("; ")}. Give one folder or file ` +
        `(${pathSetting})`,
    );
  }
  checkChoice(reading, request.labels);
  const source = withoutLabels(await reading.open(), request.labels);
  const classes = checkClasses(dataset, source);
  const notes = [
    ...source.notes ?? [],
    ...classes === null ? [] : [classes],
    ...sorted.notes,
    ...notesOnUnused(sorted),
  ];
  const description = printable(`${source.description} in ${root}`, 1000);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return withSides({ ...source, description, notes, bytes }, dataset);
}
