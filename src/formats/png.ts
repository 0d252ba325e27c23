/**
 * PNG, written and read. Format: https://www.w3.org/TR/png-3/.
 *
 * Written here rather than by a package, since the bytes of a bundle's pictures must be the same on
 * every platform (fflate compresses in plain JavaScript), and since a reader of strangers' files
 * has to refuse what it cannot keep (16 bits, animations) and must not be talked into more memory
 * than the file's size justifies.
 */
import { unzlibSync, zlibSync } from "fflate";
import { UserError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { type Image, mostPixels } from "./image.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether the bytes begin as a PNG file does. */
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const dl = Math.abs(estimate - left);
  const du = Math.abs(estimate - up);
  const dc = Math.abs(estimate - corner);
  return dl <= du && dl <= dc ? left : du <= dc ? up : corner;
}

/** What the five filters of the format predict for a byte from its neighbours. */
const predictors: ((left: number, up: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
];

/** Width and height of a PNG file, from its header; 0 where it is too short to have one. */
export function pngSize(png: Uint8Array): { width: number; height: number } {
  if (png.length < 24) return { width: 0, height: 0 };
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/**
 * A PNG file of an image; the same image always gives the same bytes.
 *
 * @param image grey or RGB, 8 bits a sample, at least one pixel
 */
export function encodePng({ width, height, channels, data }: Image): Uint8Array<ArrayBuffer> {
  const stride = width * channels;
  if (width < 1 || height < 1 || data.length !== stride * height) {
    throw new Error(`${data.length} bytes are no image of ${width}x${height}x${channels}`);
  }
  // For each row the filter whose residuals are smallest in sum, as the format's specification
  // recommends.
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
        const residual =
          (data[at]! - predict(left, up, inside && y ? data[at - stride - channels]! : 0)) & 255;
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
  const header = new Uint8Array(13);
  const fields = new DataView(header.buffer);
  fields.setUint32(0, width);
  fields.setUint32(4, height);
  header.set([8, channels === 1 ? 0 : 2], 8);
  const chunks: [string, Uint8Array][] = [
    ["IHDR", header],
    ["IDAT", zlibSync(rows, { level: 9 })],
    [
      "IEND",
      new Uint8Array(),
    ],
  ];
  const bytes = new Uint8Array(
    8 + chunks.reduce((sum, [, content]) => sum + 12 + content.length, 0),
  );
  const view = new DataView(bytes.buffer);
  bytes.set(signature);
  let at = 8;
  for (const [type, content] of chunks) {
    view.setUint32(at, content.length);
    for (let i = 0; i < 4; i++) bytes[at + 4 + i] = type.charCodeAt(i);
    bytes.set(content, at + 8);
    view.setUint32(at + 8 + content.length, crc32(bytes.subarray(at + 4, at + 8 + content.length)));
    at += 12 + content.length;
  }
  return bytes;
}

interface Parts {
  width: number;
  height: number;
  bitDepth: number;
  colourType: number;
  interlaced: boolean;
  palette: Uint8Array | null;
  compressed: Uint8Array;
}

/** Samples a pixel of each colour type. */
const samplesOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Record<number, number[]> = {
  0: [1, 2, 4, 8],
  2: [8],
  3: [1, 2, 4, 8],
  4: [8],
  6: [8],
};

function readChunks(bytes: Uint8Array, fault: (what: string) => UserError): Parts {
  if (!isPng(bytes)) throw fault("it does not begin as a PNG file does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Omit<Parts, "palette" | "compressed"> | null = null;
  let palette: Uint8Array | null = null;
  const pieces: Uint8Array[] = [];
  for (let at = 8;;) {
    if (at + 12 > bytes.length) throw fault("it is cut off");
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw fault("it is cut off");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw fault("a checksum does not match");
    }
    if ((header === null) !== (type === "IHDR")) throw fault("its header is not where it belongs");
    if (type === "IHDR") {
      if (length !== 13) throw fault("its header is damaged");
      const [bitDepth, colourType, compression, filter, interlace] = content.subarray(
        8,
      ) as unknown as number[];
      header = {
        width: view.getUint32(at + 8),
        height: view.getUint32(at + 12),
        bitDepth: bitDepth!,
        colourType: colourType!,
        interlaced: interlace === 1,
      };
      if (bitDepth === 16) throw fault("it has 16 bits a sample; convert it to 8");
      if (
        compression !== 0 || filter !== 0 || interlace! > 1 ||
        !depthsOf[colourType!]?.includes(bitDepth!)
      ) {
        throw fault("its header is damaged");
      }
      const pixels = header.width * header.height;
      if (pixels === 0) throw fault("it has no pixels");
      if (pixels > mostPixels) {
        throw fault(`its ${header.width}x${header.height} pixels are too many`);
      }
    } else if (type === "acTL") throw fault("it is animated");
    else if (type === "PLTE") {
      if (length % 3 || length > 768 || length === 0) throw fault("its palette is damaged");
      palette = content;
    } else if (type === "IDAT") pieces.push(content);
    else if (type === "IEND") break;
    else if (type.charCodeAt(0) < 0x60) {
      throw fault(`it has an unknown part ${JSON.stringify(type)}`);
    }
    at += 12 + length;
  }
  const compressed = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    compressed.set(piece, end);
    end += piece.length;
  }
  if (header!.colourType === 3 && !palette) throw fault("its palette is missing");
  return { ...header!, palette, compressed };
}

/** The passes of an image: where each starts and how far apart its pixels are, across and down. */
const plainPass = [[0, 0, 1, 1]] as const;
const adam7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
  0,
  1,
  1,
  2,
]] as const;

