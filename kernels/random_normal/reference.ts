/** Standard normal numbers from Philox blocks, in plain loops. */
import * as tf from "@tensorflow/tfjs";
import { advanced, philox4x32 } from "./philox.ts";

/** `count` standard normal numbers; see `randomNormal`. */
export function normalNumbers(
  count: number,
  key: ArrayLike<number>,
  counter: ArrayLike<number>,
): Float64Array {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const words = philox4x32(advanced(counter, i >>> 2), key);
    // The upper 24 bits, which float32 holds exactly. Half a step keeps the logarithm finite.
    const first = (words[i & 2]! >>> 8) + 0.5;
    const second = words[(i & 2) + 1]! >>> 8;
    const radius = Math.sqrt(-2 * Math.log(first / 2 ** 24));
    const angle = 2 * Math.PI * second / 2 ** 24;
    numbers[i] = radius * Math.cos(angle);
    if (i + 1 < count) numbers[i + 1] = radius * Math.sin(angle);
  }
  return numbers;
}

tf.registerKernel({
  kernelName: "RandomNormal",
  backendName: "cpu",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const cpu = backend as {
      readSync(dataId: object): tf.TypedArray;
      makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.TypedArray): tf.TensorInfo;
    };
    const shape = attrs!["shape"] as number[];
    const read = (name: string) => cpu.readSync(inputs[name]!.dataId);
    const numbers = normalNumbers(tf.util.sizeFromShape(shape), read("key"), read("counter"));
    return cpu.makeTensorInfo(shape, "float32", Float32Array.from(numbers));
  },
});
