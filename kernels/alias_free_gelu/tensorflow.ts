/**
 * The alias-free GELU on the engine `tensorflow`.
 *
 * The doubled image is never assembled. Its four phases (even and odd rows and columns), each as
 * large as x, go through GELU one by one. A 3x3 kernel has three distinct taps: centre c, edge e
 * and corner m. With r, d and rd being x moved by one pixel, the phases are c x, e (x + r),
 * e (x + d) and m (x + r + d + rd). On a CPU these sums of two are far cheaper than depthwise
 * convolutions. Other kernels use the general form.
 */
import * as tf from "@tensorflow/tfjs";
import { scaledGelu, scaledGeluSlope } from "../gelu/tensorflow.ts";
import { groupNormForm, groupNormGradForm, imageStatistics } from "../group_norm/tensorflow.ts";
import {
  downsample,
  downsampleTransposed,
  upsample,
  upsampleTransposed,
} from "../shared/resampling_tensorflow.ts";
import { fused, fusedList, isFusing } from "../shared/fuse.ts";
import { narrow, widen } from "../shared/precision.ts";
import { knownValues, operation, registerForm } from "../shared/tensorflow_form.ts";

/** The three distinct values of a 3x3 kernel that is unchanged by any flip or transposition. */
interface Taps {
  centre: number;
  edge: number;
  corner: number;
}

/** The rows and columns of a doubled image: even-even, even-odd, odd-even and odd-odd. */
type Phases = [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];

function symmetricTaps(lowpass: tf.Tensor2D): Taps | null {
  if (lowpass.shape[0] !== 3) return null;
  const values = knownValues(lowpass);
  if (!values) return null;
  const [corner, edge, , , centre] = values as unknown as [number, number, number, number, number];
  const symmetric = [0, 2, 6, 8].every((i) => values[i] === corner) &&
    [1, 3, 5, 7].every((i) => values[i] === edge);
  return symmetric ? { centre, edge, corner } : null;
}

/**
 * `weight` times the sum over a window of `rows` x `columns` pixels that ends at each pixel
 * (`before`) or starts there, with zero padding. This is a depthwise convolution, which oneDNN
 * computes in one pass.
 */
function windowSum(
  x: tf.Tensor4D,
  [rows, columns]: [number, number],
  weight: number,
  before: boolean,
): tf.Tensor4D {
  const outside = (size: number) => before ? [size - 1, 0] : [0, size - 1];
  return operation("DepthwiseConv2dNative", [x, tf.fill([rows, columns, x.shape[3], 1], weight)], {
    T: { type: "float32" },
    strides: { int: [1, 1, 1, 1] },
    padding: { string: "EXPLICIT" },
    explicit_paddings: { int: [0, 0, ...outside(rows), ...outside(columns), 0, 0] },
    data_format: { string: "NHWC" },
  }) as tf.Tensor4D;
}

/** The phases of the upsampled image, times `factor`. */
function upsamplePhases(x: tf.Tensor4D, { centre, edge, corner }: Taps, factor: number): Phases {
  return [
    tf.mul(x, centre * factor),
    windowSum(x, [1, 2], edge * factor, false),
    windowSum(x, [2, 1], edge * factor, false),
    windowSum(x, [2, 2], corner * factor, false),
  ];
}

/** The filtered downsampling of a doubled image, given as its phases, times `factor`. */
function downsamplePhases(
  [a, b, c, d]: Phases,
  { centre, edge, corner }: Taps,
  factor: number,
): tf.Tensor4D {
  return tf.addN([
    tf.mul(a, centre * factor),
    windowSum(b, [1, 2], edge * factor, true),
    windowSum(c, [2, 1], edge * factor, true),
    windowSum(d, [2, 2], corner * factor, true),
  ]);
}

/** The weight of each phase. */
function weights({ centre, edge, corner }: Taps): [number, number, number, number] {
  return [centre, edge, edge, corner];
}

/**
 * The unweighted sums over each phase's windows, used when operations are fused. The weights, which
 * bfloat16 would round, are left to the fused operation that follows.
 */
function plainSums([a, b, c, d]: Phases, before: boolean): Phases {
  return [
    a,
    windowSum(b, [1, 2], 1, before),
    windowSum(c, [2, 1], 1, before),
    windowSum(d, [2, 2], 1, before),
  ];
}

/** An image that enters a fused resampling, with its taps and factor. */
interface Resampled {
  x: tf.Tensor4D;
  taps: Taps;
  factor: number;
}

/**
 * Applies `step` to the upsampled phases of images and downsamples the results: two fused
 * operations between sums over windows.
 */
