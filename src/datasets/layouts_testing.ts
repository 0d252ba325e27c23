/** Small generated datasets in common layouts, for tests. */
import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { encodePng } from "../formats/png.ts";
import { filesTest } from "../files/testing.ts";
import type { Dataset } from "./dataset.ts";
import digitJpeg from "./fixtures/digit.jpg" with { type: "bytes" };
import { loadDataset } from "./mod.ts";
import type { LabelChoice } from "./source.ts";

/** Files by their paths relative to the dataset's folder. */
export type Files = Record<string, Uint8Array | string>;

/** A grey JPEG file, 28 pixels per side. */
export const jpegFile: Uint8Array = digitJpeg;

/** The grey pixels of generated image number n; each image is different. */
export function greyPixels(n: number, side = 28): Uint8Array {
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const isBorder = i % side === 0 || i % side === side - 1 || i < side || i >= side * (side - 1);
    return isBorder ? 0 : (i * 7 + n * 31) % 256;
  });
}

/** The colour pixels of generated image number n, channels last. */
export function colourPixels(n: number, side = 32): Uint8Array {
  return Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * 5 + n * 29) % 256);
}

/** Image number n as a grey PNG file. */
export function greyPng(n: number, side = 28): Uint8Array {
  return encodePng({ width: side, height: side, channels: 1, data: greyPixels(n, side) });
}

/** Image number n as a colour PNG file. */
export function colourPng(n: number, side = 32): Uint8Array {
  return encodePng({ width: side, height: side, channels: 3, data: colourPixels(n, side) });
}

const u32 = (value: number) => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];

/** An IDX file of bytes. */
export function idxFile(shape: number[], bytes: Uint8Array | readonly number[]): Uint8Array {
  const head = [0, 0, 8, shape.length, ...shape.flatMap(u32)];
  const file = new Uint8Array(head.length + bytes.length);
  file.set(head);
  file.set(bytes, head.length);
  return file;
}

/** Files made from each item of a list. */
export function each<T>(list: readonly T[], files: (item: T, i: number) => Files): Files {
  return Object.assign({}, ...list.map(files));
}

/** Numbers from 0 up. */
export const upTo = (count: number): number[] => [...Array(count).keys()];

/** IDX files of the images with these numbers, and of their labels, n % 10. */
export function idxPair(numbers: readonly number[]): { images: Uint8Array; labels: Uint8Array } {
  return {
    images: idxFile([numbers.length, 28, 28], numbers.flatMap((n) => [...greyPixels(n)])),
    labels: idxFile([numbers.length], numbers.map((n) => n % 10)),
  };
}

/** A CSV table of 28x28 images with the columns that `row` returns. */
export function pixelTable(
  header: string[] | null,
  numbers: readonly number[],
  row: (label: number, pixels: number[], n: number) => (number | string)[],
): string {
  const rows = numbers.map((n) => row(n % 10, [...greyPixels(n)], n).join(","));
  return [...(header ? [header.join(",")] : []), ...rows].join("\n") + "\n";
}

/** `pixel0` ..., as Kaggle names columns, or counting from another number. */
export function pixelNames(first = 0): string[] {
  return Array.from({ length: 784 }, (_, i) => `pixel${i + first}`);
}

/** One array of an archive. */
export interface NpyArray {
  descr: string;
  shape: number[];
  data: Uint8Array;
}

/** A `.npy` file. */
function npyFile({ descr, shape, data }: NpyArray): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const header = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11) + "\n";
  const text = new TextEncoder().encode(header);
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8];
  return Uint8Array.from([...magic, ...text, ...data]);
}

/** A `.npz` file of arrays. */
export async function npzFile(arrays: Record<string, NpyArray>): Promise<Uint8Array> {
  const { zipSync } = await import("fflate");
  const entries = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyFile(array)]);
  return zipSync(Object.fromEntries(entries));
}

/** Writes files into a folder. */
export function writeFiles(folder: string, files: Files): void {
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeFileSync(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  }
}

/** The files of a layout, and how to read them. */
export interface Layout {
  dataset: "mnist" | "mnist-m" | "cifar-10" | "folder";
  files: Files | Promise<Files>;
  labels?: LabelChoice;
  classes?: number;
  limit?: number;
  /** The path relative to the folder of the files. */
  path?: string;
}

async function load(folder: string, layout: Layout): Promise<Dataset> {
  const { dataset, files, labels, classes, limit = null, path = "" } = layout;
  writeFiles(join(folder, "files"), await files);
  const channels = dataset === "mnist" ? 1 : 3;
  const data = {
    limit,
    digest: null,
    fit: "crop" as const,
    path: join(folder, "files", path),
  };
  return await loadDataset({
    dataset,
    imageSize: dataset === "mnist" ? 28 : 32,
    channels,
    data: labels ? { ...data, labels } : data,
    classes: classes ?? null,
  }, { dataRoot: join(folder, "data") });
}

/** The expected result. */
export interface Expected {
  count: number;
  /** In image order; null: no labels. */
  labels: number[] | null;
  classNames?: string[];
  /** The numbers of the generated images, in order, if they are grey and 28 pixels per side. */
  grey?: number[];
  /** The numbers of the generated images, in order, if they are in colour. */
  colours?: number[];
  /** Texts that must appear in the notes, each within one line. */
  notes?: string[];
}

/** Registers a test that a layout is read. */
export function reads(name: string, layout: Layout, expected: Expected): void {
  filesTest(`read: ${name}`, async (folder) => {
    const dataset = await load(folder, layout);
    const { labels, classNames, notes, images } = dataset;
    const allNotes = notes.join("\n");
    assertEquals(
      [dataset.count, labels && [...labels]],
      [expected.count, expected.labels],
      `${dataset.source}\n${allNotes}`,
    );
    if (expected.classNames) assertEquals(classNames, expected.classNames);
    if (expected.grey) {
      assertEquals(images, Uint8Array.from(expected.grey.flatMap((n) => [...greyPixels(n)])));
    }
    if (expected.colours) {
      assertEquals(images, Uint8Array.from(expected.colours.flatMap((n) => [...colourPixels(n)])));
    }
    for (const note of expected.notes ?? []) {
      assert(notes.some((line) => line.includes(note)), `${note}\nis not among\n${allNotes}`);
    }
  });
}

/** Registers a test that a layout is refused with a message that contains all parts. */
export function refuses(name: string, layout: Layout, ...parts: string[]): void {
  filesTest(`refused: ${name}`, async (folder) => {
    const { message } = await assertRejects(() => load(folder, layout), UserError);
    for (const part of parts) assert(message.includes(part), `${part}\nis not in\n${message}`);
  });
}
