/** Uniform numbers from Philox blocks, in plain loops. */
import { advanced, philox4x32 } from "../random_normal/philox.ts";
import { registerReference, zeros } from "../shared/reference.ts";

/** `count` uniform numbers in [0, 1); see `randomUniform`. */
export function uniformNumbers(
  count: number,
  key: ArrayLike<number>,
  counter: ArrayLike<number>,
): Float64Array {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i += 4) {
    philox4x32(advanced(counter, i / 4), key).forEach((word, j) => {
      // The upper 24 bits, which float32 holds exactly.
      if (i + j < count) numbers[i + j] = (word >>> 8) / 2 ** 24;
    });
  }
  return numbers;
}

registerReference("RandomUniform", ({ key, counter }, attrs) => {
  const result = zeros(attrs["shape"] as number[]);
  result.data.set(uniformNumbers(result.data.length, key!.data, counter!.data));
  return result;
});
