/**
 * Folders of images. Classes come from tables of labels if there are any, otherwise from the
 * images' folders if there are several; otherwise there are no classes.
 */
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { decodeImage } from "../formats/images.ts";
import { explainInputError } from "../formats/input.ts";
import { type FolderReading, type Part, readFolders } from "./class_folders.ts";
import { maxClasses, numberClasses } from "./class_names.ts";
import type { DataFile } from "./files.ts";
import { inOrder } from "./image_order.ts";
import { readTables, type TableReading } from "./label_tables.ts";
import { labelsInNames } from "./name_labels.ts";
import { firstNames, labelsSetting, notUsed } from "./notes.ts";
import type { LabelChoice, Sample, Source } from "./source.ts";
import { splitOf, splitOfPath } from "./splits.ts";
import { unusedParts } from "./unused_parts.ts";

/** How to read the images. */
export interface ImageRequest {
  dataset: string;
  /** Where the user wants the classes from; undefined: as the files suggest. */
  labels?: LabelChoice | undefined;
  /** The maximum number of images; null or omitted: all. */
  limit?: number | null;
}

/** The class of each image, by the image's name, as folders, tables or file names write it. */
interface Labelling {
  of: ReadonlyMap<string, string>;
  /** Whether classes written as numbers keep these numbers. */
  numeric: boolean;
  how: string;
}

/** CIFAR-10 has this many test images; Kaggle's test folder contains 290,000 others among them. */
const cifarTestImages = 10_000;

const parentOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf("/")));

/** If folders name no classes, each is a part. */
function byDirectory(images: readonly DataFile[]): FolderReading {
  const folders = Map.groupBy(images, ({ name }) => parentOf(name));
  const parts = [...folders].map(([folder, images]) => ({
    folder,
    split: splitOfPath(folder),
    images,
    classOf: null,
  }));
  return { parts, copies: [], notes: [] };
}

/** The classes that folders name, for all parts; null if they name none. */
function byFolders(parts: readonly Part[]): Labelling | null {
  const of = new Map(parts.flatMap(({ classOf }) => [...classOf ?? []]));
  return of.size ? { of, numeric: false, how: "in class folders" } : null;
}

function byTables({ labels, tables }: TableReading): Labelling | null {
  if (labels.size === 0) return null;
  return { of: labels, numeric: true, how: `with the labels of ${firstNames(tables)}` };
}

/** Whether two labellings divide the images that both cover in the same way. */
function agree(a: Labelling, b: Labelling): boolean {
  const forward = new Map<string, string>();
  const back = new Map<string, string>();
  for (const [image, left] of a.of) {
    const right = b.of.get(image);
    if (right === undefined) continue;
    if ((forward.get(left) ?? right) !== right || (back.get(right) ?? left) !== left) return false;
    forward.set(left, right);
    back.set(right, left);
  }
  return true;
}

/**
 * Chooses between tables and folders if both give classes: the one that covers more images, if they
 * agree.
 */
function tablesOrFolders(tables: Labelling | null, folders: Labelling | null): Labelling | null {
  if (!tables || !folders) return tables ?? folders;
  if (!agree(tables, folders)) {
    const names = [...new Set(folders.of.values())];
    throw new UserError(
      `the folders (${firstNames(names)}) of images ${tables.how} divide them differently. ` +
        `Choose with ${labelsSetting("tables", "folders")}`,
    );
  }
  return tables.of.size < folders.of.size ? folders : tables;
}

/** What is known about the images before any is read. */
class Survey {
  readonly notes: string[];
  missing: string[] = [];
  labelling: Labelling | null = null;

  parts: Part[];
  /** Images left out because they are copies of others. */
  readonly copies: readonly DataFile[];

  constructor(readonly request: ImageRequest, { parts, copies, notes }: FolderReading) {
    this.parts = parts;
    this.copies = copies;
    this.notes = [...notes];
  }

  /** Drops a part. */
  drop(part: Part, why: string) {
    this.parts = this.parts.filter((each) => each !== part);
    this.notes.push(notUsed(part.images.map(({ name }) => name), why));
  }

  isLabelled(part: Part): boolean {
    const { labelling } = this;
    return labelling !== null && part.images.some(({ name }) => labelling.of.has(name));
  }
}

