/** What the functions that draw numbers by key and counter have in common: their checks. */
import * as tf from "@tensorflow/tfjs";

/** Throws unless key and counter are Philox's, and the shape has elements. */
export function checkRandom(
  operation: string,
  shape: number[],
  key: tf.Tensor1D,
  counter: tf.Tensor1D,
): void {
  for (const [name, tensor, size] of [["key", key, 2], ["counter", counter, 4]] as const) {
    if (tensor.dtype !== "int32" || tensor.rank !== 1 || tensor.shape[0] !== size) {
      throw new TypeError(
        `${operation}: ${name} must be int32 [${size}], got ${tensor.dtype} [${tensor.shape}]`,
      );
    }
  }
  if (tf.util.sizeFromShape(shape) === 0) {
    throw new RangeError(
      `${operation}: the shape must not be empty, got [${shape.join(", ")}]`,
    );
  }
}
