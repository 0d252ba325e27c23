/**
 * Reads and writes weights. Files use PyTorch's names, order and shapes, so PyTorch's
 * `load_state_dict(load_file(path))` accepts what is written here, and the published checkpoints
 * can be read.
 */
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../messages/errors.ts";
import { type TensorData, writeTensors } from "../formats/safetensors.ts";
import { areNumbers, float32Tensor, toFloat32 } from "../formats/tensors.ts";
import { ourShape, toOurs, toPyTorch } from "./layout.ts";
import type { NetworkPlan } from "./plan.ts";
import { foreignWeights, maxListed, weightFaults } from "./weight_faults.ts";
import { readWeights, type WeightsChoice } from "./weights_file.ts";
import { entryOf } from "../collections/elements.ts";

/** The parts of a network that its weights need. */
export interface Weighted {
  /** The plan that it was compiled from. */
  readonly plan: NetworkPlan;
  /** Its weights, by name. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

/**
 * A set of tensors that has a plan's names (a network's parameters, or their averages), in
 * PyTorch's order and shapes.
 */
export async function weightsOf(
  plan: NetworkPlan,
  tensors: ReadonlyMap<string, tf.Tensor>,
): Promise<Map<string, TensorData>> {
  const weights = new Map<string, TensorData>();
  for (const parameter of plan.parameters) {
    const tensor = tensors.get(parameter.name);
    if (!tensor) throw new Error(`no tensor ${parameter.name}`);
    const values = await tensor.data<"float32">();
    weights.set(parameter.name, float32Tensor(parameter.shape, toPyTorch(values, parameter)));
  }
  return weights;
}

/**
 * Sets a network's weights from tensors with PyTorch's names and shapes. Sets either all or none.
 *
 * @param where what error messages call the origin of the weights
 * @throws UserError that counts missing, extra and mismatched tensors and names the first of them,
 *   or says which tensors hold NaN or infinity
 */
export function setWeights(
  unet: Weighted,
  weights: ReadonlyMap<string, TensorData>,
  where: string,
): void {
  const shapes = new Map([...weights].map(([name, { shape }]) => [name, shape]));
  const faults = weightFaults(unet.plan, shapes);
  if (faults.length > 0) throw foreignWeights(where, faults);
  const arrays = unet.plan.parameters.map((parameter) => ({
    parameter,
    values: toFloat32(entryOf(weights, parameter.name)),
  }));
  const broken = arrays.flatMap(({ parameter, values }) =>
    areNumbers(values) ? [] : [parameter.name]
  );
  if (broken.length > 0) {
    const names = broken.slice(0, maxListed).join(", ");
    const rest = broken.length - maxListed;
    throw new UserError(
      `${where}: NaN or infinity in ${names}${rest > 0 ? ` and ${rest} more` : ""}: the training ` +
        "diverged, or the file is damaged. Use weights that were saved earlier",
    );
  }
  for (const { parameter, values } of arrays) {
    const tensor = tf.tensor(toOurs(values, parameter), ourShape(parameter), "float32");
    entryOf(unet.parameters, parameter.name).assign(tensor);
    tensor.dispose();
  }
}

/**
 * Loads weights from a safetensors file or a `torch.save` file, whatever the file's name. It reads
 * the published code's checkpoints, and checkpoints that store the weights under a key
 * (`state_dict`, `ema`) or with a prefix (`module.` from DataParallel, `_orig_mod.` from
 * torch.compile).
 *
 * @param choice selects the weights if the file holds several sets that fit
 * @throws UserError if the file is missing or broken, holds no weights of this network or several
 *   sets of them, or holds NaN or infinity
 */
export async function loadWeights(
  unet: Weighted,
  path: string,
  choice: WeightsChoice = {},
): Promise<void> {
  setWeights(unet, await readWeights(unet.plan, path, choice), path);
}

/** Saves weights as a safetensors file that PyTorch can load. The file is written atomically. */
export async function saveWeights(unet: Weighted, path: string): Promise<void> {
  await writeTensors(path, await weightsOf(unet.plan, unet.parameters));
}
