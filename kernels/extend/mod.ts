/**
 * Extends an image beyond its border. It is composed of operations that every engine has, so there
 * is one form for all.
 */
import * as tf from "@tensorflow/tfjs";
import type { Padding } from "../../src/filters/mod.ts";
import { checkTensor } from "../shared/checks.ts";

/**
 * Adds `pixels` rows and columns on each side of an image: the image again (`circular`), or its
 * reflection without the border pixel (`reflect`). They may be more than the image has.
 *
 * @param x [batch, height, width, channels]
 * @returns [batch, height + 2 pixels, width + 2 pixels, channels]
 * @throws TypeError if a shape does not fit
 */
export function extend(
  x: tf.Tensor4D,
  pixels: number,
  padding: Exclude<Padding, "zero">,
): tf.Tensor4D {
  checkTensor("extend", "x", x, [null, null, null, null]);
  return tf.tidy(() => [1, 2].reduce((y, axis) => extendAxis(y, axis, pixels, padding), x));
}

/** What `extend` added is cut off again. */
export function crop(x: tf.Tensor4D, pixels: number): tf.Tensor4D {
  if (pixels === 0) return x;
  const [batch, height, width, channels] = x.shape;
  const size: [number, number, number, number] = [
    batch,
    height - 2 * pixels,
    width - 2 * pixels,
    channels,
  ];
  return tf.slice4d(x, [0, pixels, pixels, 0], size);
}

function extendAxis(
  x: tf.Tensor4D,
  axis: number,
  pixels: number,
  padding: Exclude<Padding, "zero">,
): tf.Tensor4D {
  if (pixels === 0) return x;
  // A longer image of the same period continues in the same way.
  const length = x.shape[axis]!;
  const most = padding === "circular" || length === 1 ? length : length - 1;
  const now = Math.min(pixels, most);
  const extension = tf.customGrad((x) => ({
    value: extended(x as tf.Tensor4D, axis, now, padding),
    gradFunc: (dy: tf.Tensor) => extendedTransposed(dy as tf.Tensor4D, axis, now, padding),
  }));
  return extendAxis(extension(x) as tf.Tensor4D, axis, pixels - now, padding);
}

/** Where the first pixel comes from of what is added before and after a line. */
function sourcesOf(length: number, pixels: number, padding: Padding): [number, number] {
  if (length === 1) return [0, 0];
  return padding === "circular" ? [length - pixels, 0] : [1, length - 1 - pixels];
}

function part(x: tf.Tensor4D, axis: number, begin: number, length: number): tf.Tensor4D {
  const starts: [number, number, number, number] = [0, 0, 0, 0];
  starts[axis] = begin;
  const sizes: [number, number, number, number] = [...x.shape];
  sizes[axis] = length;
  return tf.slice4d(x, starts, sizes);
}

function turned(x: tf.Tensor4D, axis: number, padding: Padding): tf.Tensor4D {
  return padding === "circular" || x.shape[axis] === 1 ? x : tf.reverse4d(x, axis);
}

function extended(x: tf.Tensor4D, axis: number, pixels: number, padding: Padding): tf.Tensor4D {
  const [before, after] = sourcesOf(x.shape[axis]!, pixels, padding);
  const outside = (begin: number) => turned(part(x, axis, begin, pixels), axis, padding);
  return tf.concat([outside(before), x, outside(after)], axis);
}

/** The transpose: what was added goes back to the pixels that it came from. */
function extendedTransposed(
  dy: tf.Tensor4D,
  axis: number,
  pixels: number,
  padding: Padding,
): tf.Tensor4D {
  const length = dy.shape[axis]! - 2 * pixels;
  const [before, after] = sourcesOf(length, pixels, padding);
  const placed = (begin: number, at: number) => {
    const sides: [number, number][] = [[0, 0], [0, 0], [0, 0], [0, 0]];
    sides[axis] = [at, length - pixels - at];
    return tf.pad(turned(part(dy, axis, begin, pixels), axis, padding), sides);
  };
  return tf.addN([
    part(dy, axis, pixels, length),
    placed(0, before),
    placed(pixels + length, after),
  ]) as tf.Tensor4D;
}
