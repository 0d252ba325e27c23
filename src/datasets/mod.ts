/** Datasets by name: where their images lie, and how they become what a network trains on. */
import { UserError } from "../errors.ts";
import { collect } from "./collect.ts";
import type { Dataset } from "./dataset.ts";
import { npmDigits } from "./mnist.ts";
import type { Source } from "./source.ts";

export { type Dataset, fillBatch } from "./dataset.ts";

/** What a resolved spec says about its data. */
export interface DatasetRequest {
  /** mnist, mnist-m, cifar-10, or folder. */
  dataset: string;
  /** At most so many images; null: all. */
  limit?: number | null;
  /** Pixels a side. */
  imageSize: number;
  channels: number;
  /** Where the images lie; null: data/ and the dataset's name. */
  path?: string | null;
  /** Images that are not square: the square at their centre (the default), or all of them, squashed. */
  fit?: "crop" | "squash";
  /** The data digest that the data must have, or null. */
  dataDigest?: string | null;
}

/** How to read, which is no part of the result. */
export interface LoadOptions {
  /** The folder in which datasets lie; default `data` in the working folder. */
  dataRoot?: string;
  /** Leave out images that cannot be read. */
  skipBad?: boolean;
  /** Called now and then with the number of images done and to do. */
  onProgress?: (done: number, all: number) => void;
}

/** The datasets, each with its way to a source. */
const openers: Record<string, (request: DatasetRequest, dataRoot: string) => Promise<Source>> = {
  mnist: () => npmDigits(),
};

/** The names of the datasets. */
export const datasetNames: readonly string[] = Object.keys(openers);

/**
 * A dataset as the spec asks for it, with its data digest.
 *
 * @throws UserError where the dataset is unknown, missing, empty, damaged, or not the one whose digest is pinned
 */
export async function loadDataset(request: DatasetRequest, options: LoadOptions = {}): Promise<Dataset> {
  const open = openers[request.dataset];
  if (!open) throw new UserError(`dataset ${request.dataset}: there are ${datasetNames.join(", ")}`);
  const { imageSize, channels, fit = "crop", limit = null, dataDigest: pinned = null } = request;
  if (channels !== 1 && channels !== 3) throw new UserError(`channels: ${channels}; images have 1 or 3`);
  const source = await open(request, options.dataRoot ?? "data");
  const dataset = await collect(request.dataset, source, { imageSize, channels, fit }, { ...options, limit });
  if (pinned !== null && pinned !== dataset.digest) {
    throw new UserError(
      `dataset ${request.dataset}: the spec pins the data digest ${pinned}, but ${dataset.source} has ` +
        `${dataset.digest}. Use the data that the spec was written for, or remove the pin`,
    );
  }
  return dataset;
}
