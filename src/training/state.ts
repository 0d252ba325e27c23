/**
 * What training changes: the network's weights, AdamW's running means, and the moving average of
 * the weights.
 */
import * as tf from "@tensorflow/tfjs";
import { float32Tensor, toFloat32 } from "../formats/tensors.ts";
import type { TensorData } from "../formats/safetensors.ts";
import type { UNet } from "../unet/mod.ts";
import { ourShape, toOurs, toPyTorch } from "../unet/layout.ts";

/** Variables by the names of the parameters. */
type Variables = Map<string, tf.Variable>;

/** The state of a training. All of it lives on the engine. */
export interface TrainingState {
  unet: UNet;
  /** AdamW's running mean of the gradient. */
  mean: Variables;
  /** AdamW's running mean of the squared gradient. */
  square: Variables;
  /** The moving average of the weights, or null if the spec asks for none. */
  average: Variables | null;
}

/**
 * The state before the first step: the running means are zero, and the average equals the weights.
 */
export function newState(unet: UNet, withAverage: boolean): TrainingState {
  const like = (make: (parameter: tf.Variable) => tf.Tensor): Variables =>
    new Map(
      [...unet.parameters].map(([name, parameter]) => [
        name,
        tf.tidy(() => tf.variable(make(parameter), false)),
      ]),
    );
  return {
    unet,
    mean: like((parameter) => tf.zerosLike(parameter)),
    square: like((parameter) => tf.zerosLike(parameter)),
    average: withAverage ? like((parameter) => parameter.clone()) : null,
  };
}

/** The sets of tensors in a state, by the prefix that a checkpoint uses for their names. */
function sets(
  state: TrainingState,
): [prefix: string, variables: ReadonlyMap<string, tf.Variable>][] {
  return [
    ["model", state.unet.parameters],
    ["mean", state.mean],
    ["square", state.square],
    ...(state.average ? [["average", state.average] as [string, Variables]] : []),
  ];
}

/** All tensors of a state as PREFIX/NAME, in PyTorch's shapes. */
export async function stateTensors(state: TrainingState): Promise<Map<string, TensorData>> {
  const tensors = new Map<string, TensorData>();
  for (const [prefix, variables] of sets(state)) {
    for (const parameter of state.unet.plan.parameters) {
      const values = await variables.get(parameter.name)!.data<"float32">();
      tensors.set(
        `${prefix}/${parameter.name}`,
        float32Tensor(parameter.shape, toPyTorch(values, parameter)),
      );
    }
  }
  return tensors;
}

/** Restores a state from the tensors of a checkpoint. */
export function restoreState(state: TrainingState, tensors: ReadonlyMap<string, TensorData>): void {
  for (const [prefix, variables] of sets(state)) {
    for (const parameter of state.unet.plan.parameters) {
      const data = tensors.get(`${prefix}/${parameter.name}`);
      if (!data) throw new Error(`the checkpoint has no ${prefix}/${parameter.name}`);
      const tensor = tf.tensor(toOurs(toFloat32(data), parameter), ourShape(parameter), "float32");
      variables.get(parameter.name)!.assign(tensor);
      tensor.dispose();
    }
  }
}

/**
 * Runs a function while the network has the averaged weights, if there are any, and restores its
 * own weights afterwards.
 */
export async function withAverage<T>(state: TrainingState, run: () => Promise<T>): Promise<T> {
  if (!state.average) return await run();
  const own = new Map(
    [...state.unet.parameters].map(([name, parameter]) => [name, tf.clone(parameter)]),
  );
  const give = (tensors: ReadonlyMap<string, tf.Tensor>) => {
    for (const [name, parameter] of state.unet.parameters) parameter.assign(tensors.get(name)!);
  };
  try {
    give(state.average);
    return await run();
  } finally {
    give(own);
    tf.dispose([...own.values()]);
  }
}

/** Frees the state, including the network. */
export function disposeState(state: TrainingState): void {
  for (const [_, variables] of sets(state).slice(1)) tf.dispose([...variables.values()]);
  state.unet.dispose();
}
