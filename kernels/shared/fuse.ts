/**
 * Fuses the steps of an operation. If the engine fuses, the steps read their inputs once and write
 * their outputs once; otherwise they run one by one.
 */
import * as tf from "@tensorflow/tfjs";

/** The backend members that fusing needs; only a fusing backend has them. */
interface FusingBackend {
  binding?: { trace: unknown };
  fuse?:
    | ((
      name: string,
      inputs: number[],
      build: (inputs: { id: number }[], take: (outputs: number[]) => void) => void,
    ) => { id: number }[])
    | null;
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  createOutputTensor(metadata: { id: number }): tf.Tensor;
}

/** Whether a function is being traced with fused steps. */
export function isFusing(): boolean {
  const { fuse, binding } = tf.backend() as unknown as FusingBackend;
  return Boolean(fuse && binding?.trace);
}

/**
 * Computes an output from inputs, in one operation if the engine fuses.
 *
 * @param name together with the inputs' shapes, identifies everything that `steps` computes
 * @param steps elementwise operations, moves and sums; reads no tensor but its inputs
 */
export function fused<Inputs extends tf.Tensor[]>(
  name: string,
  inputs: readonly [...Inputs],
  steps: (...inputs: Inputs) => tf.Tensor,
): tf.Tensor {
  const [output] = fusedList(name, inputs, (...inputs) => [steps(...inputs)]);
  if (output === undefined) throw new Error(`${name} gave no output`);
  return output;
}

/** Like {@link fused}, with several outputs. */
export function fusedList<Inputs extends tf.Tensor[]>(
  name: string,
  inputs: readonly [...Inputs],
  steps: (...inputs: Inputs) => tf.Tensor[],
): tf.Tensor[] {
  const backend = tf.backend() as unknown as FusingBackend;
  if (!backend.fuse || !backend.binding?.trace) return steps(...inputs);
  const outputs = backend.fuse(
    name,
    backend.getInputTensorIds([...inputs]),
    (given, take) =>
      tf.tidy(() => {
        // As many as the inputs, with their shapes.
        const tensors = given.map((metadata) => backend.createOutputTensor(metadata)) as Inputs;
        const results = steps(...tensors);
        take(backend.getInputTensorIds(results));
      }),
  );
  return outputs.map((metadata) => backend.createOutputTensor(metadata));
}
