/** Sets of images, and the sheets that show them: grids, strips, rotated images, previews. */
import { encodePng } from "../formats/png.ts";
import type { Image } from "../formats/image.ts";
import { type Block, paper, type SheetOptions, sheetPng } from "./sheet_layout.ts";

/** Images of one size, as datasets and sampling produce them. */
export interface Pictures {
  /** count * imageSize * imageSize * channels bytes: N, H, W, C. */
  images: Uint8Array;
  count: number;
  /** Pixels per side. */
  imageSize: number;
  channels: 1 | 3;
}

/** One of many images, not copied. */
export function pictureAt({ images, count, imageSize, channels }: Pictures, index: number): Image {
  if (!(Number.isInteger(index) && index >= 0 && index < count)) {
    throw new Error(`no image ${index} among ${count}`);
  }
  const size = imageSize * imageSize * channels;
  return {
    width: imageSize,
    height: imageSize,
    channels,
    data: images.subarray(index * size, (index + 1) * size),
  };
}

/** Part of a set of images, not copied: at most `count` from `first` on. */
export function pictureRange(
  { images, imageSize, channels, ...set }: Pictures,
  first: number,
  count: number,
): Pictures {
  const size = imageSize * imageSize * channels;
  const some = Math.max(0, Math.min(count, set.count - first));
  return {
    images: images.subarray(first * size, (first + some) * size),
    count: some,
    imageSize,
    channels,
  };
}

/** All images of a set, in order. */
export function allPictures(pictures: Pictures): Image[] {
  return Array.from({ length: pictures.count }, (_, i) => pictureAt(pictures, i));
}

/** Splits a list into rows. */
function rowsOf<T>(items: T[], columns: number): T[][] {
  return Array.from(
    { length: Math.ceil(items.length / columns) },
    (_, r) => items.slice(r * columns, (r + 1) * columns),
  );
}

/**
 * A grid of all images, without labels, as a PNG file.
 *
 * @param options.columns default: as square as possible, or a little wider
 */
export function imageGrid(
  pictures: Pictures,
  options: SheetOptions & { columns?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const columns = options.columns ?? Math.ceil(Math.sqrt(pictures.count));
  return sheetPng([{ cells: rowsOf(allPictures(pictures), columns) }], options);
}

/** Images edge to edge at their own size; unused cells are white. */
export function tiled(images: Image[], columns: number): Image {
  const first = images[0];
  if (!first) throw new Error("a sheet without images");
  const { width, height, channels } = first;
  const wide = width * columns;
  const high = height * Math.ceil(images.length / columns);
  const data = new Uint8Array(wide * high * channels).fill(paper);
  images.forEach((image, n) => {
    const left = (n % columns) * width;
    const top = Math.floor(n / columns) * height;
    const row = width * channels;
    for (let y = 0; y < height; y++) {
      data.set(image.data.subarray(y * row, (y + 1) * row), ((top + y) * wide + left) * channels);
    }
  });
  return { width: wide, height: high, channels, data };
}

/** The published collages: 400 images each, 20 per row, edge to edge; PNG files. */
export function collages(pictures: Pictures, each = 400): Uint8Array<ArrayBuffer>[] {
  const columns = Math.ceil(Math.sqrt(each));
  return rowsOf(allPictures(pictures), each).map((some) => encodePng(tiled(some, columns)));
}

/** An angle as people write it, with a true minus sign and a degree sign. */
export function angleText(degrees: number): string {
  return `${degrees < 0 ? "−" : ""}${+Math.abs(degrees).toFixed(1)}°`;
}

/** The samples of one model, drawn with the same noise for each angle. */
export interface RotatedSamples {
  /** The title of the model's block: "D-2N". */
  model: string;
  /** One set per angle. */
  images: Pictures[];
}

/**
 * The rotation sheet: one column per angle, one row per seed, models side by side (a reference next
 * to the model).
 *
 * @param angles degrees, counter-clockwise, as displayed
 * @param options.rows the most seeds; default 4, as published
 * @returns a PNG file
 */
export function rotationSheet(
  { angles, models, rows = 4, ...options }:
    & { angles: number[]; models: RotatedSamples[]; rows?: number }
    & SheetOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const seeds = Math.min(rows, ...models.flatMap(({ images }) => images.map(({ count }) => count)));
  const blocks = models.map(({ model, images }): Block => ({
    title: model,
    columnLabels: angles.map(angleText),
    cells: Array.from({ length: seeds }, (_, seed) => images.map((at) => pictureAt(at, seed))),
  }));
  return sheetPng(blocks, {
    rowLabels: Array.from({ length: seeds }, (_, seed) => `${seed + 1}`),
    rowLabelsTitle: "image",
    ...options,
  });
}

/**
 * A sheet with one column per moment and one row per image: the strips of noising and denoising,
 * and the samples of each epoch (transposed).
 *
 * @param moments the images at each moment, with its label ("t = 900", "epoch 3")
 * @param options.rows the most images
 * @returns a PNG file
 */
export function strip(
  { moments, rows, ...options }:
    & { moments: { label: string; pictures: Pictures }[]; rows?: number }
    & SheetOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const count = Math.min(rows ?? Infinity, ...moments.map(({ pictures }) => pictures.count));
  return sheetPng([{
    columnLabels: moments.map(({ label }) => label),
    cells: Array.from(
      { length: count },
      (_, row) => moments.map(({ pictures }) => pictureAt(pictures, row)),
    ),
  }], options);
}

/**
 * The previews drawn during training, as a PNG file: one row per preview ("epoch 3"), with at most
 * eight images each.
 *
 * @param options.columnLabels above the images
 */
export function previewSheet(
  previews: { label: string; pictures: Pictures }[],
  { columnLabels, ...options }: SheetOptions & { columnLabels?: string[] | null } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const cells = previews.map(({ pictures }) => allPictures(pictures).slice(0, 8));
  return sheetPng([{ cells, columnLabels: columnLabels ?? undefined }], {
    rowLabels: previews.map(({ label }) => label),
    ...options,
  });
}
