/**
 * JPEG, read by the npm package `jpeg-js` (baseline and progressive, 8 bits). What it does not see
 * is looked for here first: files that are cut off, four-colour (CMYK) images, and small files that
 * claim much.
 */
import { decode } from "jpeg-js";
import { UserError } from "../errors.ts";
import { type Image, mostPixels } from "./image.ts";

/**
 * Cameras and programs write about ten scans; each takes a pass over the whole image, however few
 * its bytes.
 */
const mostScans = 100;

/** Whether the bytes begin as a JPEG file does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** The number of colour components, after a walk over the file's segments. */
function checkSegments(bytes: Uint8Array, fault: (what: string) => UserError): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let components = 0;
  let scans = 0;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) {
      // Inside a scan's data: on to the next byte that may begin a marker.
      const next = bytes.indexOf(0xff, at);
      at = next < 0 ? bytes.length : next;
      continue;
    }
    const marker = bytes[at + 1]!;
    // Fill bytes, stuffed zeros and restart markers have no length.
    if (marker === 0xff) at += 1;
    else if (marker === 0 || (marker >= 0xd0 && marker <= 0xd8) || marker === 1) at += 2;
    else if (marker === 0xd9) break;
    else {
      if (
        marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
      ) {
        if (at + 10 > bytes.length) throw fault("it is cut off");
        if (marker > 0xc2) throw fault("it is lossless, arithmetic or differential");
        if (components) throw fault("it holds more than one picture");
        const height = view.getUint16(at + 5);
        const width = view.getUint16(at + 7);
        if (bytes[at + 4] !== 8) {
          throw fault(`it has ${bytes[at + 4]} bits a sample; convert it to 8`);
        }
        components = bytes[at + 9]!;
        if (components === 4) throw fault("it has four colours (CMYK); convert it to RGB");
        if (components !== 1 && components !== 3) throw fault(`it has ${components} colours`);
        const pixels = width * height;
        if (pixels === 0) throw fault("it has no pixels");
        if (pixels > mostPixels) throw fault(`its ${width}x${height} pixels are too many`);
        // Every block of 64 pixels takes at least a bit in a file of its own.
        if (pixels > 64 * 8 * bytes.length) throw fault("its pixels are cut off");
      }
      if (marker === 0xda && ++scans > mostScans) throw fault("it has too many scans");
      at += 2 + view.getUint16(at + 2);
    }
  }
  if (!components || !scans) throw fault("it holds no picture");
  return components;
}

/** Whether the marker that ends an image lies behind the last scan's header. */
function isWhole(bytes: Uint8Array): boolean {
  for (let at = bytes.length - 2; at >= 2; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
    if (bytes[at] === 0xff && bytes[at + 1] === 0xda) return false;
  }
  return false;
}

/**
 * The image of a JPEG file, as its pixels lie in the file (a camera's note how to turn it is not
 * heeded).
 *
 * @param where what to call the file in messages
 * @throws UserError where it is damaged, cut off, of four colours, not of 8 bits, or too large
 */
export function decodeJpeg(bytes: Uint8Array, where = "JPEG data"): Image {
  const fault = (what: string) =>
    new UserError(`${where}: this JPEG image cannot be read: ${what}`);
  if (!isJpeg(bytes)) throw fault("it does not begin as a JPEG file does");
  if (!isWhole(bytes)) throw fault("it is cut off");
  const components = checkSegments(bytes, fault);
  let decoded: { width: number; height: number; data: Uint8Array };
  try {
    decoded = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxMemoryUsageInMB: 1024,
    });
  } catch (error) {
    throw fault(error instanceof Error ? error.message : String(error));
  }
  const { width, height, data } = decoded;
  if (components === 3) return { width, height, channels: 3, data };
  return {
    width,
    height,
    channels: 1,
    data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!),
  };
}
