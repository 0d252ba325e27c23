/**
 * Turns a reference into a kernel of the `cpu` engine. A reference is a plain function of float64
 * arrays, written directly from the formula, so that tests can take its finite differences. As a
 * kernel it takes and returns float32 tensors.
 */
import * as tf from "@tensorflow/tfjs";

/** An array as references use it: row-major, in float64. */
export interface Values {
  shape: number[];
  data: Float64Array;
}

/** A kernel's definition: maps named inputs and attributes to one output or a list of outputs. */
export type Reference = (
  inputs: Record<string, Values>,
  attrs: Record<string, unknown>,
) => Values | Values[];

/** An array of zeros. */
export function zeros(shape: number[]): Values {
  return { shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) };
}

/** Registers a reference as the `cpu` engine's kernel with a given name. */
export function registerReference(kernelName: string, reference: Reference): void {
  tf.registerKernel({
    kernelName,
    backendName: "cpu",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const cpu = backend as {
        readSync(dataId: object): tf.TypedArray;
        makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.TypedArray): tf.TensorInfo;
      };
      const read = (info: tf.TensorInfo): Values => ({
        shape: info.shape,
        data: Float64Array.from(cpu.readSync(info.dataId)),
      });
      const write = (values: Values) =>
        cpu.makeTensorInfo(values.shape, "float32", Float32Array.from(values.data));
      const named = Object.fromEntries(
        Object.entries(inputs).map(([name, info]) => [name, read(info as tf.TensorInfo)]),
      );
      const outputs = reference(named, attrs ?? {});
      return Array.isArray(outputs) ? outputs.map(write) : write(outputs);
    },
  });
}