async function labelSurvey(survey: Survey, tables: readonly DataFile[]): Promise<void> {
  const { request: { labels: choice }, parts, notes } = survey;
  const images = parts.flatMap((part) => part.images);
  if (choice === "names") {
    const of = new Map(parts.flatMap((part) => [...labelsInNames(part.images) ?? []]));
    if (of.size === 0) {
      throw new UserError("data.labels: names: the images' names contain no classes");
    }
    survey.labelling = { of, numeric: true, how: "with classes in their names" };
  }
  if (choice !== undefined && choice !== "tables") {
    if (tables.length) {
      notes.push(notUsed(tables.map(({ name }) => name), `data.labels is ${choice}`));
    }
    if (choice === "folders") survey.labelling = byFolders(parts);
    return;
  }
  const reading = await readTables(images, tables, survey.copies);
  const fromTables = byTables(reading);
  if (choice === "tables" && !fromTables) {
    throw new UserError("data.labels: tables: no table contains the images' classes");
  }
  const fromFolders = choice === "tables" ? null : byFolders(parts);
  survey.labelling = tablesOrFolders(fromTables, fromFolders);
  survey.missing = reading.missing;
  notes.push(...reading.notes);
  if (fromTables && survey.labelling !== fromTables) {
    notes.push(notUsed(reading.tables, "the folders give the same classes, for more images"));
  }
  for (const { file, names } of reading.nameLists) {
    notes.push(
      notUsed([file], `a list of names (${firstNames(names)}); classes are sorted by name`),
    );
  }
}

/** Drops parts without labels if others have labels. */
function dropUnlabelled(survey: Survey): void {
  const labelled = survey.parts.filter((part) => survey.isLabelled(part));
  if (labelled.length) {
    const where = firstNames(labelled.map(({ folder }) => folder || "other images"));
    for (const part of survey.parts) {
      if (!labelled.includes(part)) survey.drop(part, `without labels, unlike ${where}`);
    }
    return;
  }
  if (survey.request.dataset !== "cifar-10") return;
  for (const part of survey.parts) {
    if (part.split === "test" && part.images.length > cifarTestImages && survey.parts.length > 1) {
      survey.drop(part, "CIFAR-10 has 10,000 test images, so most of these are others");
    }
  }
}

/** A hint if names may contain classes and the user did not ask for them. */
function hintAtNames(survey: Survey): void {
  const { labels } = survey.request;
  if (survey.labelling || labels !== undefined) return;
  const found: string[] = [];
  try {
    for (const { images } of survey.parts) found.push(...labelsInNames(images)?.values() ?? []);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  const names = [...new Set(found)].sort();
  if (names.every((name) => splitOf(name))) return;
  survey.notes.push(
    `labels: none; the images' names may contain classes (${firstNames(names)}). To read them, ` +
      `set ${labelsSetting("names")}`,
  );
}

function readFile(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
}

/** The images as samples. If there are labels, images without one are reported as bad. */
function* samplesOf(
  images: readonly DataFile[],
  labels: ReadonlyMap<string, number> | null,
  missing: readonly string[],
): Generator<Sample> {
  for (const { path, name } of images) {
    const label = labels?.get(name) ?? null;
    const read = () => {
      if (labels && label === null) throw new UserError(`${path}: this image has no label`);
      const bytes = readFile(path);
      return { ...decodeImage(bytes, path), unused: unusedParts(bytes) };
    };
    yield { name, label, read };
  }
  for (const name of missing) {
    const read = () => {
      throw new UserError(`${name}: a table of labels names this image, but it is missing`);
    };
    yield { name, label: null, read };
  }
}

/**
 * A source of image files in folders.
 *
 * @param images sorted by name
 * @param tables files that may hold labels, possibly none
 * @throws UserError if the classes are ambiguous, or a table is damaged
 */
export async function imageSource(
  images: readonly DataFile[],
  tables: readonly DataFile[],
  request: ImageRequest,
): Promise<Source> {
  const alone = request.labels === "none" || request.labels === "names" ||
    request.labels === "tables";
  const reading = alone ? byDirectory(images) : readFolders(images, request.labels === "folders");
  const survey = new Survey(request, reading);
  await labelSurvey(survey, tables);
  dropUnlabelled(survey);
  hintAtNames(survey);
  const { labelling, notes, missing } = survey;
  const { taken, notes: orderNotes } = inOrder(images, {
    parts: survey.parts,
    testFirst: request.dataset === "cifar-10",
    limit: request.limit ?? null,
    classOf: labelling?.of ?? null,
  });
  notes.push(...orderNotes);
  const classes = labelling &&
    numberClasses(request.dataset, labelling.of.values(), labelling.numeric);
  if (labelling && !classes) {
    const count = new Set(labelling.of.values()).size;
    notes.push(
      `labels: ${count.toLocaleString("en-US")} classes, of which at most ${maxClasses} are ` +
        "supported; the images are read without classes",
    );
  }
  const labels = labelling && classes && new Map(
    [...labelling.of].flatMap(([image, written]) => {
      const number = classes.numbers.get(written);
      return number === undefined ? [] : [[image, number] as const];
    }),
  );
  return {
    description: `${counted(taken.length, "image file")} ${
      labels && labelling ? labelling.how : "without labels"
    }`,
    classNames: classes ? classes.classNames : null,
    count: taken.length + missing.length,
    samples: samplesOf(taken, labels, missing),
    notes,
  };
}
