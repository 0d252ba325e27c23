/**
 * AdamW on the engine `tensorflow`. TensorFlow's own ResourceApplyAdam takes one pass over memory,
 * where a composition of small operations takes a dozen. It works on resource variables, so each
 * tensor is put into one for the step and taken out afterwards.
 *
 * Two differences from PyTorch are corrected. Its epsilon is added to the uncorrected sqrt(v), so
 * epsilon is multiplied by the correction. And it moves v by a fraction of its distance from g^2,
 * which would turn an infinite v into NaN. So it receives the largest finite number instead of
 * infinity, which moves the parameter just as little, and v itself is repaired afterwards.
 */
import * as tf from "@tensorflow/tfjs";
import { eachSlot } from "../shared/slots_tensorflow.ts";
import { valueOf } from "../shared/named.ts";
import {
  executeOne,
  isTraced,
  operation,
  operations,
  registerForm,
  tensorflowBackend,
} from "../shared/tensorflow_form.ts";

const floatType = 1;
const largest = 2 ** 128 - 2 ** 104;
let variables = 0;

/**
 * TensorFlow's new v; where the old v was infinite, the formula's result. The repair is in a branch
 * of the traced graph that only runs if an old v was infinite.
 */
function squareOf(
  updated: tf.Tensor,
  old: tf.Tensor,
  gradient: tf.Tensor,
  beta2: number,
): tf.Tensor {
  const mended = (updated: tf.Tensor, old: tf.Tensor, gradient: tf.Tensor) =>
    tf.where(
      tf.isInf(old),
      tf.add(tf.mul(old, beta2), tf.mul(tf.square(gradient), 1 - beta2)),
      updated,
    );
  if (!isTraced(updated)) return mended(updated, old, gradient);
  const allFinite = tf.isFinite(tf.sum(old));
  const type = { T: { type: "float32" } } as const;
  const branch = (tensor: tf.Tensor) =>
    operations("Switch", [tensor, allFinite], type, 2) as [tf.Tensor, tf.Tensor];
  const [toMend, asItIs] = branch(updated);
  const elsewhere = mended(toMend, branch(old)[0], branch(gradient)[0]);
  return operation("Merge", [asItIs, elsewhere], { ...type, N: { int: 2 } });
}

/** Registers the kernel. */
export function register(): void {
  registerForm("AdamW", (inputs: Record<string, tf.Tensor>, { count, beta1, beta2, epsilon }) => {
    const backend = tensorflowBackend();
    const binding = backend.binding;
    const rates = valueOf(inputs, "rates");
    const rate = (i: number) => tf.slice(rates, [i], [1]).reshape([]);
    const decay = rate(0);
    const correction = rate(2);
    const learningRate = tf.mul(rate(1), correction);
    const scalars = [tf.scalar(0), tf.scalar(0), learningRate, tf.scalar(beta1), tf.scalar(beta2)];
    scalars.push(tf.mul(correction, epsilon));
    const scalarIds = backend.getInputTensorIds(scalars);
    const type = { name: "dtype", type: 4, value: floatType };
    const resourceOf = (value: tf.Tensor): number => {
      const { id } = executeOne(
        "VarHandleOp",
        [
          type,
          { name: "shape", type: 5, value: value.shape },
          // Each variable has its own name in TensorFlow's store, which keeps only the buffers of
          // the last step.
          { name: "shared_name", type: 0, value: `adamw_${variables++}` },
        ],
        [],
      );
      binding.executeOp(
        "AssignVariableOp",
        [type],
        [id, ...backend.getInputTensorIds([value])],
        0,
      );
      return id;
    };
    const taken = (resource: number): tf.Tensor => {
      const output = backend.createOutputTensor(
        executeOne("ReadVariableOp", [type], [resource]),
      );
      binding.executeOp("DestroyResourceOp", [], [resource], 0);
      binding.deleteTensor(resource);
      return output;
    };
    const names = ["parameter", "gradient", "mean", "square"] as const;
    return eachSlot(inputs, names, count, ({ parameter, gradient, mean, square }) => {
      const resources = [
        resourceOf(tf.mul(parameter, decay)),
        resourceOf(mean),
        resourceOf(tf.minimum(square, largest)),
      ] as const;
      binding.executeOp(
        "ResourceApplyAdam",
        [{ name: "T", type: 4, value: floatType }, { name: "use_locking", type: 3, value: false }],
        [...resources, ...scalarIds, ...backend.getInputTensorIds([gradient])],
        0,
      );
      const [newParameter, newMean] = [taken(resources[0]), taken(resources[1])];
      return [newParameter, newMean, squareOf(taken(resources[2]), square, gradient, beta2)];
    });
  });
}
