/**
 * Lays out and draws sheets: blocks of images side by side, enlarged without smoothing, with labels
 * where they help.
 */
import { encodePng } from "../formats/png.ts";
import type { Image } from "../formats/image.ts";
import { blend, escapeText, fontFamily, rasterize } from "./svg.ts";

/** A block of images in a sheet: `cells[row][column]`, null for an empty cell. */
export interface Block {
  /** Above the block. */
  title?: string | undefined;
  columnLabels?: string[] | undefined;
  cells: (Image | null)[][];
}

/** The layout of a sheet. Lengths are in pixels of the sheet. */
export interface SheetOptions {
  title?: string | undefined;
  /** To the left of the first block's rows. */
  rowLabels?: string[] | undefined;
  /** Above the column of row labels: what they are. */
  rowLabelsTitle?: string | undefined;
  /** Grey text under the title. */
  note?: string | undefined;
  /** Sheet pixels per image pixel, a whole number. Default: makes an image about 64 pixels wide. */
  scale?: number | undefined;
  /** Between images. */
  gap?: number | undefined;
}

/** White. */
export const paper = 255;
const margin = 12;
const ink = "#1c2430";
const faint = "#5b6675";

/** The height of column labels. */
export const labelSize = 12;

/** Enlarges an image into an RGB picture; each pixel becomes a square. */
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
 * The approximate width of a text in pixels. DejaVu Sans is wide: three fifths of its height on
 * average.
 */
export function textWidth(text: string, size: number): number {
  return Math.ceil(text.length * size * 0.62);
}

