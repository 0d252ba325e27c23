/**
 * Weights in and out. Files carry PyTorch's names, order and shapes, so that PyTorch's
 * `load_state_dict(load_file(path))` takes what is written here, and the published checkpoints can
 * be read.
 */
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { readPyTorch } from "../formats/pytorch.ts";
import { readTensors, type TensorData, writeTensors } from "../formats/safetensors.ts";
import { areNumbers, float32Tensor, toFloat32 } from "../formats/tensors.ts";
import { ourShape, toOurs, toPyTorch } from "./layout.ts";
import type { NetworkPlan } from "./plan.ts";

/** What of a network its weights need. */
export interface Weighted {
  /** What the network was compiled from. */
  readonly plan: NetworkPlan;
  /** Its weights, by name. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

/**
 * A set of tensors under a plan's names (a network's parameters, their averages) in PyTorch's order
 * and shapes.
 */
export async function weightsOf(
  plan: NetworkPlan,
  tensors: ReadonlyMap<string, tf.Tensor>,
): Promise<Map<string, TensorData>> {
  const weights = new Map<string, TensorData>();
  for (const parameter of plan.parameters) {
    const tensor = tensors.get(parameter.name);
    if (!tensor) throw new Error(`no tensor ${parameter.name}`);
    const values = await tensor.data() as Float32Array;
    weights.set(parameter.name, float32Tensor(parameter.shape, toPyTorch(values, parameter)));
  }
  return weights;
}

/** All that keeps a set of weights from being a plan's, a line each. */
function faults(plan: NetworkPlan, weights: ReadonlyMap<string, TensorData>): string[] {
  const expected = new Map(plan.parameters.map((parameter) => [parameter.name, parameter.shape]));
  const missing = [...expected.keys()].filter((name) => !weights.has(name));
  const extra = [...weights.keys()].filter((name) => !expected.has(name));
  const differing = [...expected].filter(([name, shape]) => {
    const found = weights.get(name);
    return found &&
      (found.shape.length !== shape.length || found.shape.some((size, i) => size !== shape[i]));
  });
  return [
    ...missing.map((name) => `missing: ${name} [${expected.get(name)}]`),
    ...extra.map((name) => `not in this network: ${name} [${weights.get(name)!.shape}]`),
    ...differing.map(([name, shape]) =>
      `${name} is [${weights.get(name)!.shape}], this network has [${shape}]`
    ),
  ];
}

/**
 * Gives a network weights in PyTorch's names and shapes. All or none are set.
 *
 * @param where what to call the weights' origin in messages
 * @throws UserError that lists every missing, extra and differing tensor, or those that hold NaN or
 *   infinity
 */
export function setWeights(
  unet: Weighted,
  weights: ReadonlyMap<string, TensorData>,
  where: string,
): void {
  const found = faults(unet.plan, weights);
  if (found.length > 0) {
    const lines = found.map((fault) => `\n  ${fault}`).join("");
    throw new UserError(
      `${where}: these weights belong to another network (other architecture, normInside, image size, base width, ` +
        `channels or classes):${lines}`,
    );
  }
  const arrays = new Map(
    unet.plan.parameters.map(({ name }) => [name, toFloat32(weights.get(name)!)]),
  );
  const broken = [...arrays].filter(([_, values]) => !areNumbers(values)).map(([name]) => name);
  if (broken.length > 0) {
    throw new UserError(
      `${where}: NaN or infinity in ${
        broken.join(", ")
      }: a training that diverged, or a damaged file. ` +
        `Take weights that were saved before`,
    );
  }
  for (const parameter of unet.plan.parameters) {
    const values = toOurs(arrays.get(parameter.name)!, parameter);
    const tensor = tf.tensor(values, ourShape(parameter), "float32");
    unet.parameters.get(parameter.name)!.assign(tensor);
    tensor.dispose();
  }
}

/**
 * Loads weights from a `.safetensors` file, or from a PyTorch checkpoint (`.pt`, `.pth`, `.ckpt`)
 * as the published code writes them.
 *
 * @throws UserError where the file is missing or broken, its tensors are not the network's, or hold
 *   NaN or infinity; it lists them all
 */
export async function loadWeights(unet: Weighted, path: string): Promise<void> {
  const weights = /\.(pt|pth|ckpt)$/i.test(path)
    ? await readPyTorch(path)
    : await readTensors(path);
  setWeights(unet, weights, path);
}

/** Saves weights as a safetensors file that PyTorch can load, whole or not at all. */
export async function saveWeights(unet: Weighted, path: string): Promise<void> {
  await writeTensors(path, await weightsOf(unet.plan, unet.parameters));
}
