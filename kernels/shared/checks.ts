/**
 * Argument checks for every public kernel function: ranks, sizes and types, named in the message.
 */
import type * as tf from "@tensorflow/tfjs";

/** Allowed taps per side of the low-pass kernels that the filtered operations take. */
export const tapsRange = { min: 2, max: 12 };

/**
 * Throws unless a tensor is float32, not empty, and has the shape; null matches any size from 1.
 */
export function checkTensor(
  operation: string,
  name: string,
  tensor: tf.Tensor,
  shape: (number | null)[],
): void {
  // JavaScript callers may pass anything.
  if (!Array.isArray((tensor as tf.Tensor | undefined)?.shape)) {
    throw new TypeError(
      `${operation}: ${name} must be a tensor, got ${
        Array.isArray(tensor) ? "an array" : typeof tensor
      }`,
    );
  }
  const fits = tensor.rank === shape.length &&
    shape.every((size, i) => size === null || size === tensor.shape[i]);
  if (!fits || tensor.dtype !== "float32") {
    throw new TypeError(
      `${operation}: ${name} must be float32 [${shape.map((size) => size ?? "any").join(", ")}], ` +
        `got ${tensor.dtype} [${tensor.shape.join(", ")}]`,
    );
  }
  if (tensor.size === 0) {
    throw new RangeError(
      `${operation}: ${name} must not be empty, got [${tensor.shape.join(", ")}]`,
    );
  }
}

/** Throws unless a tensor is a square low-pass kernel with 2 to 12 taps per side. */
export function checkLowpass(operation: string, name: string, lowpass: tf.Tensor): void {
  checkTensor(operation, name, lowpass, [null, null]);
  const [rows, columns] = lowpass.shape as [number, number];
  if (rows !== columns || rows < tapsRange.min || rows > tapsRange.max) {
    throw new RangeError(
      `${operation}: ${name} must be square with ${tapsRange.min} to ${tapsRange.max} taps a side, ` +
        `got [${rows}, ${columns}]`,
    );
  }
}
