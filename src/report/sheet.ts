/**
 * Sheets: images in rows and columns, enlarged without smoothing, with labels where they say
 * something.
 */
import { encodePng } from "../formats/png.ts";
import type { Image } from "../formats/image.ts";
import { blend, escapeText, fontFamily, rasterize } from "./svg.ts";

/** Images of one size, as datasets and sampling give them. */
export interface Pictures {
  /** count * imageSize * imageSize * channels bytes: N, H, W, C. */
  images: Uint8Array;
  count: number;
  /** Pixels a side. */
  imageSize: number;
  channels: 1 | 3;
}

/** A block of images in a sheet: `cells[row][column]`, null where nothing stands. */
export interface Block {
  /** Stands over the block. */
  title?: string | undefined;
  columnLabels?: string[] | undefined;
  cells: (Image | null)[][];
}

/** How a sheet is laid out. Lengths are pixels of the sheet. */
export interface SheetOptions {
  title?: string | undefined;
  /** Stand left of the rows of the first block. */
  rowLabels?: string[] | undefined;
  /** Stands over the row labels' column: what they are. */
  rowLabelsTitle?: string | undefined;
  /** Stands under the title, in grey. */
  note?: string | undefined;
  /**
   * Pixels a side for each image pixel, a whole number; default: what makes an image about 64
   * pixels wide.
   */
  scale?: number | undefined;
  /** Between images. */
  gap?: number | undefined;
}

const paper = 255;
const margin = 12;
const ink = "#1c2430";
const faint = "#5b6675";

/** Height of the labels over columns. */
export const labelSize = 12;

/** One image of many, not copied. */
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

/** Some images of a set, not copied: at most `count` from `first` on. */
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

/** All images of a set, one after the other. */
export function allPictures(pictures: Pictures): Image[] {
  return Array.from({ length: pictures.count }, (_, i) => pictureAt(pictures, i));
}

/** Enlarges an image into a place of an RGB picture, each pixel a square. */
function paste(onto: Image, image: Image, left: number, top: number, scale: number): void {
  for (let y = 0; y < image.height * scale; y++) {
    const row = Math.floor(y / scale) * image.width;
    for (let x = 0; x < image.width * scale; x++) {
      const from = (row + Math.floor(x / scale)) * image.channels;
      const to = 3 * ((top + y) * onto.width + left + x);
      for (let c = 0; c < 3; c++) {
        onto.data[to + c] = image.data[from + (image.channels === 3 ? c : 0)]!;
      }
    }
  }
}

/**
 * About how wide a text is drawn, in pixels. DejaVu Sans is wide: three fifths of its height on
 * average.
 */
export function textWidth(text: string, size: number): number {
  return Math.ceil(text.length * size * 0.62);
}

