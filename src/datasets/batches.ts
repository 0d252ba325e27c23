/**
 * Datasets that lie in a few files with many images each: IDX, the published code's CSV, CIFAR-10's
 * batches.
 */
import { UserError } from "../errors.ts";
import {
  type CifarBatch,
  cifarImage,
  cifarNames,
  cifarRecordBytes,
  decodeCifarBinary,
  decodeCifarPython,
} from "../formats/cifar.ts";
import { gunzip, isGzip } from "../formats/gzip.ts";
import { decodeIdx } from "../formats/idx.ts";
import type { Image } from "../formats/image.ts";
import { readInput, readInputInto } from "../formats/input.ts";
import { readLines } from "../formats/lines.ts";
import type { DataFile } from "./files.ts";
import { digitNames, type Sample, type Source } from "./source.ts";

async function readIdx(path: string) {
  const bytes = await readInput(path);
  return decodeIdx(isGzip(bytes) ? await gunzip(bytes, path) : bytes, path);
}

/** The names of classes 0 ... most, which are digits where ten are enough. */
function numbers(most: number): string[] {
  return most < 10 ? digitNames : Array.from({ length: most + 1 }, (_, label) => `${label}`);
}

/**
 * MNIST's own files: each of images with its file of labels, whose name says `labels-idx1` for
 * `images-idx3`.
 *
 * @param files of images, in the order in which they are taken
 * @param all where the labels are looked for
 */
export async function idxSource(files: DataFile[], all: DataFile[]): Promise<Source> {
  const parts: (Image & { name: string; count: number; labels: Uint8Array | null })[] = [];
  for (const { path, name } of files) {
    const { shape: [count, height, width, depth = 1], data } = await readIdx(path);
    if (!count || !height || !width || (depth !== 1 && depth !== 3)) {
      throw new UserError(`${path}: this IDX file holds no images`);
    }
    const wanted = name.replace(/images/g, "labels").replace(/idx\d/, "idx1").replace(/\.gz$/, "");
    const found = wanted === name
      ? undefined
      : all.find((file) => file.name.replace(/\.gz$/, "") === wanted);
    const labels = found ? await readIdx(found.path) : null;
    if (labels && `${labels.shape}` !== `${count}`) {
      throw new UserError(
        `${found!.path}: ${labels.data.length} labels for the ${count} images of ${path}`,
      );
    }
    parts.push({
      name,
      count,
      height,
      width,
      channels: depth as 1 | 3,
      data,
      labels: labels?.data ?? null,
    });
  }
  let most = -1;
  for (const { labels } of parts) for (const label of labels ?? []) most = Math.max(most, label);
  function* samples(): Generator<Sample> {
    for (const { name, count, height, width, channels, data, labels } of parts) {
      const stride = height * width * channels;
      for (let i = 0; i < count; i++) {
        const read = () => ({
          width,
          height,
          channels,
          data: data.subarray(i * stride, (i + 1) * stride),
        });
        yield { name: `${name}, image ${i}`, label: labels?.[i] ?? null, read };
      }
    }
  }
  return {
    description: `IDX files ${files.map(({ name }) => name).join(", ")}`,
    classNames: parts.every(({ labels }) => labels) ? numbers(most) : null,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    samples: samples(),
  };
}

/** A row of the table as an image, or what is wrong with it, said when the image is read. */
export function parseRow(line: string, where: string): { label: number; image: Sample["read"] } {
  const fault = (what: string) => ({
    label: 0,
    image: () => {
      throw new UserError(`${where}: ${what}`);
    },
  });
  const fields = line.split(",");
  const pixels = fields.length - 1;
  const side = Math.sqrt(pixels);
  if (!Number.isInteger(side) || side === 0) return fault(`${pixels} pixels are no square image`);
  const numbers = fields.map((field) => /^\s*\d{1,3}(\.0*)?\s*$/.test(field) ? Number(field) : NaN);
  const bad = numbers.findIndex((value) => !(value <= 255));
  if (bad >= 0) {
    return fault(
      `${JSON.stringify(fields[bad]!.slice(0, 20))} in column ${bad + 1} is no number to 255`,
    );
  }
  const label = numbers[0]!;
  if (label > 9) return fault(`the label ${label} is no digit`);
  const data = Uint8Array.from(numbers.slice(1));
  return { label, image: () => ({ width: side, height: side, channels: 1, data }) };
}

/**
 * The CSV of the published code: a row an image, its label first. The first row of each file is
 * passed over, as the published code loses it (it reads it as a header), so that 20,000 rows are
 * 19,999 images.
 */
export async function csvSource(files: DataFile[]): Promise<Source> {
  let count = 0;
  for (const { path } of files) {
    let rows = 0;
    for await (const line of readLines(path)) if (line) rows++;
    count += Math.max(0, rows - 1);
  }
  async function* samples(): AsyncGenerator<Sample> {
    for (const { path, name } of files) {
      let row = 0;
      for await (const line of readLines(path)) {
        row++;
        if (row === 1 || !line) continue;
        const { label, image } = parseRow(line, `${path}:${row}`);
        yield { name: `${name}, row ${row}`, label, read: image };
      }
    }
  }
  return {
    description: `the table ${
      files.map(({ name }) => name).join(", ")
    } (its first row passed over, as published)`,
    classNames: digitNames,
    count,
    samples: samples(),
  };
}

/** CIFAR-10's batches, binary or Python's, read one after the other. */
export function cifarSource(files: DataFile[], kind: "binary" | "Python"): Source {
  async function* samples(): AsyncGenerator<Sample> {
    // Garbage of this size would stay for long: all batches are read into one place, and so are all
    // images.
    let buffer = new Uint8Array();
    const pixels = new Uint8Array(cifarRecordBytes - 1);
    for (const { path, name } of files) {
      const bytes = await readInputInto(path, buffer);
      buffer = new Uint8Array(bytes.buffer);
      const batch: CifarBatch = kind === "binary"
        ? decodeCifarBinary(bytes, path)
        : decodeCifarPython(bytes, path);
      for (let i = 0; i < batch.labels.length; i++) {
        const label = batch.labels[i]!;
        const read = () => {
          if (!(label < cifarNames.length)) {
            throw new UserError(`${path}, image ${i}: the label ${label} is no class`);
          }
          return cifarImage(batch, i, pixels);
        };
        yield { name: `${name}, image ${i}`, label, read };
      }
    }
  }
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return {
    description: `CIFAR-10's ${kind} batches ${files.map(({ name }) => name).join(", ")}`,
    classNames: cifarNames,
    // Python's batches hold a little more than their images.
    count: Math.ceil(size / (cifarRecordBytes - 1)),
    samples: samples(),
  };
}
