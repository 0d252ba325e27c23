/**
 * What the network's resampling does to an image, with and without the filter: the published
 * notebook's figures.
 */
import type { Image } from "../formats/image.ts";
import { filteredDownsampleReference } from "../../kernels/filtered_downsample/reference.ts";
import { filteredUpsampleReference } from "../../kernels/filtered_upsample/reference.ts";
import { allPictures, type Pictures } from "./sheet.ts";
import { sheetPng } from "./sheet_layout.ts";

/** Numbers in [-1, 1]: rows, columns, channels. */
interface Field {
  size: number;
  channels: 1 | 3;
  data: Float64Array;
}

function fieldOf({ width, channels, data }: Image): Field {
  return { size: width, channels, data: Float64Array.from(data, (byte) => byte / 127.5 - 1) };
}

/** A field as an image; each value becomes a square, so that all fields are equally wide. */
function imageOf({ size, channels, data }: Field, wide: number): Image {
  const factor = wide / size;
  const pixels = new Uint8Array(wide * wide * channels);
  for (let i = 0; i < pixels.length; i++) {
    const x = Math.floor(i / channels) % wide;
    const y = Math.floor(i / channels / wide);
    const value =
      data[(Math.floor(y / factor) * size + Math.floor(x / factor)) * channels + i % channels]!;
    pixels[i] = Math.round(Math.min(255, Math.max(0, (value + 1) * 127.5)));
  }
  return { width: wide, height: wide, channels, data: pixels };
}

/** Computes each output pixel from a window whose upper left corner is at twice its position. */
function halved({ size, channels, data }: Field, from: (window: number[]) => number): Field {
  const half = size / 2;
  const at = (y: number, x: number, c: number) => data[(y * size + x) * channels + c]!;
  const result = Float64Array.from({ length: half * half * channels }, (_, i) => {
    const c = i % channels;
    const x = 2 * (Math.floor(i / channels) % half);
    const y = 2 * Math.floor(i / channels / half);
    return from([at(y, x, c), at(y, x + 1, c), at(y + 1, x, c), at(y + 1, x + 1, c)]);
  });
  return { size: half, channels, data: result };
}

/** Bilinear with aligned corners, like the upsampling of the unfiltered network. */
function bilinear({ size, channels, data }: Field): Field {
  const wide = 2 * size;
  const step = (size - 1) / (wide - 1);
  const result = Float64Array.from({ length: wide * wide * channels }, (_, i) => {
    const c = i % channels;
    const x = step * (Math.floor(i / channels) % wide);
    const y = step * Math.floor(i / channels / wide);
    const x0 = Math.min(size - 2, Math.floor(x));
    const y0 = Math.min(size - 2, Math.floor(y));
    const at = (dy: number, dx: number) => data[((y0 + dy) * size + x0 + dx) * channels + c]!;
    const upper = at(0, 0) + (at(0, 1) - at(0, 0)) * (x - x0);
    const lower = at(1, 0) + (at(1, 1) - at(1, 0)) * (x - x0);
    return upper + (lower - upper) * (y - y0);
  });
  return { size: wide, channels, data: result };
}

/** A network's low-pass kernels, row-major, `size` taps per side; `up` includes its gain. */
export interface Lowpasses {
  gain: number;
  down: Float64Array;
  up: Float64Array;
  size: number;
}

/** A label, and the function that makes the column's picture of each image. */
type Column = [label: string, make: (input: Field) => Field];

/**
 * Images next to the results of down- and upsampling: every second pixel; the maximum of four and
 * bilinear, as in architecture A; and filtered.
 *
 * @param lowpasses null for a network without filters
 * @returns a PNG file
 */
export function resamplingSheet(
  pictures: Pictures,
  lowpasses: Lowpasses | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const columns: Column[] = [
    ["input", (input) => input],
    ["every second", (input) => halved(input, ([first]) => first!)],
    ["maximum", (input) => halved(input, (window) => Math.max(...window))],
    ...(lowpasses
      ? [["filtered ↓", (input) => filtered(input, lowpasses, "down")] satisfies Column]
      : []),
    ["bilinear ↑", bilinear],
    ...(lowpasses
      ? [["filtered ↑", (input) => filtered(input, lowpasses, "up")] satisfies Column]
      : []),
  ];
  const wide = 2 * pictures.imageSize;
  const scale = Math.max(1, Math.round(112 / wide));
  const cells = allPictures(pictures).map((picture) => {
    const input = fieldOf(picture);
    return columns.map(([, make]) => imageOf(make(input), wide));
  });
  return sheetPng([{ columnLabels: columns.map(([label]) => label), cells }], {
    title: "Down- and upsampling",
    note: lowpasses && lowpasses.gain !== 4
      ? "Filtered ↑ puts zeros between the pixels. As published, its kernel has no gain of 4 to make up for them: a grid " +
        "stays, and what is not 0 comes closer to it. Beyond the border all is 0, which is grey."
      : undefined,
    scale,
    gap: 8,
  });
}

function filtered(field: Field, { down, up, size }: Lowpasses, direction: "down" | "up"): Field {
  const x = { shape: [1, field.size, field.size, field.channels], data: field.data };
  const taps = (data: Float64Array) => ({ shape: [size, size], data });
  const result = direction === "down"
    ? filteredDownsampleReference(x, taps(down))
    : filteredUpsampleReference(x, taps(up));
  return { ...field, size: result.shape[1]!, data: result.data };
}