/**
 * The image of a PNG file. Palettes are looked up; transparency is dropped (datasets have no
 * background to show).
 *
 * @param where what to call the file in messages
 * @throws UserError where it is damaged, cut off, animated, of 16 bits a sample, or of more than 50
 *   million pixels
 */
export function decodePng(bytes: Uint8Array, where = "PNG data"): Image {
  const fault = (what: string) => new UserError(`${where}: this PNG image cannot be read: ${what}`);
  const { width, height, bitDepth, colourType, interlaced, palette, compressed } = readChunks(
    bytes,
    fault,
  );
  const samples = samplesOf[colourType]!;
  const bitsPerPixel = samples * bitDepth;
  const step = Math.max(1, bitsPerPixel >> 3);
  const passes = (interlaced ? adam7 : plainPass).map(([x0, y0, dx, dy]) => {
    const columns = Math.max(0, Math.ceil((width - x0) / dx));
    const rows = Math.max(0, Math.ceil((height - y0) / dy));
    return {
      x0,
      y0,
      dx,
      dy,
      columns,
      rows: columns ? rows : 0,
      stride: Math.ceil(columns * bitsPerPixel / 8),
    };
  });
  const expected = passes.reduce((sum, { rows, stride }) => sum + rows * (stride + 1), 0);
  // Deflate never expands more than 1032-fold: a small file that claims many pixels is damaged or a
  // trap.
  if (expected > 1032 * compressed.length) throw fault("its pixels are cut off");
  let filtered: Uint8Array;
  try {
    // One byte more than is needed, to see a stream that is too long.
    filtered = unzlibSync(compressed, { out: new Uint8Array(expected + 1) });
  } catch {
    throw fault("its pixels are damaged");
  }
  if (filtered.length !== expected) {
    throw fault(`its pixels are ${filtered.length < expected ? "cut off" : "too many"}`);
  }

  const grey = colourType === 0 || colourType === 4;
  const channels = grey ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  const scale = palette ? 1 : 255 / ((1 << bitDepth) - 1);
  let at = 0;
  for (const { x0, y0, dx, dy, columns, rows, stride } of passes) {
    let above: Uint8Array = new Uint8Array(stride);
    for (let row = 0; row < rows; row++) {
      const predict = predictors[filtered[at]!];
      if (!predict) throw fault("its pixels are damaged");
      const line = filtered.subarray(at + 1, at + 1 + stride);
      for (let i = 0; i < stride; i++) {
        const inside = i >= step;
        line[i]! += predict(inside ? line[i - step]! : 0, above[i]!, inside ? above[i - step]! : 0);
      }
      for (let column = 0; column < columns; column++) {
        const to = ((y0 + row * dy) * width + x0 + column * dx) * channels;
        if (colourType === 2 || colourType === 6) {
          for (let c = 0; c < 3; c++) data[to + c] = line[column * samples + c]!;
          continue;
        }
        const bit = column * bitsPerPixel;
        const value = bitDepth === 8
          ? line[column * samples]!
          : (line[bit >> 3]! >> (8 - bitDepth - (bit & 7))) & ((1 << bitDepth) - 1);
        if (grey) data[to] = value * scale;
        else {
          if (3 * value + 2 >= palette!.length) {
            throw fault("it names colours that its palette lacks");
          }
          data.set(palette!.subarray(3 * value, 3 * value + 3), to);
        }
      }
      above = line;
      at += stride + 1;
    }
  }
  return { width, height, channels, data };
}
