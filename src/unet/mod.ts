/**
 * Compiles a resolved spec into a network: its plan, its weights, and the function that applies it.
 */
import * as tf from "@tensorflow/tfjs";
import type { Constant, Parameter } from "../layers/layer.ts";
import { inBatchParts } from "../../kernels/shared/batch_parts.ts";
import { narrow, widen } from "../../kernels/shared/precision.ts";
import { rank1, rank4 } from "../../kernels/shared/ranks.ts";
import { layerNamed } from "../layers/registry.ts";
import { type DropoutMasks, withDropout } from "./dropout.ts";
import { initialValues } from "./initialize.ts";
import { ourShape, toOurs } from "./layout.ts";
import { elements, type NetworkPlan, networkPlan, type NetworkSpec, type Step } from "./plan.ts";
import type { TensorData } from "../formats/tensors.ts";
import { summarize } from "./summary.ts";
import { setWeights } from "./weights.ts";

export { type NetworkPlan, networkPlan, type NetworkSpec, type Step } from "./plan.ts";
export { summarize } from "./summary.ts";
export { loadWeights, saveWeights, setWeights, weightsOf } from "./weights.ts";

/** A network whose weights live on the engine that was open when it was compiled. */
export interface UNet {
  /** The plan that it was compiled from. */
  readonly plan: NetworkPlan;
  /**
   * The trained weights, named and ordered as in the published state dict. Matrices are [in, out],
   * convolutions [height, width, in, out]. With `normInside` they include the unused GroupNorms,
   * which get no gradient. PyTorch's optimizers leave such parameters unchanged and do not even
   * decay them.
   */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /**
   * Predicts the noise. Differentiable, and an engine's `jit` can record it.
   *
   * @param x noisy images in [-1, 1], [batch, height, width, channels]
   * @param t timesteps, [batch], integers or floats
   * @param label classes, [batch], integers from 0; -1 means no class, as does omitting the
   *   argument
   * @param dropout masks for training; if omitted, nothing is dropped
   * @returns a tensor of the same shape as x
   */
  apply(
    x: tf.Tensor4D,
    t: tf.Tensor1D,
    label?: tf.Tensor1D,
    dropout?: DropoutMasks,
  ): tf.Tensor4D;
  /** Returns a human-readable table of the layers. */
  summary(): string;
  /** Frees the weights and constants. */
  dispose(): void;
}

/**
 * Compiles a spec's network on the current tfjs backend. The weights are drawn with the spec's seed
 * as PyTorch's default initializers would draw them, unless weights are given.
 *
 * @param weights with PyTorch's names and shapes; drawing takes a second or more and is skipped if
 *   they are given
 * @throws RangeError if the published network cannot have this image size or base width
 * @throws UserError if the weights do not belong to this network
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
    apply(x, t, label, dropout = new Map()) {
      checkInputs(plan, x, t, label);
      // The rows of each tensor go with the images.
      const others = [t, ...(label ? [label] : []), ...dropout.values()];
      return tf.tidy(() =>
        inBatchParts<[tf.Tensor4D]>(x, others, (x, [t, ...rest]) => {
          const inputs = { x, t: rank1(t), label: label && rank1(rest.shift()) };
          const masks = new Map([...dropout.keys()].map((name, i) => [name, rank4(rest[i])]));
          return [applyPlan(plan, parameters, constants, inputs, masks)];
        })[0]
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
 * The constants of each step, by step and name. Equal constants share a tensor. They are created
 * here so that no recording creates them.
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
    steps.map(({ name, constants }) => [
      name,
      new Map(constants.map((constant) => [constant.name, tensorOf(constant)])),
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
  { x, t, label }: { x: tf.Tensor4D; t: tf.Tensor1D; label: tf.Tensor1D | undefined },
  masks: DropoutMasks,
): tf.Tensor4D {
  const outputs = new Map<string, tf.Tensor>([
    ["x", narrow(x)],
    ["t", t],
    ...(label ? [["label", label] as const] : []),
  ]);
  for (const step of plan.steps) {
    const layer = layerNamed(step.layer);
    const fullNames = new Map(
      layer.parameters(step.options).map(({ name }, i) => [name, step.parameters[i]!.name]),
    );
    const tensors = {
      parameter: (name: string) =>
        inNetwork(known(parameters.get(fullNames.get(name) ?? ""), step, name)),
      constant: (name: string) => known(constants.get(step.name)?.get(name), step, name),
      dropped: (y: tf.Tensor4D) => withDropout(y, masks.get(step.name)),
    };
    const inputs = step.inputs
      .filter((name) => name !== "label" || label)
      .map((name) => outputs.get(name)!);
    outputs.set(step.name, layer.apply(inputs, tensors, step.options));
  }
  return widen(rank4(outputs.get(plan.output)));
}

/**
 * A weight in the precision of the network's products. In mixed precision it is bfloat16, with a
 * float32 gradient. Vectors, which normalizations and sums use, stay float32.
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