function fusedPhases(
  name: string,
  inputs: Resampled[],
  step: (ofEach: tf.Tensor[]) => tf.Tensor,
  down: Omit<Resampled, "x">,
): tf.Tensor {
  const sums = inputs.flatMap(({ x }) => plainSums([x, x, x, x], false));
  const key = JSON.stringify([
    name,
    ...[...inputs, down].map(({ taps, factor }) => [taps, factor]),
  ]);
  const weighed = (sum: tf.Tensor | undefined, phase: number, by: Omit<Resampled, "x">) =>
    tf.mul(widen(sum!), weights(by.taps)[phase]! * by.factor);
  const phases = fusedList(
    `${key} phases`,
    sums,
    (...sums) =>
      [0, 1, 2, 3].map((phase) =>
        narrow(step(inputs.map((input, i) => weighed(sums[4 * i + phase], phase, input))))
      ),
  );
  return fused(
    `${key} sum`,
    plainSums(phases as Phases, true),
    (...sums) =>
      narrow(sums.map((sum, phase) => weighed(sum, phase, down)).reduce((a, b) => tf.add(a, b))),
  );
}

function forward(x: tf.Tensor4D, up: tf.Tensor2D, down: tf.Tensor2D): tf.Tensor {
  const upTaps = symmetricTaps(up);
  const downTaps = symmetricTaps(down);
  if (!upTaps || !downTaps) return downsample(wholeGelu(upsample(x, up)), down);
  if (isFusing()) {
    return fusedPhases(
      "AliasFreeGelu",
      [{ x, taps: upTaps, factor: Math.SQRT1_2 }],
      ([w]) => scaledGelu(w!),
      { taps: downTaps, factor: Math.SQRT1_2 },
    );
  }
  const phases = upsamplePhases(x, upTaps, Math.SQRT1_2).map(scaledGelu) as Phases;
  return downsamplePhases(phases, downTaps, Math.SQRT1_2);
}

function wholeGelu(x: tf.Tensor4D): tf.Tensor4D {
  return tf.mul(scaledGelu(tf.mul(x, Math.SQRT1_2)), Math.SQRT1_2);
}

function backward(x: tf.Tensor4D, dy: tf.Tensor4D, up: tf.Tensor2D, down: tf.Tensor2D): tf.Tensor {
  const upTaps = symmetricTaps(up);
  const downTaps = symmetricTaps(down);
  if (!upTaps || !downTaps) {
    const doubled = upsample(x, up);
    const slope = scaledGeluSlope(tf.mul(doubled, Math.SQRT1_2)) as tf.Tensor4D;
    return upsampleTransposed(tf.mul(slope, downGradient(dy, tf.mul(down, 0.5), doubled)), up);
  }
  // A symmetric kernel equals its own flip, so each resampling is the transpose of the other.
  if (isFusing()) {
    return fusedPhases(
      "AliasFreeGeluGrad",
      [{ x, taps: upTaps, factor: Math.SQRT1_2 }, { x: dy, taps: downTaps, factor: 0.5 }],
      ([w, gradient]) => tf.mul(scaledGeluSlope(w!), gradient!),
      { taps: upTaps, factor: 1 },
    );
  }
  const phases = upsamplePhases(x, upTaps, Math.SQRT1_2);
  const gradients = upsamplePhases(dy, downTaps, 0.5);
  const products = phases.map((w, i) => tf.mul(scaledGeluSlope(w), gradients[i]!)) as Phases;
  return downsamplePhases(products, upTaps, 1);
}

function downGradient(dy: tf.Tensor4D, down: tf.Tensor2D, doubled: tf.Tensor4D): tf.Tensor4D {
  return downsampleTransposed(dy, down, [doubled.shape[1], doubled.shape[2]]);
}

/** Registers the kernels. */
export function register(): void {
  registerForm("AliasFreeGelu", ({ x, up, down }) => forward(x, up, down));
  registerForm("AliasFreeGeluGrad", ({ x, dy, up, down }) => backward(x, dy, up, down));
  registerForm("AliasFreeNormGelu", ({ x, up, down, scale, offset }) => {
    const doubled = upsample(x, up);
    const y = downsample(wholeGelu(groupNormForm(doubled, scale, offset)), down);
    // This gradient does not use the second output, and a traced function drops unused results.
    const { mean, scale: inverse } = imageStatistics(doubled);
    return [y, tf.concat([mean, inverse], 2).reshape([x.shape[0], 2])];
  });
  registerForm("AliasFreeNormGeluGrad", ({ x, dy, up, down, scale, offset }) => {
    const doubled = upsample(x, up);
    const normed = groupNormForm(doubled, scale, offset);
    const slope = scaledGeluSlope(tf.mul(normed, Math.SQRT1_2)) as tf.Tensor4D;
    const gradient = tf.mul(slope, downGradient(dy, tf.mul(down, 0.5), doubled)) as tf.Tensor4D;
    const [ddoubled, dscale, doffset] = groupNormGradForm(doubled, gradient, scale);
    return [upsampleTransposed(ddoubled, up), dscale, doffset];
  });
}
