/**
 * Converts parameters between PyTorch's layout, used in files, and ours, used in memory. See
 * `Layout` in ../layers/layer.ts.
 */
import type { Parameter } from "../layers/layer.ts";

/** The shape in memory. */
export function ourShape({ shape, layout }: Parameter): number[] {
  switch (layout) {
    case "same":
      return shape;
    case "matrix":
      return [shape[1]!, shape[0]!];
    case "convolution":
      return [shape[2]!, shape[3]!, shape[1]!, shape[0]!];
    default:
      return layout satisfies never;
  }
}

/**
 * Turns [out, in, pixels] into [pixels, in, out], and back if `outputs` and `pixels` are swapped. A
 * matrix has one pixel.
 */
function reverse(
  values: Float32Array,
  outputs: number,
  inputs: number,
  pixels: number,
): Float32Array {
  const out = new Float32Array(values.length);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let p = 0; p < pixels; p++) {
        out[(p * inputs + i) * outputs + o] = values[(o * inputs + i) * pixels + p]!;
      }
    }
  }
  return out;
}

/** Converts from PyTorch's layout to ours. */
export function toOurs(values: Float32Array, { shape, layout }: Parameter): Float32Array {
  if (layout === "same") return values;
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  return reverse(values, outputs, inputs, height * width);
}

/** Converts from our layout to PyTorch's. */
export function toPyTorch(values: Float32Array, { shape, layout }: Parameter): Float32Array {
  if (layout === "same") return values;
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  return reverse(values, height * width, inputs, outputs);
}
