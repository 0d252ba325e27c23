/**
 * Reads JPEG (baseline and progressive, 8 bits) with libjpeg-turbo in WebAssembly. We use only the
 * module of npm's `@cwasm/jpeg-turbo`: its JavaScript returns RGBA, and treats every warning as an
 * error. Pixels equal Pillow's to the byte: exact inverse transform, interpolated colours.
 */
import wasm from "@cwasm/jpeg-turbo/jpeg-turbo.wasm" with { type: "bytes" };
import { UserError } from "../messages/errors.ts";
import { allocate, type Codec, codecOf, copyIn, copyOut, isCodecFailure } from "./codec.ts";
import type { Image } from "./image.ts";
import { type Frame, walkSegments } from "./jpeg_segments.ts";

/** Whether the bytes start like a JPEG file. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

type TurboJpeg = Codec<
  "tjInitDecompress" | "tjDestroy" | "tjDecompressHeader3" | "tjDecompress2"
>;

const open: () => TurboJpeg = codecOf(wasm);

/** TurboJPEG's numbers for the sample order. */
const pixelFormats = { 1: 6, 3: 0 } as const;

/** An instance with more memory than this is not kept for the next image. */
const maxReusedBytes = 2 ** 25;

/** An instance whose last image was intact. After any other image it is not reused. */
let idle: TurboJpeg | null = null;

let messageAddress: number | undefined;

/**
 * The address where libjpeg writes its messages. It is the same in every instance; we find it by
 * provoking a known message.
 */
function addressOfMessages(): number {
  const codec = open();
  const handle = codec.tjInitDecompress();
  const file = copyIn(codec, new TextEncoder().encode("xx"));
  const fields = allocate(codec, 16);
  try {
    codec.tjDecompressHeader3(handle, file, 2, fields, fields + 4, fields + 8, fields + 12);
  } catch (error) {
    if (!isCodecFailure(error)) throw error;
  }
  const expected = "Not a JPEG file: starts with 0x78 0x78";
  return new TextDecoder("latin1").decode(codec.memory.buffer).indexOf(expected);
}

/** The last message of libjpeg, or "" if it was not found. */
function lastMessage(codec: TurboJpeg): string {
  messageAddress ??= addressOfMessages();
  if (messageAddress < 0) return "";
  const bytes = new Uint8Array(codec.memory.buffer, messageAddress, 200);
  const end = bytes.indexOf(0);
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, Math.max(0, end)));
  return text.replaceAll(/[^ -~]/g, "?");
}

/**
 * libjpeg's message about bytes between the last block and the end. Some programs pad their files
 * like this, and every decoder ignores it: all pixels came before.
 */
const padding = /^Corrupt JPEG data: \d+ extraneous bytes before marker 0xd9$/;

/** The pixels of a file, or null if libjpeg reported an error. */
function decompress(codec: TurboJpeg, file: Uint8Array, frame: Frame): Uint8Array | null {
  const { width, height, components } = frame;
  const stride = width * components;
  const handle = codec.tjInitDecompress();
  const input = copyIn(codec, file);
  const fields = copyIn(codec, new Uint8Array(16));
  // libjpeg must see the size that was checked. The return value is ignored: it is -1 for rare
  // samplings that can still be read.
  codec.tjDecompressHeader3(
    handle,
    input,
    file.length,
    fields,
    fields + 4,
    fields + 8,
    fields + 12,
  );
  const size = new Uint32Array(codec.memory.buffer, fields, 2);
  if (size[0] !== width || size[1] !== height) return null;
  const output = allocate(codec, stride * height);
  const format = pixelFormats[components];
  const result = codec.tjDecompress2(
    handle,
    input,
    file.length,
    output,
    width,
    stride,
    height,
    format,
    0,
  );
  if (result !== 0 && !padding.test(lastMessage(codec))) return null;
  const data = copyOut(codec, output, stride * height);
  codec.tjDestroy(handle);
  for (const part of [input, fields, output]) codec.free(part);
  return data;
}

/**
 * The image of a JPEG file, with pixels as stored in the file (the camera's orientation is not
 * applied).
 *
 * @param where what to call the file in messages
 * @throws UserError if it is damaged, truncated, has four colours, does not have 8 bits, or is too
 * large
 */
export function decodeJpeg(bytes: Uint8Array, where = "JPEG data"): Image {
  const fault = (what: string) =>
    new UserError(`${where}: this JPEG image cannot be read: ${what}`);
  if (!isJpeg(bytes)) throw fault("it does not start like a JPEG file");
  const frame = walkSegments(bytes, fault);
  const codec = idle ?? open();
  idle = null;
  let data: Uint8Array | null = null;
  try {
    data = decompress(codec, bytes.subarray(0, frame.end), frame);
  } catch (error) {
    if (!isCodecFailure(error)) throw error;
  }
  if (data === null) {
    const message = lastMessage(codec);
    throw fault(`it is damaged${message ? ` (libjpeg: ${message})` : ""}`);
  }
  if (codec.memory.buffer.byteLength <= maxReusedBytes) idle = codec;
  const { width, height, components } = frame;
  return { width, height, channels: components, data };
}