/** A text in lines of at most a width, broken between words. */
function wrapped(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Lays blocks of images side by side under one title. All images are of one size. */
export async function drawSheet(blocks: Block[], options: SheetOptions = {}): Promise<Image> {
  const first = blocks.flatMap((block) => block.cells.flat()).find((cell) => cell !== null);
  if (!first) throw new Error("a sheet without images");
  const scale = options.scale ?? Math.max(1, Math.round(64 / first.width));
  const gap = options.gap ?? Math.max(2, Math.round(first.width * scale / 16));
  const cellWidth = first.width * scale;
  const cellHeight = first.height * scale;
  const rows = Math.max(...blocks.map((block) => block.cells.length));
  const texts: string[] = [];
  const write = (
    text: string,
    x: number,
    y: number,
    size: number,
    anchor: "start" | "middle" | "end",
    fill = ink,
  ) =>
    texts.push(
      `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${fill}">${
        escapeText(text)
      }</text>`,
    );

  const labels = options.rowLabels ?? [];
  const rowLabelWidth = labels.length || options.rowLabelsTitle
    ? Math.max(...[...labels, options.rowLabelsTitle ?? ""].map((text) => textWidth(text, 13))) + 10
    : 0;
  let top = margin;
  if (options.title) {
    write(options.title, margin, top + 15, 16, "start");
    top += 26;
  }
  const blockGap = Math.max(24, 4 * gap);
  const columnsOf = ({ cells, columnLabels }: Block) =>
    Math.max(...cells.map((row) => row.length), columnLabels?.length ?? 0);
  const blocksWidth =
    blocks.reduce((sum, block) => sum + columnsOf(block) * (cellWidth + gap) - gap + blockGap, 0) -
    blockGap;
  const noteLines = options.note
    ? wrapped(options.note, Math.max(240, rowLabelWidth + blocksWidth), 12)
    : [];
  for (const line of noteLines) {
    write(line, margin, top + 11, 12, "start", faint);
    top += 16;
  }
  if (options.note) top += 6;
  if (blocks.some((block) => block.title)) top += 22;
  const labelled = blocks.some((block) => block.columnLabels);
  if (labelled) top += 20;
  if (options.rowLabelsTitle) {
    write(options.rowLabelsTitle, margin + rowLabelWidth - 8, top - 7, 12, "end", faint);
  }

  let left = margin + rowLabelWidth;
  const places: { image: Image; x: number; y: number }[] = [];
  for (const { title, columnLabels, cells } of blocks) {
    const width = columnsOf({ cells, columnLabels }) * (cellWidth + gap) - gap;
    if (title) write(title, left, top - (labelled ? 27 : 9), 14, "start");
    columnLabels?.forEach((text, c) => {
      write(
        text,
        left + c * (cellWidth + gap) + cellWidth / 2,
        top - 7,
        labelSize,
        "middle",
        faint,
      );
    });
    cells.forEach((row, r) =>
      row.forEach((image, c) => {
        if (!image) return;
        if (image.width !== first.width || image.height !== first.height) {
          throw new Error(
            `a sheet of images of ${first.width}x${first.height} and of ${image.width}x${image.height}`,
          );
        }
        places.push({ image, x: left + c * (cellWidth + gap), y: top + r * (cellHeight + gap) });
      })
    );
    left += width + blockGap;
  }
  labels.forEach((text, r) => {
    write(
      text,
      margin + rowLabelWidth - 8,
      top + r * (cellHeight + gap) + cellHeight / 2 + 4.5,
      13,
      "end",
    );
  });

  const wanted = Math.max(
    textWidth(options.title ?? "", 16),
    ...noteLines.map((line) => textWidth(line, 12)),
  ) + 2 * margin;
  const width = Math.max(left - blockGap + margin, wanted);
  const height = top + rows * cellHeight + (rows - 1) * gap + margin;
  const sheet: Image = {
    width,
    height,
    channels: 3,
    data: new Uint8Array(width * height * 3).fill(paper),
  };
  for (const { image, x, y } of places) paste(sheet, image, x, y, scale);
  if (texts.length) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `font-family="${fontFamily}">${texts.join("")}</svg>`;
    blend(sheet.data, width, (await rasterize(svg)).data, width, 0, 0);
  }
  return sheet;
}

/** A {@link drawSheet} as a PNG file. */
export async function sheetPng(
  blocks: Block[],
  options: SheetOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return encodePng(await drawSheet(blocks, options));
}

/** Cuts a list into rows. */
function rowsOf<T>(items: T[], columns: number): T[][] {
  return Array.from(
    { length: Math.ceil(items.length / columns) },
    (_, r) => items.slice(r * columns, (r + 1) * columns),
  );
}

/**
 * A grid of all images, without labels, as a PNG file.
 *
 * @param options.columns default: a square, or a little wider
 */
export function imageGrid(
  pictures: Pictures,
  options: SheetOptions & { columns?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const columns = options.columns ?? Math.ceil(Math.sqrt(pictures.count));
  return sheetPng([{ cells: rowsOf(allPictures(pictures), columns) }], options);
}

/** Images edge to edge at their own size; places that stay empty are white. */
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

/** The published collages: 400 images each, 20 a row, edge to edge; PNG files. */
export function collages(pictures: Pictures, each = 400): Uint8Array<ArrayBuffer>[] {
  const columns = Math.ceil(Math.sqrt(each));
  return rowsOf(allPictures(pictures), each).map((some) => encodePng(tiled(some, columns)));
}

/** An angle as people write it: a true minus sign, a degree sign. */
export function angleText(degrees: number): string {
  return `${degrees < 0 ? "−" : ""}${+Math.abs(degrees).toFixed(1)}°`;
}

/** The samples of one model, drawn with the same noise for each angle. */
export interface RotatedSamples {
  /** Stands over the model's block: "D-2N". */
  model: string;
  /** One set for each angle. */
  images: Pictures[];
}

/**
 * The rotation sheet: angles across, seeds down, models side by side (a reference beside the model
 * in question).
 *
 * @param angles degrees, counter-clockwise, as displayed
 * @param options.rows at most so many seeds; default 4, as published
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
 * A sheet whose columns are moments and whose rows are images: the strips of noising and denoising,
 * the samples of each epoch turned on their side.
 *
 * @param moments what the images looked like at each moment, with its label ("t = 900", "epoch 3")
 * @param options.rows at most so many images
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
 * The samples drawn while training: a row for each preview ("epoch 3"), at most eight images each;
 * a PNG file.
 *
 * @param options.columnLabels stand over the images
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
