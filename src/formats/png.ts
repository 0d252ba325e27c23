/**
 * Writes and reads PNG. Format: https://www.w3.org/TR/png-3/.
 *
 * We do not use a package, for two reasons. The bytes of a bundle's pictures must be the same on
 * every platform (fflate compresses in plain JavaScript). And a reader of untrusted files has to
 * refuse what it cannot keep (16 bits, animations), and must not use more memory than the file's
 * size justifies.
 */
import { unzlibSync, zlibSync } from "fflate";
import { UserError } from "../messages/errors.ts";
import type { Image } from "./image.ts";
import { type PngHeader, type PngParts, readChunks, writeChunks } from "./png_chunks.ts";
import { entryOf } from "../collections/elements.ts";

export { isPng } from "./png_chunks.ts";

type Fault = (what: string) => UserError;

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const dl = Math.abs(estimate - left);
  const du = Math.abs(estimate - up);
  const dc = Math.abs(estimate - corner);
  return dl <= du && dl <= dc ? left : du <= dc ? up : corner;
}

/** The predictions of the format's five filters for a byte from its neighbours. */
const predictors: ((left: number, up: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
];

/** Width and height of a PNG file, from its header; 0 if it is too short to have one. */
export function pngSize(png: Uint8Array): { width: number; height: number } {
  if (png.length < 24) return { width: 0, height: 0 };
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/**
 * The rows of an image before compression, each after the number of its filter: the one with the
 * smallest sum of residuals, as the specification recommends.
 */
function filteredRows({ width, height, channels, data }: Image): Uint8Array {
  const stride = width * channels;
  const rows = new Uint8Array((stride + 1) * height);
  const attempt = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    let least = Infinity;
    predictors.forEach((predict, filter) => {
      let sum = 0;
      for (let x = 0; x < stride; x++) {
        const at = y * stride + x;
        const inside = x >= channels;
        const left = inside ? data[at - channels]! : 0;
        const up = y ? data[at - stride]! : 0;
        const corner = inside && y ? data[at - stride - channels]! : 0;
        const residual = (data[at]! - predict(left, up, corner)) & 255;
        attempt[x] = residual;
        sum += residual < 128 ? residual : 256 - residual;
      }
      if (sum < least) {
        least = sum;
        rows[y * (stride + 1)] = filter;
        rows.set(attempt, y * (stride + 1) + 1);
      }
    });
  }
  return rows;
}

/**
 * A PNG file of an image; the same image always gives the same bytes.
 *
 * @param image grey or RGB, 8 bits per sample, at least one pixel
 */
export function encodePng(image: Image): Uint8Array<ArrayBuffer> {
  const { width, height, channels, data } = image;
  if (width < 1 || height < 1 || data.length !== width * channels * height) {
    throw new Error(`${data.length} bytes are not an image of ${width}x${height}x${channels}`);
  }
  const header = new Uint8Array(13);
  const fields = new DataView(header.buffer);
  fields.setUint32(0, width);
  fields.setUint32(4, height);
  header.set([8, channels === 1 ? 0 : 2], 8);
  return writeChunks([
    ["IHDR", header],
    ["IDAT", zlibSync(filteredRows(image), { level: 9 })],
    ["IEND", new Uint8Array()],
  ]);
}

/** Samples per pixel for each colour type. */
const samplesOf = new Map([[0, 1], [2, 3], [3, 1], [4, 2], [6, 4]]);

/** A pass over an image: its start, the distance of its pixels, and their number. */
interface Pass {
  x0: number;
  y0: number;
  dx: number;
  dy: number;
  columns: number;
  rows: number;
  /** Bytes per row. */
  stride: number;
}

const plainPass = [[0, 0, 1, 1]] as const;
/** Seven passes, each with more pixels than the one before. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function bitsPerPixel({ colourType, bitDepth }: PngHeader): number {
  return entryOf(samplesOf, colourType) * bitDepth;
}

function passesOf(header: PngHeader): Pass[] {
  return (header.interlaced ? adam7 : plainPass).map(([x0, y0, dx, dy]) => {
    const columns = Math.max(0, Math.ceil((header.width - x0) / dx));
    const rows = Math.max(0, Math.ceil((header.height - y0) / dy));
    const stride = Math.ceil(columns * bitsPerPixel(header) / 8);
    return { x0, y0, dx, dy, columns, rows: columns ? rows : 0, stride };
  });
}

/** The rows of all passes, still filtered. */
function unpackRows(compressed: Uint8Array, passes: readonly Pass[], fault: Fault): Uint8Array {
  const expected = passes.reduce((sum, { rows, stride }) => sum + rows * (stride + 1), 0);
  // Deflate never expands more than 1032-fold: a small file that claims many pixels is damaged or
  // malicious.
  if (expected > 1032 * compressed.length) throw fault("its pixels are truncated");
  let filtered: Uint8Array;
  try {
    // One extra byte, to detect a stream that is too long.
    filtered = unzlibSync(compressed, { out: new Uint8Array(expected + 1) });
  } catch {
    throw fault("its pixels are damaged");
  }
  if (filtered.length !== expected) {
    throw fault(`its pixels are ${filtered.length < expected ? "truncated" : "too many"}`);
  }
  return filtered;
}

/** Reverses the filter of a row, in place. */
function unfilter(
  line: Uint8Array,
  above: Uint8Array,
  filter: number | undefined,
  step: number,
  fault: Fault,
): void {
  const predict = predictors[filter ?? NaN];
  if (!predict) throw fault("its pixels are damaged");
  for (let i = 0; i < line.length; i++) {
    const inside = i >= step;
    line[i]! += predict(inside ? line[i - step]! : 0, above[i]!, inside ? above[i - step]! : 0);
  }
}

/** Writes a row's pixel into an image at `to`. */
type PixelWriter = (line: Uint8Array, column: number, data: Uint8Array, to: number) => void;

/** Returns a function that converts a file's pixels to grey or RGB. */
function pixelWriter({ colourType, bitDepth, palette }: PngParts, fault: Fault): PixelWriter {
  const samples = entryOf(samplesOf, colourType);
  if (colourType === 2 || colourType === 6) {
    return (line, column, data, to) => {
      for (let c = 0; c < 3; c++) data[to + c] = line[column * samples + c]!;
    };
  }
  const max = (1 << bitDepth) - 1;
  const valueAt = (line: Uint8Array, column: number): number => {
    if (bitDepth === 8) return line[column * samples]!;
    const bit = column * samples * bitDepth;
    return (line[bit >> 3]! >> (8 - bitDepth - (bit & 7))) & max;
  };
  if (colourType !== 3 || !palette) {
    return (line, column, data, to) => {
      data[to] = valueAt(line, column) * (255 / max);
    };
  }
  return (line, column, data, to) => {
    const at = 3 * valueAt(line, column);
    if (at + 2 >= palette.length) throw fault("it refers to colours that its palette lacks");
    for (let c = 0; c < 3; c++) data[to + c] = palette[at + c]!;
  };
}

/**
 * The image of a PNG file. Palettes are resolved; transparency is dropped (datasets have no
 * background to show).
 *
 * @param where what to call the file in messages
 * @throws UserError if it is damaged, truncated, animated, has 16 bits per sample, or more than 50
 * million pixels
 */
export function decodePng(bytes: Uint8Array, where = "PNG data"): Image {
  const fault = (what: string) => new UserError(`${where}: this PNG image cannot be read: ${what}`);
  const parts = readChunks(bytes, fault);
  const { width, height, colourType, compressed } = parts;
  const passes = passesOf(parts);
  const filtered = unpackRows(compressed, passes, fault);
  const step = Math.max(1, bitsPerPixel(parts) >> 3);
  const write = pixelWriter(parts, fault);
  const channels = colourType === 0 || colourType === 4 ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  let at = 0;
  for (const { x0, y0, dx, dy, columns, rows, stride } of passes) {
    let above: Uint8Array = new Uint8Array(stride);
    for (let row = 0; row < rows; row++) {
      const line = filtered.subarray(at + 1, at + 1 + stride);
      unfilter(line, above, filtered[at], step, fault);
      for (let column = 0; column < columns; column++) {
        write(line, column, data, ((y0 + row * dy) * width + x0 + column * dx) * channels);
      }
      above = line;
      at += stride + 1;
    }
  }
  return { width, height, channels, data };
}
