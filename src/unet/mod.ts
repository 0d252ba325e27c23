/** From resolved spec to network: plan, weights, and the function that applies it. */
import * as tf from "@tensorflow/tfjs";
import type { Constant, Parameter } from "../layers/layer.ts";
import { inBatchParts } from "../../kernels/batch_parts.ts";
import { narrow, widen } from "../../kernels/precision.ts";
import { layerNamed } from "../layers/registry.ts";
import { initialValues } from "./initialize.ts";
import { ourShape, toOurs } from "./layout.ts";
import { elements, type NetworkPlan, networkPlan, type NetworkSpec, type Step } from "./plan.ts";
import type { TensorData } from "../formats/tensors.ts";
import { summarize } from "./summary.ts";
import { setWeights } from "./weights.ts";

export { type NetworkPlan, networkPlan, type NetworkSpec, type Step } from "./plan.ts";
export { summarize } from "./summary.ts";
export { loadWeights, saveWeights, setWeights, weightsOf } from "./weights.ts";

/** A network with its weights on the engine that was open when it was compiled. */
export interface UNet {
  /** What it was compiled from. */
  readonly plan: NetworkPlan;
  /**
   * The trained weights under the published state dict's names, in its order; matrices lie as [in,
   * out], convolutions as [height, width, in, out]. With `normInside` the unused GroupNorms are
   * among them, which get no gradient; PyTorch's optimizers leave such parameters as they are,
   * weight decay included.
   */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /**
   * Predicts the noise. Differentiable, and can be recorded by an engine's `jit`.
   *
   * @param x noisy images in [-1, 1], [batch, height, width, channels]
   * @param t timesteps, [batch], integers or floats
   * @param label classes, [batch], integers from 0; -1 stands for none, and so does leaving it out
   * @returns the shape of x
   */
  apply(x: tf.Tensor4D, t: tf.Tensor1D, label?: tf.Tensor1D): tf.Tensor4D;
  /** A table of the layers for people. */
  summary(): string;
  /** Frees weights and constants. */
  dispose(): void;
}

/**
 * Compiles the network of a spec on the current tfjs backend, with weights drawn by the spec's seed
 * as PyTorch's default initializers would, or with weights that are given.
 *
 * @param weights in PyTorch's names and shapes; none are drawn then, which takes a second or more
 * @throws RangeError where image size or base width cannot make the published network
 * @throws UserError where the weights are not this network's
 */
export function compileUNet(
  spec: NetworkSpec & { seed: number },
  weights?: ReadonlyMap<string, TensorData>,
): UNet {
  const plan = networkPlan(spec);
  const parameters = new Map(
    plan.parameters.map((parameter, index) => [
      parameter.name,
      weights ? emptyVariable(parameter) : initialVariable(parameter, spec.seed, index),
    ]),
  );
  if (weights) setWeights({ plan, parameters }, weights, "the weights");
  const constants = constantTensors(plan.steps);
  return {
    plan,
    parameters,
    apply(x, t, label) {
      checkInputs(plan, x, t, label);
      const others = label ? [t, label] : [t];
      return tf.tidy(() =>
        inBatchParts<[tf.Tensor4D]>(x, others, (x, [t, label]) => [
          applyPlan(
            plan,
            parameters,
            constants,
            x,
            t as tf.Tensor1D,
            label as tf.Tensor1D | undefined,
          ),
        ])[0]
      );
    },
    summary: () => summarize(plan),
    dispose() {
      for (const variable of parameters.values()) variable.dispose();
      new Set([...constants.values()].flatMap((step) => [...step.values()])).forEach((tensor) =>
        tensor.dispose()
      );
    },
  };
}

function initialVariable(parameter: Parameter, seed: number, index: number): tf.Variable {
  const values = initialValues(parameter.initializer, elements(parameter.shape), seed, index);
  return tf.tidy(() =>
    tf.variable(tf.tensor(toOurs(values, parameter), ourShape(parameter), "float32"))
  );
}

function emptyVariable(parameter: Parameter): tf.Variable {
  return tf.tidy(() => tf.variable(tf.zeros(ourShape(parameter))));
}

/**
 * The constants of each step, by step and name; equal ones are one tensor. Made here so that no
 * recording makes them.
 */
function constantTensors(steps: Step[]): Map<string, Map<string, tf.Tensor>> {
  const made = new Map<string, tf.Tensor>();
  function tensorOf({ shape, values }: Constant): tf.Tensor {
    const key = JSON.stringify([shape, values]);
    const tensor = made.get(key) ?? tf.keep(tf.tensor(values, shape, "float32"));
    made.set(key, tensor);
    return tensor;
  }
  return new Map(
    steps.map((
      step,
    ) => [
      step.name,
      new Map(step.constants.map((constant) => [constant.name, tensorOf(constant)])),
    ]),
  );
}

function checkInputs(plan: NetworkPlan, x: tf.Tensor4D, t: tf.Tensor1D, label?: tf.Tensor1D): void {
  const [batch, ...imageShape] = x.shape;
  if (x.rank !== 4 || imageShape.some((size, i) => size !== plan.imageShape[i])) {
    throw new TypeError(
      `x must be [batch, ${plan.imageShape.join(", ")}], got [${x.shape.join(", ")}]`,
    );
  }
  for (const [name, vector] of [["t", t], ["label", label]] as const) {
    if (vector && (vector.rank !== 1 || vector.shape[0] !== batch)) {
      throw new TypeError(`${name} must be [${batch}], got [${vector.shape.join(", ")}]`);
    }
  }
  if (label && plan.classes === null) {
    throw new TypeError("a label was given to a network without classes");
  }
}

function applyPlan(
  plan: NetworkPlan,
  parameters: ReadonlyMap<string, tf.Variable>,
  constants: Map<string, Map<string, tf.Tensor>>,
  x: tf.Tensor4D,
  t: tf.Tensor1D,
  label?: tf.Tensor1D,
): tf.Tensor4D {
  const outputs = new Map<string, tf.Tensor>([
    ["x", narrow(x)],
    ["t", t],
    ...(label ? [["label", label] as const] : []),
  ]);
  for (const step of plan.steps) {
    const byShortName = new Map(
      layerNamed(step.layer).parameters(step.options).map((
        { name },
        i,
      ) => [name, step.parameters[i]!.name]),
    );
    const tensors = {
      parameter: (name: string) =>
        inNetwork(known(parameters.get(byShortName.get(name) ?? ""), step, name)),
      constant: (name: string) => known(constants.get(step.name)?.get(name), step, name),
    };
    const inputs = step.inputs.filter((name) => name !== "label" || label).map((name) =>
      outputs.get(name)!
    );
    outputs.set(step.name, layerNamed(step.layer).apply(inputs, tensors, step.options));
  }
  return widen(outputs.get(plan.output) as tf.Tensor4D);
}

/**
 * A weight as the network's products take it: in mixed precision bfloat16, its gradient being
 * float32 again. The vectors, which normalizations and sums take, stay float32.
 */
function inNetwork(parameter: tf.Variable): tf.Tensor {
  return parameter.rank < 2 ? parameter : narrow<tf.Tensor>(parameter);
}

function known<T>(tensor: T | undefined, step: Step, name: string): T {
  if (tensor === undefined) {
    throw new Error(`layer ${step.layer} (${step.name}) asks for an undeclared tensor ${name}`);
  }
  return tensor;
}
