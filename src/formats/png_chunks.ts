/** Reads and writes the chunks of a PNG file. Format: https://www.w3.org/TR/png-3/. */
import type { UserError } from "../messages/errors.ts";
import { quoted } from "../messages/printable.ts";
import { crc32 } from "./crc32.ts";
import { maxPixels } from "./image.ts";
import { concat } from "./pieces.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether the bytes start like a PNG file. */
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** A chunk: four letters, and its content. */
export type Chunk = [type: string, content: Uint8Array];

/** A file made of chunks. */
export function writeChunks(chunks: readonly Chunk[]): Uint8Array<ArrayBuffer> {
  const size = chunks.reduce((sum, [, content]) => sum + 12 + content.length, signature.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(signature);
  let at = signature.length;
  for (const [type, content] of chunks) {
    const end = at + 8 + content.length;
    view.setUint32(at, content.length);
    for (let i = 0; i < 4; i++) bytes[at + 4 + i] = type.charCodeAt(i);
    bytes.set(content, at + 8);
    view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
    at = end + 4;
  }
  return bytes;
}

/** The header of a file. */
export interface PngHeader {
  width: number;
  height: number;
  bitDepth: number;
  colourType: number;
  interlaced: boolean;
}

/** The parts of a file that decoding needs. */
export interface PngParts extends PngHeader {
  palette: Uint8Array | null;
  /** The pixels, filtered and compressed. */
  compressed: Uint8Array;
}

type Fault = (what: string) => UserError;

/** The depths of each colour type, in bits per sample. */
const depthsOf: Record<number, readonly number[]> = {
  0: [1, 2, 4, 8],
  2: [8],
  3: [1, 2, 4, 8],
  4: [8],
  6: [8],
};

function readHeader(content: Uint8Array, fault: Fault): PngHeader {
  if (content.length !== 13) throw fault("its header is damaged");
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const bitDepth = view.getUint8(8);
  const colourType = view.getUint8(9);
  const interlace = view.getUint8(12);
  if (bitDepth === 16) throw fault("it has 16 bits per sample; convert it to 8");
  const isKnown = depthsOf[colourType]?.includes(bitDepth) && interlace <= 1 &&
    view.getUint16(10) === 0; // The only methods of compression and filtering.
  if (!isKnown) throw fault("its header is damaged");
  const pixels = width * height;
  if (pixels === 0) throw fault("it has no pixels");
  if (pixels > maxPixels) throw fault(`it is too large (${width}x${height} pixels)`);
  return { width, height, bitDepth, colourType, interlaced: interlace === 1 };
}

/** The chunks up to the end of a file; checks their checksums. */
function* chunksOf(bytes: Uint8Array, fault: Fault): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = signature.length;;) {
    if (at + 12 > bytes.length) throw fault("it is truncated");
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw fault("it is truncated");
    const end = at + 8 + length;
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      throw fault("a checksum does not match");
    }
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IEND") return;
    yield [type, bytes.subarray(at + 8, end)];
    at = end + 4;
  }
}

/**
 * The parts of a file.
 *
 * @param fault makes the error
 */
export function readChunks(bytes: Uint8Array, fault: Fault): PngParts {
  if (!isPng(bytes)) throw fault("it does not start like a PNG file");
  let header: PngHeader | null = null;
  let palette: Uint8Array | null = null;
  const pieces: Uint8Array[] = [];
  for (const [type, content] of chunksOf(bytes, fault)) {
    if ((header === null) !== (type === "IHDR")) {
      throw fault("its header is not in the right place");
    }
    if (type === "IHDR") header = readHeader(content, fault);
    else if (type === "IDAT") pieces.push(content);
    else if (type === "acTL") throw fault("it is animated");
    else if (type === "PLTE") {
      if (content.length % 3 || content.length > 768 || content.length === 0) {
        throw fault("its palette is damaged");
      }
      palette = content;
    } else if (type.charCodeAt(0) < 0x60) {
      // A capital letter marks a critical chunk: the pixels cannot be understood without it.
      throw fault(`it has an unknown chunk ${quoted(type)}`);
    }
  }
  if (!header) throw fault("its header is not in the right place");
  if (header.colourType === 3 && !palette) throw fault("its palette is missing");
  return { ...header, palette, compressed: concat(pieces) };
}
