/** Standard normal numbers on the engine `wasm`, computed by the reference's loops. */
import * as tf from "@tensorflow/tfjs";
import { registerOnWasm } from "../shared/wasm_form.ts";
import { normalNumbers } from "./reference.ts";

/** The members of tfjs's WebAssembly backend that are used here. */
interface Backend {
  readSync(dataId: object): tf.TypedArray;
  makeOutput(
    shape: number[],
    dtype: tf.DataType,
    memoryOffset: undefined,
    values: tf.TypedArray,
  ): tf.TensorInfo;
}

/** Registers the kernel. */
export function register(): void {
  registerOnWasm("RandomNormal", ({ inputs, attrs, backend }) => {
    // tfjs passes every backend as `unknown`; on `wasm` it is this one.
    const wasm = backend as Backend;
    const shape = attrs?.["shape"] as number[];
    const read = (name: string) => wasm.readSync((inputs[name] as tf.TensorInfo).dataId);
    const numbers = normalNumbers(tf.util.sizeFromShape(shape), read("key"), read("counter"));
    return wasm.makeOutput(shape, "float32", undefined, Float32Array.from(numbers));
  });
}
