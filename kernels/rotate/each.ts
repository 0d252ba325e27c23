/**
 * Shifts and turns each image of a batch by an amount of its own, as {@link rigidMap} does: without
 * a loss, so that noise stays white. The amounts are a tensor, so that one jitted function moves the
 * images anew at each call.
 *
 * Each line of pixels is taken apart into its frequencies, whose phases turn. So no matrix of a
 * motion is needed, and the cost is a few products of each line with a fixed matrix.
 */
import * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import { rank2, rank3, rank4 } from "../shared/ranks.ts";

/** How an image moves: it is shifted first, and the result turns about its centre. */
export interface Motion {
  /** Pixels to the right. */
  columns: number;
  /** Pixels down. */
  rows: number;
  /** Counter-clockwise as displayed. */
  degrees: number;
}

/** Numbers that describe a motion: its shift, two shears, and which of four quarter turns. */
const numbersEach = 8;

/** Motions as the numbers that {@link moveEach} takes: a row of eight for each. */
export function motionNumbers(motions: readonly Motion[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(motions.flatMap(({ columns, rows, degrees }) => {
    const quarters = Math.round(degrees / 90);
    const radians = (degrees - 90 * quarters) * Math.PI / 180;
    const quarter = [0, 1, 2, 3].map((turns) => Number((quarters - turns) % 4 === 0));
    return [columns, rows, Math.tan(radians / 2), Math.sin(radians), ...quarter];
  }));
}

/**
 * Moves each image by its motion. What leaves on one side enters on the other. Differentiable in x.
 *
 * @param x square images, [batch, size, size, channels], float32
 * @param motions of as many images, from {@link motionNumbers}: float32 [batch, 8]
 * @param turns whether any of them turns; false saves the work, and ignores the turns
 * @returns the same shape
 */
export function moveEach(x: tf.Tensor4D, motions: tf.Tensor2D, turns: boolean): tf.Tensor4D {
  checkTensor("moveEach", "x", x, [null, null, x.shape[1], null]);
  checkTensor("moveEach", "motions", motions, [x.shape[0], numbersEach]);
  return tf.tidy(() => {
    const [columns, rows, slope, sine, ...quarters] = tf.split(motions, numbersEach, 1).map(rank2);
    const size = x.shape[1];
    const places = tf.range(0, size).sub((size - 1) / 2);
    // Channels come second, so that the lines are the last axis.
    let planes = rank4(x.transpose([0, 3, 1, 2]));
    planes = alongColumns(planes, (planes) => slide(planes, rows!));
    planes = slide(planes, columns!);
    if (turns) {
      planes = quarterTurned(planes, quarters);
      planes = slide(planes, rank2(slope!.mul(places)));
      planes = alongColumns(planes, (planes) => slide(planes, rank2(sine!.mul(places).neg())));
      planes = slide(planes, rank2(slope!.mul(places)));
    }
    return rank4(planes.transpose([0, 2, 3, 1]));
  });
}

/** The pixels in a circle that touches the border: those of a turned image that were not outside. */
export function inscribedDisc(size: number): Float32Array<ArrayBuffer> {
  const centre = (size - 1) / 2;
  return Float32Array.from({ length: size * size }, (_, i) => {
    const distance = Math.hypot(Math.floor(i / size) - centre, i % size - centre);
    return Number(distance <= size / 2);
  });
}

/** Applies a function of rows to the columns. */
function alongColumns(
  planes: tf.Tensor4D,
  fn: (planes: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  return swapped(fn(swapped(planes)));
}

/** Rows for columns. */
function swapped(planes: tf.Tensor4D): tf.Tensor4D {
  return rank4(planes.transpose([0, 1, 3, 2]));
}

/** Each image turned counter-clockwise by the quarters that its row of four weights names. */
function quarterTurned(planes: tf.Tensor4D, weights: tf.Tensor2D[]): tf.Tensor4D {
  const turned = [planes];
  for (let quarters = 1; quarters < 4; quarters++) {
    turned.push(tf.reverse(swapped(turned.at(-1)!), 2));
  }
  const parts = turned.map((plane, i) => plane.mul(weights[i]!.reshape([-1, 1, 1, 1])));
  return rank4(parts.reduce((sum, part) => sum.add(part)));
}

/**
 * Shifts each row, periodically, by its own number of pixels. Of the highest frequency of an even
 * length only the cosine is visible: it keeps its size, and takes the sign of the nearest whole
 * shift.
 *
 * @param planes [batch, channels, lines, length]
 * @param pixels [batch, lines], or [batch, 1] for all lines alike
 */
function slide(planes: tf.Tensor4D, pixels: tf.Tensor2D): tf.Tensor4D {
  const [batch, channels, lines, length] = planes.shape;
  const { cosines, sines, frequencies, highest } = waves(length);
  const amount = rank3(pixels.expandDims(2));
  const phases = amount.mul(frequencies).add(tf.round(amount).mul(highest)).expandDims(1);
  const [turn, across] = [tf.cos(phases), tf.sin(phases)];
  const flat = planes.reshape([batch * channels * lines, length]);
  const shape = [batch, channels, lines, frequencies.size];
  const even = tf.matMul(flat, cosines).reshape(shape);
  const odd = tf.matMul(flat, sines).reshape(shape);
  const back = (amplitudes: tf.Tensor, basis: tf.Tensor2D) =>
    tf.matMul(amplitudes.reshape([-1, frequencies.size]), basis, false, true);
  const moved = back(even.mul(turn).sub(odd.mul(across)), cosines)
    .add(back(even.mul(across).add(odd.mul(turn)), sines));
  return rank4(moved.reshape([batch, channels, lines, length]));
}

/**
 * The orthonormal waves of a line, [length, frequencies], and the phase of each frequency for a
 * shift by one pixel; that of the highest one of an even length is apart.
 */
function waves(length: number) {
  const count = Math.floor(length / 2) + 1;
  const isHighest = (k: number) => 2 * k === length;
  const basis = (wave: (angle: number) => number) =>
    tf.tensor2d(
      Float32Array.from({ length: length * count }, (_, i) => {
        const k = i % count;
        const scale = Math.sqrt((k === 0 || isHighest(k) ? 1 : 2) / length);
        // The product modulo the length keeps the angle small, and sines of whole turns zero.
        return scale * wave(2 * Math.PI * (Math.floor(i / count) * k % length) / length);
      }),
      [length, count],
    );
  const phases = (isOwn: (k: number) => boolean) =>
    tf.tensor1d(Array.from({ length: count }, (_, k) => isOwn(k) ? 2 * Math.PI * k / length : 0));
  return {
    cosines: basis(Math.cos),
    sines: basis(Math.sin),
    frequencies: phases((k) => !isHighest(k)),
    highest: phases(isHighest),
  };
}
