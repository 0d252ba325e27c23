/**
 * A nonlinearity as a network called it, computed again by the references on planes of its image:
 * forward, and just before every second pixel is kept.
 */
import { mapAxesReference } from "../../kernels/axis_map/reference.ts";
import { axisMapGeluReference } from "../../kernels/axis_map_gelu/reference.ts";
import { filteredDownsampleReference } from "../../kernels/filtered_downsample/reference.ts";
import { filteredUpsampleReference } from "../../kernels/filtered_upsample/reference.ts";
import { evenGeluReference, geluReference } from "../../kernels/gelu/reference.ts";
import { type Values, zeros } from "../../kernels/shared/reference.ts";
import { idealDoubled, type Planes } from "./spectrum.ts";

/** The nonlinearities whose inputs are images. */
export const kernelNames = [
  "Gelu",
  "AliasFreeGelu",
  "AliasFreeNormGelu",
  "AxisMapGelu",
] as const;

/** One call of a nonlinearity. */
export interface Call {
  name: (typeof kernelNames)[number];
  inputs: Record<string, Values>;
  outputs: Values[];
  /** Whether half of what its filters remove is added. */
  bypass: boolean;
}

/** The doubled image of which a nonlinearity keeps every second pixel. */
export function beforeDecimation(call: Call, planes: Planes): Planes {
  if (call.name === "Gelu") return mapped(idealDoubled(planes), geluReference);
  if (call.name === "AxisMapGelu") {
    const doubled = mapAxesReference(asValues(planes), filterOf(call, "up"));
    const step = call.bypass ? evenGeluReference : geluReference;
    return everyPixel(step(doubled), filterOf(call, "down"));
  }
  return lowpassed(geluOfDoubled(call, planes), filterOf(call, "down"));
}

/** An alias-free GELU's doubled image, in front of its second filter. */
function geluOfDoubled(call: Call, planes: Planes): Values {
  const doubled = filteredUpsampleReference(asValues(planes), filterOf(call, "up"));
  const { scale, offset, x } = call.inputs;
  const [, statistics] = call.outputs;
  if (!scale || !offset || !statistics) return geluReference(doubled);
  return geluReference(normalized(doubled, statistics, scale, offset, x?.shape[3] ?? 1));
}

function filterOf({ name, inputs }: Call, filter: "up" | "down"): Values {
  const found = inputs[filter];
  if (!found) throw new Error(`${name} was seen without its filter ${filter}`);
  return found;
}

/** The nonlinearity itself, on planes of a call's image. */
export function nonlinearity(call: Call, planes: Planes): Planes {
  if (call.name === "Gelu") return mapped(planes, geluReference);
  if (call.name === "AxisMapGelu") {
    const [up, down] = [filterOf(call, "up"), filterOf(call, "down")];
    return mapped(planes, (x) => axisMapGeluReference(x, up, down, call.bypass));
  }
  return asPlanes(filteredDownsampleReference(geluOfDoubled(call, planes), filterOf(call, "down")));
}

/** Planes as images of one channel. */
function asValues({ size, values, count }: Planes): Values {
  return { shape: [count, size, size, 1], data: Float64Array.from(values) };
}

function asPlanes({ shape, data }: Values): Planes {
  return { size: shape[1] ?? 0, values: data, count: shape[0] ?? 0 };
}

function mapped(planes: Planes, fn: (values: Values) => Values): Planes {
  return asPlanes(fn(asValues(planes)));
}

/**
 * Applies GroupNorm to the doubled image with the statistics that the kernel computed for one
 * image.
 */
function normalized(
  { shape, data }: Values,
  statistics: Values,
  scale: Values,
  offset: Values,
  channels: number,
): Values {
  const [mean = 0, factor = 1] = statistics.data;
  const count = shape[0] ?? 1;
  const each = data.length / count;
  return {
    shape,
    data: data.map((value, i) => {
      const channel = Math.floor(Math.floor(i / each) * channels / count);
      return (value - mean) * factor * (scale.data[channel] ?? 1) + (offset.data[channel] ?? 0);
    }),
  };
}

/**
 * What a downsampling map of a periodic image would leave if it kept every pixel: it is applied to
 * the image moved by no pixel and by one, along both axes.
 */
function everyPixel({ shape, data }: Values, down: Values): Planes {
  const [count = 0, size = 0] = shape;
  const full = zeros(shape);
  const at = (plane: number, row: number, column: number) =>
    (plane * size + row % size) * size + column % size;
  for (const [rows, columns] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) {
    const moved = data.map((_, i) => {
      const row = Math.floor(i / size) % size;
      return data[at(Math.floor(i / size / size), row + rows, i % size + columns)] ?? 0;
    });
    const kept = mapAxesReference({ shape, data: moved }, down);
    const half = size / 2;
    kept.data.forEach((value, i) => {
      const row = 2 * (Math.floor(i / half) % half) + rows;
      full.data[at(Math.floor(i / half / half), row, 2 * (i % half) + columns)] = value;
    });
  }
  return { size, values: full.data, count };
}

/** Convolves with a low-pass kernel, with zeros outside, and keeps every pixel. */
function lowpassed({ shape, data }: Values, lowpass: Values): Planes {
  const [count = 0, size = 0] = shape;
  const taps = lowpass.shape[0] ?? 1;
  const before = Math.floor((taps - 1) / 2);
  const out = new Float64Array(data.length);
  for (let plane = 0; plane < count; plane++) {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = 0;
        for (let a = 0; a < taps; a++) {
          for (let b = 0; b < taps; b++) {
            const [r, c] = [row + a - before, column + b - before];
            if (r < 0 || c < 0 || r >= size || c >= size) continue;
            sum += (lowpass.data[a * taps + b] ?? 0) * (data[(plane * size + r) * size + c] ?? 0);
          }
        }
        out[(plane * size + row) * size + column] = sum;
      }
    }
  }
  return { size, values: out, count };
}
