/**
 * Animations of frames of one size: GIF, which plays everywhere, and MP4 (H.264), which is smaller
 * and has all colours.
 */
import process from "node:process";
import gifenc from "gifenc";
import type { Image } from "../formats/image.ts";

type Palette = number[][];
/** gifenc comes without types; this declares what we use of it. */
const { GIFEncoder, quantize, applyPalette } = gifenc as {
  GIFEncoder(): {
    writeFrame(
      indices: Uint8Array,
      width: number,
      height: number,
      options: { palette: Palette; delay: number; repeat?: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array<ArrayBuffer>;
  };
  quantize(rgba: Uint8Array, colours: number, options: { format: "rgb444" }): Palette;
  applyPalette(rgba: Uint8Array, palette: Palette, format: "rgb444"): Uint8Array;
};

/** The timing of an animation. */
export interface Timing {
  /** Duration of each frame in milliseconds; GIF counts in hundredths of a second. */
  frameMs: number;
  /**
   * Duration of the last frame in milliseconds, so that people can look at it. Default: like the
   * others.
   */
  lastMs?: number;
}

function checked(frames: readonly Image[]): Image {
  const first = frames[0];
  if (!first) throw new Error("an animation without frames");
  for (const { width, height } of frames) {
    if (width !== first.width || height !== first.height) {
      throw new Error(
        `an animation of frames of ${first.width}x${first.height} and of ${width}x${height}`,
      );
    }
  }
  return first;
}

/** RGBA samples of an image; the last row and column are repeated up to the requested size. */
function rgbaOf({ width, height, channels, data }: Image, wide = width, high = height): Uint8Array {
  const rgba = new Uint8Array(wide * high * 4).fill(255);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const from = (Math.min(y, height - 1) * width + Math.min(x, width - 1)) * channels;
      for (let c = 0; c < 3; c++) {
        rgba[4 * (y * wide + x) + c] = data[from + (channels === 3 ? c : 0)]!;
      }
    }
  }
  return rgba;
}

/** The frame in at most 256 colours: its own if it has few enough, otherwise selected ones. */
function indexed(rgba: Uint8Array): { palette: Palette; indices: Uint8Array } {
  const pixels = new Uint32Array(rgba.buffer);
  const places = new Map<number, number>();
  for (const pixel of pixels) {
    if (!places.has(pixel)) places.set(pixel, places.size);
    if (places.size > 256) {
      // Sixteen levels per colour channel, of which the palette holds means: takes a quarter of the
      // time of finer levels.
      const palette = quantize(rgba, 256, { format: "rgb444" });
      return { palette, indices: applyPalette(rgba, palette, "rgb444") };
    }
  }
  const palette = [...places.keys()].map((
    pixel,
  ) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]);
  return { palette, indices: Uint8Array.from(pixels, (pixel) => places.get(pixel)!) };
}

/** A GIF that loops forever; the same frames give the same bytes. */
export function gifAnimation(
  frames: readonly Image[],
  { frameMs, lastMs = frameMs }: Timing,
): Uint8Array<ArrayBuffer> {
  const { width, height } = checked(frames);
  const gif = GIFEncoder();
  frames.forEach((frame, i) => {
    const { palette, indices } = indexed(rgbaOf(frame));
    const delay = i === frames.length - 1 ? lastMs : frameMs;
    gif.writeFrame(indices, width, height, { palette, delay, repeat: 0 });
  });
  gif.finish();
  return gif.bytes().slice();
}

/**
 * The H.264 encoder, loaded on first use. On loading it registers listeners that abort the process
 * on uncaught errors; we remove them again.
 */
async function encoderModule(): Promise<typeof import("h264-mp4-encoder")> {
  const exceptions = process.listeners("uncaughtException");
  const rejections = process.listeners("unhandledRejection");
  const { default: loaded } = await import("h264-mp4-encoder");
  for (const listener of process.listeners("uncaughtException")) {
    if (!exceptions.includes(listener)) process.removeListener("uncaughtException", listener);
  }
  for (const listener of process.listeners("unhandledRejection")) {
    if (!rejections.includes(listener)) process.removeListener("unhandledRejection", listener);
  }
  return loaded;
}

/**
 * Removes the creation times from an MP4 file; the encoder writes them in three places (ISO/IEC
 * 14496-12, 8.2.2).
 */
function withoutTimes(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const visit = (begin: number, end: number) => {
    for (let at = begin; at + 8 <= end; at += Math.max(8, view.getUint32(at))) {
      const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
      if (["moov", "trak", "mdia"].includes(type)) visit(at + 8, at + view.getUint32(at));
      // After version and flags come the creation and modification times, 32 bits each.
      if (["mvhd", "tkhd", "mdhd"].includes(type)) file.fill(0, at + 12, at + 20);
    }
  };
  visit(0, file.length);
  return file;
}

/**
 * An MP4 film in H.264, which browsers and phones play; an odd side grows by one pixel. The same
 * frames give the same bytes.
 */
export async function mp4Animation(
  frames: readonly Image[],
  { frameMs, lastMs = frameMs }: Timing,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = checked(frames);
  const encoder = await (await encoderModule()).createH264MP4Encoder();
  try {
    encoder.width = width + width % 2;
    encoder.height = height + height % 2;
    encoder.frameRate = 1000 / frameMs;
    encoder.quantizationParameter = 18; // Compression is invisible at this value.
    encoder.groupOfPictures = frames.length; // For few frames: one key frame, then differences.
    encoder.initialize();
    const add = (frame: Image) =>
      encoder.addFrameRgba(rgbaOf(frame, encoder.width, encoder.height));
    frames.forEach(add);
    for (let extra = Math.round(lastMs / frameMs) - 1; extra > 0; extra--) add(frames.at(-1)!);
    encoder.finalize();
    return withoutTimes(encoder.FS.readFile(encoder.outputFilename).slice());
  } finally {
    encoder.delete();
  }
}
