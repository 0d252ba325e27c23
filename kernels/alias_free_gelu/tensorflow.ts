/**
 * The alias-free GELU on the engine `tensorflow`.
 *
 * The doubled image is never put together: its four phases (even and odd rows and columns), each as large as x, go
 * through GELU one by one. For the 3x3 kernel with its three different taps (centre c, edge e, corner m), with r, d and
 * rd being x moved by one pixel, the phases are c x, e (x + r), e (x + d) and m (x + r + d + rd): sums of two, which on
 * a CPU are far cheaper than depthwise convolutions. Other kernels go through the general form.
 */
import * as tf from "@tensorflow/tfjs";
import { scaledGelu, scaledGeluSlope } from "../gelu/tensorflow.ts";
import { groupNormForm, groupNormGradForm } from "../group_norm/tensorflow.ts";
import { downsample, downsampleTransposed, upsample, upsampleTransposed } from "../resampling_tensorflow.ts";
import { knownValues, registerForm } from "../tensorflow_form.ts";

/** The three different values of a 3x3 kernel that is the same after any flip or transposition. */
interface Taps {
  centre: number;
  edge: number;
  corner: number;
}

/** Even-even, even-odd, odd-even and odd-odd rows and columns of a doubled image. */
type Phases = [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];

function symmetricTaps(lowpass: tf.Tensor2D): Taps | null {
  if (lowpass.shape[0] !== 3) return null;
  const values = knownValues(lowpass);
  if (!values) return null;
  const [corner, edge, , , centre] = values as unknown as [number, number, number, number, number];
  const symmetric = [0, 2, 6, 8].every((i) => values[i] === corner) && [1, 3, 5, 7].every((i) => values[i] === edge);
  return symmetric ? { centre, edge, corner } : null;
}

/** x moved by one pixel along an axis, a zero coming in: from behind (`next`) or from before. */
function moved(x: tf.Tensor4D, axis: 1 | 2, next: boolean): tf.Tensor4D {
  const begin: [number, number, number, number] = [0, 0, 0, 0], size = x.shape.slice() as typeof begin;
  const paddings: [number, number][] = [[0, 0], [0, 0], [0, 0], [0, 0]];
  size[axis]--;
  if (next) begin[axis] = 1;
  paddings[axis] = next ? [0, 1] : [1, 0];
  return tf.pad(tf.slice4d(x, begin, size), paddings);
}

/** The phases of the upsampled image, times `factor`. */
function upsamplePhases(x: tf.Tensor4D, { centre, edge, corner }: Taps, factor: number): Phases {
  const right = tf.add(x, moved(x, 2, true)) as tf.Tensor4D;
  const below = tf.add(x, moved(x, 1, true)) as tf.Tensor4D;
  const all = tf.add(right, moved(right, 1, true)) as tf.Tensor4D;
  return [
    tf.mul(x, centre * factor),
    tf.mul(right, edge * factor),
    tf.mul(below, edge * factor),
    tf.mul(all, corner * factor),
  ];
}

/** The filtered downsampling of a doubled image that is given as its phases, times `factor`. */
function downsamplePhases([a, b, c, d]: Phases, { centre, edge, corner }: Taps, factor: number): tf.Tensor4D {
  // Columns first, for the even and for the odd rows; then the rows.
  const beside = tf.mul(b, edge * factor) as tf.Tensor4D, diagonal = tf.mul(d, corner * factor) as tf.Tensor4D;
  const even = tf.addN([tf.mul(a, centre * factor), beside, moved(beside, 2, false)]);
  const odd = tf.addN([tf.mul(c, edge * factor), diagonal, moved(diagonal, 2, false)]) as tf.Tensor4D;
  return tf.addN([even, odd, moved(odd, 1, false)]) as tf.Tensor4D;
}

function forward(x: tf.Tensor4D, up: tf.Tensor2D, down: tf.Tensor2D): tf.Tensor {
  const upTaps = symmetricTaps(up), downTaps = symmetricTaps(down);
  if (!upTaps || !downTaps) return downsample(wholeGelu(upsample(x, up)), down);
  const phases = upsamplePhases(x, upTaps, Math.SQRT1_2).map(scaledGelu) as Phases;
  return downsamplePhases(phases, downTaps, Math.SQRT1_2);
}

function wholeGelu(x: tf.Tensor4D): tf.Tensor4D {
  return tf.mul(scaledGelu(tf.mul(x, Math.SQRT1_2)), Math.SQRT1_2);
}

function backward(x: tf.Tensor4D, dy: tf.Tensor4D, up: tf.Tensor2D, down: tf.Tensor2D): tf.Tensor {
  const upTaps = symmetricTaps(up), downTaps = symmetricTaps(down);
  if (!upTaps || !downTaps) {
    const doubled = upsample(x, up);
    const slope = scaledGeluSlope(tf.mul(doubled, Math.SQRT1_2)) as tf.Tensor4D;
    return upsampleTransposed(tf.mul(slope, downGradient(dy, tf.mul(down, 0.5), doubled)), up);
  }
  // A symmetric kernel is its own flip, so that each resampling's transpose is the other resampling.
  const phases = upsamplePhases(x, upTaps, Math.SQRT1_2), gradients = upsamplePhases(dy, downTaps, 0.5);
  const products = phases.map((w, i) => tf.mul(scaledGeluSlope(w), gradients[i]!)) as Phases;
  return downsamplePhases(products, upTaps, 1);
}

function downGradient(dy: tf.Tensor4D, down: tf.Tensor2D, doubled: tf.Tensor4D): tf.Tensor4D {
  return downsampleTransposed(dy, down, [doubled.shape[1], doubled.shape[2]]);
}

/** Registers the forms. */
export function register(): void {
  registerForm("AliasFreeGelu", ({ x, up, down }) => forward(x, up, down));
  registerForm("AliasFreeGeluGrad", ({ x, dy, up, down }) => backward(x, dy, up, down));
  registerForm(
    "AliasFreeNormGelu",
    ({ x, up, down, scale, offset }) => downsample(wholeGelu(groupNormForm(upsample(x, up), scale, offset)), down),
  );
  registerForm("AliasFreeNormGeluGrad", ({ x, dy, up, down, scale, offset }) => {
    const doubled = upsample(x, up), normed = groupNormForm(doubled, scale, offset);
    const slope = scaledGeluSlope(tf.mul(normed, Math.SQRT1_2)) as tf.Tensor4D;
    const gradient = tf.mul(slope, downGradient(dy, tf.mul(down, 0.5), doubled)) as tf.Tensor4D;
    const [ddoubled, dscale, doffset] = groupNormGradForm(doubled, gradient, scale);
    return [upsampleTransposed(ddoubled as tf.Tensor4D, up), dscale!, doffset!];
  });
}
