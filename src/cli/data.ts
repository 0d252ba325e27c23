/** `deno task data`: downloads a dataset's official archives; shows and exports its images. */
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
  `Report how a dataset's files are read: in which order, with which classes, and which
are not used. If there are no files, download the official archives into data/NAME.

Usage: deno task data NAME [PATH] [options]

  NAME            ${Object.keys(datasetFacts).join(", ")}
  PATH            a folder or file with the images (default: data/NAME); required for
                  folder

Options:
  --path PATH     the same as PATH
  --preview       write a contact sheet, NAME-preview.png, with one row per class
  --export DIR    write the images as PNG, and their labels as labels.txt
  --labels WHERE  where the classes come from, if the files are ambiguous: folders,
                  tables (next to the images), names (of the images), first or last
                  (column of a table), none; in a spec: data.labels
  --skip-bad      leave out images that cannot be read

Images have 32 pixels, and there are as many as in the paper. mnist-m has no archive
that can be downloaded without a browser: unpack mnist_m.tar.gz into data/mnist-m, or
let the images be built. data/README.md lists the layouts that are read.

Examples:
  deno task data cifar-10
  deno task data mnist Downloads/mnist.npz --preview
  deno task data folder photos --labels folders`;

const rows = 10;
const columns = 16;

/** A sheet of the first images: one row per class or, without labels, in order. */
export function previewSheet(dataset: Dataset): Promise<Uint8Array<ArrayBuffer>> {
  const { labels, classNames, count } = dataset;
  const all = Array.from({ length: count }, (_, i) => i);
  const sheetRows = labels && classNames
    ? classNames.map((name, label) => ({
      name,
      indices: all.filter((i) => labels[i] === label).slice(0, columns),
    }))
      .filter(({ indices }) => indices.length)
    : Array.from({ length: rows }, (_, row) => ({
      name: `${row * columns}`,
      indices: all.slice(row * columns, (row + 1) * columns),
    })).filter(({ indices }) => indices.length);
  const cells: Block["cells"] = sheetRows.map(({ indices }) =>
    Array.from(
      { length: columns },
      (_, i) => i < indices.length ? pictureAt(dataset, indices[i]!) : null,
    )
  );
  return sheetPng([{ cells }], {
    title: `${dataset.name}: ${counted(count, "image")}`,
    note: `data digest ${dataset.digest.slice(0, 12)}`,
    rowLabels: sheetRows.map(({ name }) => name),
  });
}

/**
 * Writes the images of a dataset as PNG files, numbered in order, and their labels as `labels.txt`.
 */
export async function exportImages(dataset: Dataset, folder: string): Promise<void> {
  // Images of an earlier export would be read as part of this one.
  if (hasEntries(folder)) {
    throw new UserError(`${folder}: not empty; name a new folder`);
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

function hasEntries(path: string): boolean {
  try {
    return [...Deno.readDirSync(path)].length > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether a folder or file exists that we may read. */
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
  const hint = isPath(text)
    ? `; to read this path: deno task data folder ${text}`
    : near === undefined
    ? ""
    : `; did you mean ${near}?`;
  throw new UserError(
    `unknown dataset ${JSON.stringify(text)}${hint}
datasets: ${Object.keys(datasetFacts).join(", ")}`,
  );
}

/** The parsed command line. */
interface DataArguments {
  name: DatasetName;
  path: string | null;
  labels: LabelChoice | undefined;
  preview: boolean;
  exportTo: string | undefined;
  skipBad: boolean;
}

function parseArguments(args: string[]): DataArguments {
  const { values, flags, words: [first, second, ...more] } = parseOptions(
    args,
    ["export", "path", "labels"],
    ["preview", "skip-bad"],
  );
  const name = datasetName(first);
  if (more.length || (second !== undefined && values.path !== undefined)) {
    throw new UserError(`data takes a dataset's name and one path\n\n${help}`);
  }
  const path = values.path ?? second ?? null;
  if (name === "folder" && path === null) {
    throw new UserError(
      "data folder needs the path of the images. For example: deno task data folder photos",
    );
  }
  const labels = choices.find((each) => each === values.labels);
  if (values.labels !== undefined && labels === undefined) {
    throw new UserError(
      `--labels must be one of ${choices.join(", ")}, not ${JSON.stringify(values.labels)}`,
    );
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

/** Downloads a dataset's archives, if it has any and its folder is empty. */
async function downloadMissing(name: DatasetName, dataRoot: string, progress: Progress) {
  const files = archives[name];
  if (!files || hasEntries(join(dataRoot, name))) return;
  let phase = "";
  const folder = await fetchDataset(name, files, dataRoot, (what, done, all) => {
    if (what !== phase) progress.phase(phase = what, all, "bytes");
    progress.update(done);
  });
  progress.done();
  print(`downloaded into ${folder}`);
}

async function load(
  { name, path, labels, skipBad }: DataArguments,
  dataRoot: string,
  progress: Progress,
) {
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

/** The maximum number of classes that are listed by name. */
const maxClassesListed = 20;

/** One line with the classes and the number of images in each; null if there are no classes. */
export function classCounts({ labels, classNames }: Dataset): string | null {
  if (!labels || !classNames) return null;
  const counts = classNames.map(() => 0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const listed = classNames.slice(0, maxClassesListed).map((name, label) =>
    `${name} ${(counts[label] ?? 0).toLocaleString("en-US")}`
  );
  const rest = classNames.length - listed.length;
  return `classes: ${listed.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** Prints which files were read, and which were not. */
function printDataset(name: string, dataset: Dataset): void {
  print(line`${name}: ${describeDataset(dataset)}`);
  print(line`data digest ${dataset.digest}`);
  print(line`${classCounts(dataset) ?? "classes: none"}`);
  for (const note of dataset.notes) print(line`${note}`);
  for (const file of dataset.skipped) print(line`left out: ${file}`);
}

/** Downloads, shows or exports a dataset. */
export async function run(args: string[]): Promise<number> {
  const given = parseArguments(args);
  const { name, path, preview, exportTo } = given;
  const progress = createProgress();
  const dataRoot = defaultFolder("data");
  const isForDownload = !preview && exportTo === undefined && path === null;
  if (isForDownload) await downloadMissing(name, dataRoot, progress);
  const dataset = await load(given, dataRoot, progress);
  printDataset(name, dataset);
  if (preview) {
    const file = `${name}-preview.png`;
    writeResults(".", [[file, await previewSheet(dataset)]], "run the command in another folder");
    print(`contact sheet: ${file}`);
  }
  if (exportTo !== undefined) {
    await exportImages(dataset, exportTo);
    print(line`exported to ${exportTo}`);
  }
  return 0;
}
