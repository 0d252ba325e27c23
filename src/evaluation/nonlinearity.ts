/**
 * A nonlinearity as a network called it, computed again by the references on planes of its image:
 * forward, and just before every second pixel is kept.
 */
import { filteredDownsampleReference } from "../../kernels/filtered_downsample/reference.ts";
import { filteredUpsampleReference } from "../../kernels/filtered_upsample/reference.ts";
import { geluReference } from "../../kernels/gelu/reference.ts";
import type { Values } from "../../kernels/shared/reference.ts";
import { idealDoubled, type Planes } from "./spectrum.ts";

/** The nonlinearities whose inputs are images. */
export const kernelNames = ["Gelu", "AliasFreeGelu", "AliasFreeNormGelu"] as const;

/** One call of a nonlinearity. */
export interface Call {
  name: (typeof kernelNames)[number];
  inputs: Record<string, Values>;
  outputs: Values[];
}

/** The doubled image of which a nonlinearity keeps every second pixel. */
export function beforeDecimation(call: Call, planes: Planes): Planes {
  if (call.name === "Gelu") return mapped(idealDoubled(planes), geluReference);
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
