/** `deno task data`: fetches a dataset's official archives; shows and exports its images. */
import { join } from "@std/path";
import { counted } from "../counted.ts";
import { UserError } from "../errors.ts";
import { archives } from "../datasets/archives.ts";
import { fetchDataset } from "../datasets/fetch.ts";
import { type Dataset, describeDataset, loadDataset } from "../datasets/mod.ts";
import { writeFileAtomic } from "../files/create.ts";
import { encodePng } from "../formats/png.ts";
import { nearest } from "../nearest.ts";
import { type Block, pictureAt, sheetPng } from "../report/sheet.ts";
import { datasetFacts, type DatasetName } from "../spec/schema.ts";
import { parseOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { line, print } from "../terminal.ts";

/** What `--help` prints. */
export const help = `Fetches a dataset's official archives into data/NAME, and says what is there.

Usage: deno task data NAME [--preview] [--export DIR] [--path PATH] [--skip-bad]

  NAME          ${Object.keys(datasetFacts).join(", ")}
  --preview     write a labelled contact sheet, NAME-preview.png, instead of fetching
  --export DIR  write the images as PNG, with a file of labels, instead of fetching
  --path PATH   where the images lie, if not in data/NAME; needed for folder
  --skip-bad    leave out images that cannot be read

Images are those of a run at 32 pixels, the published number of them. mnist-m has no archive that can be fetched
without a browser: put the unpacked mnist_m.tar.gz into data/mnist-m, or let it be built.`;

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

function datasetName(text: string | undefined): DatasetName {
  if (text === undefined) throw new UserError(`data needs a dataset's name\n\n${help}`);
  if (Object.hasOwn(datasetFacts, text)) return text as DatasetName;
  const near = nearest(text, Object.keys(datasetFacts));
  throw new UserError(
    `there is no dataset ${JSON.stringify(text)}${
      near === undefined ? "" : `; did you mean ${near}?`
    }
known: ${Object.keys(datasetFacts).join(", ")}`,
  );
}

/** Fetches, shows or exports a dataset. */
export async function run(args: string[]): Promise<number> {
  const { values, flags, words: [said] } = parseOptions(args, ["export", "path"], [
    "preview",
    "skip-bad",
  ]);
  const name = datasetName(said);
  if (name === "folder" && values.path === undefined) {
    throw new UserError("data folder needs --path: where it lies");
  }
  const progress = createProgress();
  const dataRoot = "data";
  const shows = flags.preview || values.export !== undefined || values.path !== undefined;
  if (!shows && archives[name] && !isThere(join(dataRoot, name))) {
    let phase = "";
    const folder = await fetchDataset(name, archives[name], dataRoot, (what, done, all) => {
      if (what !== phase) progress.phase(phase = what, all, "bytes");
      progress.update(done);
    });
    progress.done();
    print(`fetched into ${folder}`);
  }
  const { channels, limit } = datasetFacts[name];
  let started = false;
  const dataset = await loadDataset(
    {
      dataset: name,
      imageSize: 32,
      channels,
      data: { limit, digest: null, fit: "crop", path: values.path ?? null },
    },
    {
      dataRoot,
      skipBad: flags["skip-bad"],
      onProgress(done, all) {
        if (!started) progress.phase("reading", all, "images");
        started = true;
        progress.update(done);
      },
    },
  );
  progress.done();
  print(`${name}: ${describeDataset(dataset)}\ndata digest ${dataset.digest}`);
  for (const note of dataset.notes) print(line`${note}`);
  for (const what of dataset.skipped) print(line`left out: ${what}`);
  if (flags.preview) {
    const path = `${name}-preview.png`;
    writeFileAtomic(path, await previewSheet(dataset));
    print(`contact sheet: ${path}`);
  }
  if (values.export !== undefined) {
    await exportImages(dataset, values.export);
    print(`exported to ${values.export}`);
  }
  return 0;
}
