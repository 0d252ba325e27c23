/**
 * Walks over the segments of a JPEG file (ITU-T T.81, annex B) before it is decoded. It names
 * features that cannot be read, refuses small files that claim much before any memory is allocated,
 * and finds the end. After the end, cameras may store other data, such as a video.
 */
import type { UserError } from "../messages/errors.ts";
import { maxPixels } from "./image.ts";

/**
 * Cameras and programs write about ten scans. Each is a pass over the whole image, even if it has
 * few bytes.
 */
const maxScans = 100;
/** The pixels of all scans together; 20 scans of the largest image. */
const maxScannedPixels = 20 * maxPixels;

/** What is known about an image before it is decoded. */
export interface Frame {
  width: number;
  height: number;
  /** Grey, or three colours. */
  components: 1 | 3;
  /** The end of the image in its file. */
  end: number;
}

type Fault = (what: string) => UserError;

const startOfScan = 0xda;
const endOfImage = 0xd9;

function startsFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Fill bytes, stuffed zeros, restart markers and the start have no length. */
function lengthOfBare(marker: number): number | null {
  if (marker === 0xff) return 1;
  return marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8) ? 2 : null;
}

/** The header of a frame whose marker is at `at`. */
function readFrame(view: DataView, at: number, fault: Fault): Omit<Frame, "end"> {
  if (at + 10 > view.byteLength) throw fault("it is truncated");
  if (view.getUint8(at + 1) > 0xc2) throw fault("it is lossless, arithmetic or differential");
  const bits = view.getUint8(at + 4);
  const height = view.getUint16(at + 5);
  const width = view.getUint16(at + 7);
  const components = view.getUint8(at + 9);
  if (bits !== 8) throw fault(`it has ${bits} bits per sample; convert it to 8`);
  if (components === 4) throw fault("it has four colours (CMYK); convert it to RGB");
  if (components !== 1 && components !== 3) throw fault(`it has ${components} colours`);
  const pixels = width * height;
  if (pixels === 0) throw fault("it has no pixels");
  if (pixels > maxPixels) throw fault(`it is too large (${width}x${height} pixels)`);
  // Every block of 64 pixels takes at least one bit.
  if (pixels > 64 * 8 * view.byteLength) throw fault("its pixels are truncated");
  return { width, height, components };
}

/**
 * The frame of a JPEG file.
 *
 * @param fault makes the error
 * @throws the error from `fault` if the file is truncated, or of a kind that cannot be read
 */
export function walkSegments(bytes: Uint8Array, fault: Fault): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: Omit<Frame, "end"> | null = null;
  let scans = 0;
  for (let at = 2; at + 2 <= bytes.length;) {
    if (bytes[at] !== 0xff) {
      // Inside a scan's data: skip to the next byte that may start a marker.
      const next = bytes.indexOf(0xff, at);
      if (next < 0) break;
      at = next;
      continue;
    }
    const marker = view.getUint8(at + 1);
    const bare = lengthOfBare(marker);
    if (bare !== null) {
      at += bare;
      continue;
    }
    if (marker === endOfImage) {
      if (!frame || !scans) throw fault("it contains no image");
      return { ...frame, end: at + 2 };
    }
    if (at + 4 > bytes.length) break;
    if (startsFrame(marker)) {
      if (frame) throw fault("it contains more than one image");
      frame = readFrame(view, at, fault);
    }
    if (marker === startOfScan) {
      if (!frame) throw fault("it contains no image");
      scans++;
      if (scans > maxScans || scans * frame.width * frame.height > maxScannedPixels) {
        throw fault("it has too many scans");
      }
    }
    at += 2 + view.getUint16(at + 2);
  }
  throw fault("it is truncated");
}