/** A text broken between words into lines of at most the given width. */
function wrapped(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Heights of a sheet's texts in pixels, and the room that each takes. */
const fonts = {
  title: { size: 16, room: 26 },
  note: { size: 12, room: 16 },
  block: { size: 14, room: 22 },
  column: { size: labelSize, room: 20 },
  row: { size: 13, room: 10 },
};

/** A sheet's measures in its own pixels. */
interface Measures {
  scale: number;
  gap: number;
  /** Between two blocks. */
  blockGap: number;
  /** The size of an enlarged image. */
  cell: { width: number; height: number };
  /** The width of the row labels, including the space to their right. */
  labelsWidth: number;
  /** The width of all blocks, including the space between them. */
  blocksWidth: number;
}

/** The content drawn on a sheet so far. */
interface Drawing {
  /** SVG. */
  texts: string[];
  images: { image: Image; x: number; y: number }[];
}

/** Position and style of a text. */
interface TextPlace {
  x: number;
  y: number;
  size: number;
  anchor: "start" | "middle" | "end";
  fill?: string;
}

function write({ texts }: Drawing, text: string, place: TextPlace): void {
  const { x, y, size, anchor, fill = ink } = place;
  texts.push(
    `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${fill}">${
      escapeText(text)
    }</text>`,
  );
}

function columnsOf({ cells, columnLabels }: Block): number {
  return Math.max(...cells.map((row) => row.length), columnLabels?.length ?? 0);
}

function measure(blocks: readonly Block[], first: Image, options: SheetOptions): Measures {
  const scale = options.scale ?? Math.max(1, Math.round(64 / first.width));
  const gap = options.gap ?? Math.max(2, Math.round(first.width * scale / 16));
  const blockGap = Math.max(24, 4 * gap);
  const cell = { width: first.width * scale, height: first.height * scale };
  const labels = [...options.rowLabels ?? [], options.rowLabelsTitle ?? ""];
  const isLabelled = labels.length > 1 || labels[0] !== "";
  const widest = Math.max(...labels.map((text) => textWidth(text, fonts.row.size)));
  const widths = blocks.map((block) => columnsOf(block) * (cell.width + gap) - gap + blockGap);
  return {
    scale,
    gap,
    blockGap,
    cell,
    labelsWidth: isLabelled ? widest + fonts.row.room : 0,
    blocksWidth: widths.reduce((sum, width) => sum + width, 0) - blockGap,
  };
}

/** Draws title and note. Returns where the content below begins, and how wide both are. */
function drawHead(
  drawing: Drawing,
  { title, note }: SheetOptions,
  { labelsWidth, blocksWidth }: Measures,
): { top: number; width: number } {
  let top = margin;
  if (title) {
    write(drawing, title, { x: margin, y: top + 15, size: fonts.title.size, anchor: "start" });
    top += fonts.title.room;
  }
  const { size, room } = fonts.note;
  const lines = note ? wrapped(note, Math.max(240, labelsWidth + blocksWidth), size) : [];
  for (const line of lines) {
    write(drawing, line, { x: margin, y: top + 11, size, anchor: "start", fill: faint });
    top += room;
  }
  if (note) top += 6;
  const widths = [
    textWidth(title ?? "", fonts.title.size),
    ...lines.map((line) => textWidth(line, size)),
  ];
  return { top, width: Math.max(...widths) };
}

/** Draws a block's title, labels and images at a position. */
function drawBlock(
  drawing: Drawing,
  { title, columnLabels, cells }: Block,
  { left, top, titleAt }: { left: number; top: number; titleAt: number },
  { cell, gap }: Measures,
): void {
  if (title) {
    write(drawing, title, { x: left, y: titleAt, size: fonts.block.size, anchor: "start" });
  }
  columnLabels?.forEach((text, column) => {
    const x = left + column * (cell.width + gap) + cell.width / 2;
    const { size } = fonts.column;
    write(drawing, text, { x, y: top - 7, size, anchor: "middle", fill: faint });
  });
  cells.forEach((row, r) =>
    row.forEach((image, column) => {
      if (!image) return;
      const x = left + column * (cell.width + gap);
      drawing.images.push({ image, x, y: top + r * (cell.height + gap) });
    })
  );
}

/** Draws the row labels and their title. */
function drawRowLabels(
  drawing: Drawing,
  { rowLabels = [], rowLabelsTitle }: SheetOptions,
  top: number,
  { labelsWidth, cell, gap }: Measures,
): void {
  const x = margin + labelsWidth - 8;
  if (rowLabelsTitle) {
    const { size } = fonts.column;
    write(drawing, rowLabelsTitle, { x, y: top - 7, size, anchor: "end", fill: faint });
  }
  rowLabels.forEach((text, row) => {
    const y = top + row * (cell.height + gap) + cell.height / 2 + 4.5;
    write(drawing, text, { x, y, size: fonts.row.size, anchor: "end" });
  });
}

/** Lays out blocks of images side by side under one title. All images have the same size. */
export async function drawSheet(
  blocks: readonly Block[],
  options: SheetOptions = {},
): Promise<Image> {
  const first = sizeOfAll(blocks);
  const measures = measure(blocks, first, options);
  const { scale, gap, blockGap, cell, labelsWidth, blocksWidth } = measures;
  const drawing: Drawing = { texts: [], images: [] };
  const head = drawHead(drawing, options, measures);
  const isTitled = blocks.some(({ title }) => title);
  const isLabelled = blocks.some(({ columnLabels }) => columnLabels);
  const top = head.top + (isTitled ? fonts.block.room : 0) + (isLabelled ? fonts.column.room : 0);
  drawRowLabels(drawing, options, top, measures);

  let left = margin + labelsWidth;
  const titleAt = top - (isLabelled ? 27 : 9);
  for (const block of blocks) {
    drawBlock(drawing, block, { left, top, titleAt }, measures);
    left += columnsOf(block) * (cell.width + gap) - gap + blockGap;
  }

  const rows = Math.max(...blocks.map(({ cells }) => cells.length));
  const width = Math.max(labelsWidth + blocksWidth + 2 * margin, head.width + 2 * margin);
  const height = top + rows * cell.height + (rows - 1) * gap + margin;
  return await render(drawing, width, height, scale);
}

/** The common size of all images, taken from one of them. */
function sizeOfAll(blocks: readonly Block[]): Image {
  const images = blocks.flatMap(({ cells }) => cells.flat()).filter((cell) => cell !== null);
  const [first] = images;
  if (!first) throw new Error("a sheet without images");
  const other = images.find(({ width, height }) =>
    width !== first.width || height !== first.height
  );
  if (other) {
    throw new Error(
      `a sheet of images of ${first.width}x${first.height} and of ${other.width}x${other.height}`,
    );
  }
  return first;
}

async function render(
  { texts, images }: Drawing,
  width: number,
  height: number,
  scale: number,
): Promise<Image> {
  const data = new Uint8Array(width * height * 3).fill(paper);
  const sheet: Image = { width, height, channels: 3, data };
  for (const { image, x, y } of images) paste(sheet, image, x, y, scale);
  if (texts.length > 0) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `font-family="${fontFamily}">${texts.join("")}</svg>`;
    blend(data, width, (await rasterize(svg)).data, width, 0, 0);
  }
  return sheet;
}

/** A sheet (see {@link drawSheet}) as a PNG file. */
export async function sheetPng(
  blocks: readonly Block[],
  options: SheetOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return encodePng(await drawSheet(blocks, options));
}
