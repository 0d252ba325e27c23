/**
 * Reads still WebP images, lossy or lossless, with libwebp in WebAssembly (only the module of npm's
 * `@cwasm/webp` is used). Format: RFC 9649.
 */
import wasm from "@cwasm/webp/webp.wasm" with { type: "bytes" };
import { UserError } from "../messages/errors.ts";
import { allocate, codecOf, copyIn, copyOut, isCodecFailure } from "./codec.ts";
import type { Image } from "./image.ts";

/**
 * A lower limit than for other formats: forty bytes can claim any number of pixels of one colour,
 * so a file's size justifies nothing.
 */
const maxPixels = 2 ** 24;

const open = codecOf<"WebPDecodeRGBA">(wasm);

function letters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** Whether the bytes start like a WebP file. */
export function isWebp(bytes: Uint8Array): boolean {
  return letters(bytes, 0) === "RIFF" && letters(bytes, 8) === "WEBP";
}

/** Width and height, from the file's first chunk. */
function readSize(
  bytes: Uint8Array,
  fault: (what: string) => UserError,
): { width: number; height: number } {
  if (bytes.length < 30) throw fault("it is truncated");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = letters(bytes, 12);
  if (kind === "VP8 ") {
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (kind === "VP8X") {
    if (view.getUint8(20) & 2) throw fault("it is animated");
    const u24 = (at: number) => view.getUint16(at, true) + 65_536 * view.getUint8(at + 2);
    return { width: u24(24) + 1, height: u24(27) + 1 };
  }
  throw fault("its kind is unknown");
}

/** RGBA samples, or null if libwebp reported an error. */
function decompress(bytes: Uint8Array, width: number, height: number): Uint8Array | null {
  // A new instance for every image: libwebp has had vulnerabilities that let a file write to the
  // wrong memory, and such damage ends with the instance.
  const codec = open();
  try {
    const input = copyIn(codec, bytes);
    const size = allocate(codec, 8);
    const output = codec.WebPDecodeRGBA(input, bytes.length, size, size + 4);
    if (output === 0) return null;
    const [foundWidth, foundHeight] = new Uint32Array(codec.memory.buffer, size, 2);
    if (foundWidth !== width || foundHeight !== height) return null;
    return copyOut(codec, output, 4 * width * height);
  } catch (error) {
    if (!isCodecFailure(error)) throw error;
    return null;
  }
}

/**
 * The image of a WebP file, with three channels. Transparency is dropped, as for PNG.
 *
 * @param where what to call the file in messages
 * @throws UserError if it is damaged, truncated, animated, or has more than 16 million pixels
 */
export function decodeWebp(bytes: Uint8Array, where = "WebP data"): Image {
  const fault = (what: string) =>
    new UserError(`${where}: this WebP image cannot be read: ${what}`);
  if (!isWebp(bytes)) throw fault("it does not start like a WebP file");
  const { width, height } = readSize(bytes, fault);
  if (width * height === 0) throw fault("it has no pixels");
  if (width * height > maxPixels) throw fault(`it is too large (${width}x${height} pixels)`);
  const rgba = decompress(bytes, width, height);
  if (rgba === null) throw fault("it is damaged or truncated");
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from++) {
    for (let c = 0; c < 3; c++) data[to++] = rgba[from++]!;
  }
  return { width, height, channels: 3, data };
}
