/** The training steps of the golden networks, shared by the daily and the nightly tests. */
import * as tf from "@tensorflow/tfjs";
import { adamw, adamwRates } from "../../kernels/adamw/mod.ts";
import { rank1, rank4 } from "../../kernels/shared/ranks.ts";
import type { Engine } from "../engines/mod.ts";
import { assertClose, type GoldenCase } from "../golden/golden.ts";
import type { UNet } from "./mod.ts";
import { goldenInput, goldenOutput, setFormulaWeights } from "./testing.ts";

/** A stand-in for an engine's `jit` that runs each operation immediately. */
export function directly(fn: (...inputs: tf.Tensor[]) => tf.Tensor[]): ReturnType<Engine["jit"]> {
  return Object.assign((...inputs: tf.Tensor[]) => tf.tidy(() => fn(...inputs)), { dispose() {} });
}

/**
 * Throws unless a network with formula weights reproduces PyTorch's output, losses and gradients
 * over some steps of AdamW, and the weights after the third step.
 */
export async function compareSteps(
  row: GoldenCase,
  unet: UNet,
  run: Engine["jit"],
  steps: number,
): Promise<void> {
  const { y, losses, grad_norms, norms_after_3_steps } = row.tensors;
  const { tolerance } = row;
  setFormulaWeights(unet);
  const inputs = inputsOf(row);
  const parameters = [...unet.parameters.values()];
  const averages = parameters.map((parameter) => ({
    mean: tf.variable(tf.zerosLike(parameter)),
    square: tf.variable(tf.zerosLike(parameter)),
  }));
  const step = run((rates, x, t, noise, label) => {
    let output: tf.Tensor4D;
    const { value, grads } = tf.variableGrads(() => {
      output = tf.keep(unet.apply(rank4(x), rank1(t), label && rank1(label)));
      return tf.losses.meanSquaredError(noise!, output).asScalar();
    }, parameters);
    const norms = parameters.map(({ name }) => grads[name] ? tf.norm(grads[name]) : tf.scalar(0));
    // A parameter without a gradient stays unchanged, as in PyTorch.
    const slots = parameters.flatMap((parameter, i) => {
      const gradient = grads[parameter.name];
      return gradient ? [{ parameter, gradient, ...averages[i]! }] : [];
    });
    adamw(slots, rank1(rates));
    return [output!, value, tf.stack(norms)];
  });
  for (let number = 1; number <= steps; number++) {
    const rates = tf.tensor1d(adamwRates({ learningRate: 3e-4, weightDecay: 0.01, step: number }));
    const [output, loss, norms] = step(rates, ...inputs);
    if (number === 1) {
      assertClose(await goldenOutput(output!), y!.data, tolerance, "output");
      assertClose(await norms!.data(), grad_norms!.data, tolerance, "gradient norms");
    }
    assertClose(
      await loss!.data(),
      [losses!.data[number - 1]!],
      tolerance,
      `loss of step ${number}`,
    );
    tf.dispose([rates, output!, loss!, norms!]);
  }
  const norms = tf.tidy(() => tf.stack(parameters.map((parameter) => tf.norm(parameter))));
  if (steps === 3) {
    assertClose(
      await norms.data(),
      norms_after_3_steps!.data,
      tolerance,
      "norms after three steps",
    );
  }
  tf.dispose([norms, inputs, averages.map(({ mean, square }) => [mean, square])]);
  step.dispose();
}

/** The inputs x, t and noise, plus label if there is one. */
export function inputsOf({ tensors: { x, t, noise, label } }: GoldenCase): tf.Tensor[] {
  const inputs = [goldenInput(x!), goldenInput(t!, "int32"), goldenInput(noise!)];
  return label ? [...inputs, goldenInput(label, "int32")] : inputs;
}
