/** `deno task data`: fetches a dataset's official archives; shows and exports its images. */
import { join } from "@std/path";
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { archives } from "../datasets/archives.ts";
import { fetchDataset } from "../datasets/fetch.ts";
import { type Dataset, describeDataset, type LabelChoice, loadDataset } from "../datasets/mod.ts";
import { writeFileAtomic } from "../files/create.ts";
import { writeResults } from "../files/results.ts";
import { encodePng } from "../formats/png.ts";
import { nearest } from "../messages/nearest.ts";
import { pictureAt } from "../report/sheet.ts";
import { type Block, sheetPng } from "../report/sheet_layout.ts";
import { datasetFacts, type DatasetName } from "../spec/schema.ts";
import { defaultFolder } from "./folders.ts";
import { parseOptions } from "./options.ts";
import type { Progress } from "../messages/progress.ts";
import { createProgress } from "./progress.ts";
import { line, print } from "../messages/terminal.ts";

const choices = ["folders", "tables", "names", "first", "last", "none"] as const;

/** What `--help` prints. */
export const help =
  `Says what a dataset's files are: what is read, in which order and classes, and what is not.
Where there are none, fetches the official archives into data/NAME.

Usage: deno task data NAME [PATH] [--preview] [--export DIR] [--labels WHERE] [--skip-bad]

  NAME            ${Object.keys(datasetFacts).join(", ")}
  PATH            where the files lie, a folder or a file, if not in data/NAME; folder needs it
                  (--path PATH is the same)
  --preview       write a contact sheet, NAME-preview.png, a row for each class
  --export DIR    write the images as PNG, with a file of labels
  --labels WHERE  where the classes are, if the files can be read in two ways: folders, tables
                  (beside the images), names (of the images), first, last (column of a table), none;
                  a spec says it as data.labels
  --skip-bad      leave out images that cannot be read

Images are those of a run at 32 pixels, the published number of them. mnist-m has no archive that
can be fetched without a browser: put the unpacked mnist_m.tar.gz into data/mnist-m, or let it be
built. Which layouts are read, data/README.md tells.

Examples:
  deno task data cifar-10
  deno task data mnist Downloads/mnist.npz --preview
  deno task data folder photos --labels folders`;

const rows = 10;
const columns = 16;

/** A sheet of the first images: a row a class, or, without labels, in their order. */
export function previewSheet(dataset: Dataset): Promise<Uint8Array<ArrayBuffer>> {
  const { labels, classNames, count } = dataset;
  const all = Array.from({ length: count }, (_, i) => i);
  const chosen = labels && classNames
    ? classNames.map((name, label) => ({
      name,
      indices: all.filter((i) => labels[i] === label).slice(0, columns),
    }))
      .filter(({ indices }) => indices.length)
    : Array.from({ length: rows }, (_, row) => ({
      name: `${row * columns}`,
      indices: all.slice(row * columns, (row + 1) * columns),
    })).filter(({ indices }) => indices.length);
  const cells: Block["cells"] = chosen.map(({ indices }) =>
    Array.from(
      { length: columns },
      (_, i) => i < indices.length ? pictureAt(dataset, indices[i]!) : null,
    )
  );
  return sheetPng([{ cells }], {
    title: `${dataset.name}: ${counted(count, "image")}`,
    note: `data digest ${dataset.digest.slice(0, 12)}`,
    rowLabels: chosen.map(({ name }) => name),
  });
}

/**
 * Writes the images of a dataset as PNG files, numbered in their order, and their labels as
 * `labels.txt`.
 */
export async function exportImages(dataset: Dataset, folder: string): Promise<void> {
  // Images of another export among these would be read as part of them.
  if (isThere(folder)) {
    throw new UserError(`${folder}: there is something in it already; name a new folder`);
  }
  await Deno.mkdir(folder, { recursive: true });
  const nameOf = (i: number) => `${`${i}`.padStart(6, "0")}.png`;
  for (let i = 0; i < dataset.count; i++) {
    writeFileAtomic(join(folder, nameOf(i)), encodePng(pictureAt(dataset, i)));
  }
  const { labels } = dataset;
  if (!labels) return;
  const lines = Array.from(labels, (label, i) => `${nameOf(i)} ${label}\n`).join("");
  writeFileAtomic(join(folder, "labels.txt"), new TextEncoder().encode(lines));
}

