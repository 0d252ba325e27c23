// Sums over leading or middle axes on WebGPU, for the gradients of biases and of whatever is added
// to every pixel. tfjs transposes first and gives each sum one thread. tfjs still handles sums over
// the last axis.
import * as tf from "@tensorflow/tfjs";
import { attributesOf, replaceKernel, runStock } from "./replace.ts";
import { emptyTensor, inputOf, type WgslBackend } from "../../../../kernels/shared/wgsl.ts";
import middleSum from "./middle_sum.wgsl" with { type: "text" };

/**
 * How many inner positions a workgroup computes, and into how many parts the middle axis is split.
 * There should be enough workgroups to fill a GPU, each with at least 64 summands. Parts cost a
 * second dispatch, so short sums instead use narrow workgroups with more lanes.
 */
function divisionOf(
  outer: number,
  middle: number,
  inner: number,
): { places: number; parts: number } {
  const across = Math.ceil(inner / 32);
  const parts = Math.max(1, Math.min(Math.ceil(middle / 64), Math.ceil(256 / (across * outer))));
  if (parts === 1) return { places: 32, parts };
  return middle <= 2048 ? { places: 8, parts: 1 } : { places: 32, parts };
}

/**
 * Sums x, viewed as [outer, middle, inner], over the middle axis into a tensor of the given shape.
 */
export function sumMiddle(
  backend: WgslBackend,
  x: tf.TensorInfo,
  [outer, middle, inner]: readonly [number, number, number],
  shape: readonly number[],
): tf.TensorInfo {
  const { places, parts } = divisionOf(outer, middle, inner);
  const run = (from: tf.TensorInfo, to: tf.TensorInfo, length: number, count: number) =>
    backend.runWgsl({
      name: "Sum",
      code: middleSum,
      constants: { PLACES: places },
      reads: [from],
      writes: [to],
      uniforms: [length, inner, count, Math.ceil(length / count)],
      workgroups: [Math.ceil(inner / places), count, outer],
    });
  const sum = emptyTensor(backend, shape);
  if (parts === 1) {
    run(x, sum, middle, 1);
    return sum;
  }
  const partial = emptyTensor(backend, [outer, parts, inner]);
  run(x, partial, middle, parts);
  run(partial, sum, parts, 1);
  backend.disposeData(partial.dataId);
  return sum;
}

/** Replaces tfjs's Sum if the summed axes are adjacent and do not include the last axis. */
export function register(): void {
  replaceKernel("Sum", (call, stock) => {
    const x = inputOf(call, "x");
    const { axis, keepDims } = attributesOf<tf.SumAttrs>(call);
    const axes = tf.util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const first = axes[0] ?? 0;
    const last = axes.at(-1) ?? 0;
    const areAdjacent = axes.length === last - first + 1 && last < x.shape.length - 1;
    if (!areAdjacent || x.dtype !== "float32" || tf.util.sizeFromShape(x.shape) === 0) {
      return runStock<tf.TensorInfo>(stock, call);
    }
    const shape = x.shape.flatMap((size, i) =>
      i < first || i > last ? [size] : keepDims ? [1] : []
    );
    const sizeOf = (from: number, to: number) => tf.util.sizeFromShape(x.shape.slice(from, to));
    const sizes = [
      sizeOf(0, first),
      sizeOf(first, last + 1),
      sizeOf(last + 1, x.shape.length),
    ] as const;
    return sumMiddle(call.backend, x, sizes, shape);
  });
}
