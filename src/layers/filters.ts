/**
 * The low-pass filters of a network: their coefficients as plain data, and how its layers apply
 * them.
 */
import * as tf from "@tensorflow/tfjs";
import { aliasFreeGelu } from "../../kernels/alias_free_gelu/mod.ts";
import { mapAxes } from "../../kernels/axis_map/mod.ts";
import { axisMapGelu } from "../../kernels/axis_map_gelu/mod.ts";
import { crop, extend } from "../../kernels/extend/mod.ts";
import { filteredDownsample } from "../../kernels/filtered_downsample/mod.ts";
import { filteredUpsample } from "../../kernels/filtered_upsample/mod.ts";
import { gelu } from "../../kernels/gelu/mod.ts";
import { groupNorm } from "../../kernels/group_norm/mod.ts";
import { rank2 } from "../../kernels/shared/ranks.ts";
import { downsamplingMap, lowpassKernel, type Padding, upsamplingMap } from "../filters/mod.ts";
import type { Constant, LayerTensors } from "./layer.ts";

/** Cutoff frequencies in radians. */
interface Cutoffs {
  down: number;
  up: number;
}

/** The published filters: square kernels that are not separable. */
export interface JincFilters {
  kind: "jinc";
  /** Taps per side, 2-12. */
  kernelSize: number;
  /** Beta of the Kaiser window; null means no window. */
  kaiserBeta: number | null;
  /** Whether the coefficients are divided by their sum. */
  normalized: boolean;
  cutoff: Cutoffs;
  /**
   * Factor of the upsampling filter. 4 preserves an image's brightness; the published value is 1.
   */
  gain: number;
  padding: Padding;
}

/** Separable filters, which are maps of the axes. The ideal one is always periodic. */
export type SeparableFilters = { kind: "ideal" } | {
  kind: "sinc";
  /** Taps, an even number. */
  kernelSize: number;
  cutoff: Cutoffs;
  /** Half the width of the transition band in radians. */
  transition: number;
  padding: Padding;
};

/** The design of a network's two low-pass filters. */
export type Filters = JincFilters | SeparableFilters;

/**
 * The constant `up` or `down`: a kernel [taps, taps], or a map [2 size, size] or [size, 2 size].
 *
 * @param size the side of the smaller image
 */
export function filterConstant(name: "up" | "down", filters: Filters, size: number): Constant {
  if (filters.kind === "jinc") {
    const { kernelSize, cutoff, gain, ...design } = filters;
    const values = lowpassKernel({ ...design, size: kernelSize, cutoff: cutoff[name] });
    return {
      name,
      shape: [kernelSize, kernelSize],
      values: Array.from(values, (value) => name === "up" ? value * gain : value),
    };
  }
  const filter = filters.kind === "ideal"
    ? filters
    : { ...filters, taps: filters.kernelSize, cutoff: filters.cutoff[name] };
  return name === "up"
    ? { name, shape: [2 * size, size], values: Array.from(upsamplingMap(size, filter)) }
    : { name, shape: [size, 2 * size], values: Array.from(downsamplingMap(size, filter)) };
}

/** Low-pass filter, then every second pixel. */
export function filteredHalf(x: tf.Tensor4D, filters: Filters, down: tf.Tensor2D): tf.Tensor4D {
  if (filters.kind !== "jinc") return mapAxes(x, down);
  if (filters.padding === "zero") return filteredDownsample(x, down);
  // An even number of pixels, so that the same ones are kept.
  const pixels = 2 * Math.ceil(Math.floor((filters.kernelSize - 1) / 2) / 2);
  return crop(filteredDownsample(extend(x, pixels, filters.padding), down), pixels / 2);
}

/** Zeros between the pixels, then low-pass filter. */
export function filteredDouble(x: tf.Tensor4D, filters: Filters, up: tf.Tensor2D): tf.Tensor4D {
  if (filters.kind !== "jinc") return mapAxes(x, up);
  if (filters.padding === "zero") return filteredUpsample(x, up);
  const pixels = Math.ceil(filters.kernelSize / 4);
  return crop(filteredUpsample(extend(x, pixels, filters.padding), up), 2 * pixels);
}

/** How a nonlinearity is filtered. */
export interface FilteredGeluOptions {
  filters: Filters;
  /** Whether half of what the filters remove is added; not with a norm. */
  bypass: boolean;
  /** A GroupNorm on the doubled image, for a jinc. */
  norm?: { scale: tf.Tensor1D; offset: tf.Tensor1D };
}

/** GELU on a doubled image, between the filters `up` and `down` of a layer. */
export function filteredGelu(
  x: tf.Tensor4D,
  { constant }: LayerTensors,
  { filters, bypass, norm }: FilteredGeluOptions,
): tf.Tensor4D {
  const up = rank2(constant("up"));
  const down = rank2(constant("down"));
  if (filters.kind !== "jinc") return axisMapGelu(x, { up, down, bypass });
  const y = jincGelu(x, filters, { up, down, ...(norm ? { norm } : {}) });
  if (!bypass) return y;
  const kept = filteredHalf(filteredDouble(x, filters, up), filters, down);
  return tf.add(y, tf.mul(tf.sub(x, kept), 0.5));
}

function jincGelu(
  x: tf.Tensor4D,
  filters: JincFilters,
  options: Parameters<typeof aliasFreeGelu>[1],
): tf.Tensor4D {
  const { up, down, norm } = options;
  if (filters.padding === "zero") return aliasFreeGelu(x, options);
  if (filters.padding === "circular" && !norm) {
    // Every step keeps the period, so it is enough to extend the image once.
    const pixels = Math.floor(filters.kernelSize / 2);
    return crop(aliasFreeGelu(extend(x, pixels, filters.padding), options), pixels);
  }
  const doubled = filteredDouble(x, filters, up);
  const normalized = norm ? groupNorm(doubled, norm.scale, norm.offset) : doubled;
  return filteredHalf(gelu(normalized), filters, down);
}