function isThere(path: string): boolean {
  try {
    return [...Deno.readDirSync(path)].length > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether a folder or file lies there, as far as anybody may look. */
function isPath(text: string): boolean {
  try {
    Deno.statSync(text);
    return true;
  } catch {
    return false;
  }
}

function datasetName(text: string | undefined): DatasetName {
  if (text === undefined) throw new UserError(`data needs a dataset's name\n\n${help}`);
  if (Object.hasOwn(datasetFacts, text)) return text as DatasetName;
  const near = nearest(text, Object.keys(datasetFacts));
  const meant = isPath(text)
    ? `; for what lies there: deno task data folder ${text}`
    : near === undefined
    ? ""
    : `; did you mean ${near}?`;
  throw new UserError(
    `there is no dataset ${JSON.stringify(text)}${meant}
known: ${Object.keys(datasetFacts).join(", ")}`,
  );
}

/** What was asked for. */
interface Asked {
  name: DatasetName;
  path: string | null;
  labels: LabelChoice | undefined;
  preview: boolean;
  exportTo: string | undefined;
  skipBad: boolean;
}

function readArguments(args: string[]): Asked {
  const { values, flags, words: [said, placed, ...more] } = parseOptions(
    args,
    ["export", "path", "labels"],
    ["preview", "skip-bad"],
  );
  const name = datasetName(said);
  if (more.length || (placed !== undefined && values.path !== undefined)) {
    throw new UserError(`data takes a dataset's name and one path\n\n${help}`);
  }
  const path = values.path ?? placed ?? null;
  if (name === "folder" && path === null) {
    throw new UserError(
      "data folder needs a path: where the images lie, as in `deno task data folder photos`",
    );
  }
  const labels = choices.find((each) => each === values.labels);
  if (values.labels !== undefined && labels === undefined) {
    throw new UserError(`--labels: ${choices.join(", ")}; not ${JSON.stringify(values.labels)}`);
  }
  return {
    name,
    path,
    labels,
    preview: flags.preview,
    exportTo: values.export,
    skipBad: flags["skip-bad"],
  };
}

/** Fetches a dataset's archives, where there are any and its folder is empty. */
async function fetchMissing(name: DatasetName, dataRoot: string, progress: Progress) {
  const wanted = archives[name];
  if (!wanted || isThere(join(dataRoot, name))) return;
  let phase = "";
  const folder = await fetchDataset(name, wanted, dataRoot, (what, done, all) => {
    if (what !== phase) progress.phase(phase = what, all, "bytes");
    progress.update(done);
  });
  progress.done();
  print(`fetched into ${folder}`);
}

async function load({ name, path, labels, skipBad }: Asked, dataRoot: string, progress: Progress) {
  const { channels, limit } = datasetFacts[name];
  let started = false;
  const dataset = await loadDataset(
    {
      dataset: name,
      imageSize: 32,
      channels,
      data: { limit, digest: null, fit: "crop", path, ...(labels ? { labels } : {}) },
    },
    {
      dataRoot,
      skipBad,
      onProgress(done, all) {
        if (!started) progress.phase("reading", all, "images");
        started = true;
        progress.update(done);
      },
    },
  );
  progress.done();
  return dataset;
}

/** How many classes are listed with their images before the rest is only counted. */
const mostClassesListed = 20;

/** The classes with the number of images in each, in a line; null where there are none. */
export function classCounts({ labels, classNames }: Dataset): string | null {
  if (!labels || !classNames) return null;
  const counts = classNames.map(() => 0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const listed = classNames.slice(0, mostClassesListed).map((name, label) =>
    `${name} ${(counts[label] ?? 0).toLocaleString("en-US")}`
  );
  const rest = classNames.length - listed.length;
  return `classes: ${listed.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** Prints what was read and what was not. */
function tell(name: string, dataset: Dataset): void {
  print(line`${name}: ${describeDataset(dataset)}`);
  print(line`data digest ${dataset.digest}`);
  print(line`${classCounts(dataset) ?? "classes: none"}`);
  for (const note of dataset.notes) print(line`${note}`);
  for (const what of dataset.skipped) print(line`left out: ${what}`);
}

/** Fetches, shows or exports a dataset. */
export async function run(args: string[]): Promise<number> {
  const asked = readArguments(args);
  const { name, path, preview, exportTo } = asked;
  const progress = createProgress();
  const dataRoot = defaultFolder("data");
  const shows = preview || exportTo !== undefined || path !== null;
  if (!shows) await fetchMissing(name, dataRoot, progress);
  const dataset = await load(asked, dataRoot, progress);
  tell(name, dataset);
  if (preview) {
    const file = `${name}-preview.png`;
    writeResults(".", [[file, await previewSheet(dataset)]], "give the command in another folder");
    print(`contact sheet: ${file}`);
  }
  if (exportTo !== undefined) {
    await exportImages(dataset, exportTo);
    print(line`exported to ${exportTo}`);
  }
  return 0;
}
