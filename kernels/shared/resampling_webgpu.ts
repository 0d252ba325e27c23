// Filtered doubling and halving on WebGPU. The gradient of each is the other one with the flipped
// filter, which the program's constant SIGN selects.
import type * as tf from "@tensorflow/tfjs";
import halve from "../filtered_downsample/halve.wgsl" with { type: "text" };
import double from "../filtered_upsample/double.wgsl" with { type: "text" };
import { padding } from "./taps.ts";
import {
  emptyTensor,
  spreadWorkgroups,
  vectorWidth,
  type WgslBackend,
  withValueType,
} from "./wgsl.ts";
import { sizes2, sizes4 } from "./ranks.ts";

/** Which program to run, and whether the filter is flipped. */
export interface Resampling {
  readonly name: string;
  readonly direction: "double" | "halve";
  readonly turned: boolean;
}

/** Resamples x [batch, height, width, channels] to the given height and width. */
export function resampleWebGpu(
  backend: WgslBackend,
  { name, direction, turned }: Resampling,
  x: tf.TensorInfo,
  lowpass: tf.TensorInfo,
  [outputHeight, outputWidth]: readonly [number, number],
): tf.TensorInfo {
  const [batch, height, width, channels] = sizes4(x.shape);
  const [taps] = sizes2(lowpass.shape);
  const vector = vectorWidth(channels);
  const y = emptyTensor(backend, [batch, outputHeight, outputWidth, channels]);
  const size = batch * outputHeight * outputWidth * channels / vector;
  backend.runWgsl({
    name,
    code: withValueType(vector, direction === "double" ? double : halve),
    constants: { TAPS: taps, PADDING: padding(taps), SIGN: turned ? -1 : 1 },
    reads: [x, lowpass],
    writes: [y],
    uniforms: [height, width, outputHeight, outputWidth, channels / vector, size],
    workgroups: spreadWorkgroups(Math.ceil(size / 256)),
  });
  return y;
}
