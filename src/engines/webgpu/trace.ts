// Records what a function of tensors does, without running it on the GPU.
import * as tf from "@tensorflow/tfjs";
import type { Backend } from "./backend.ts";
import { type BufferRef, type Recording, type VirtualBuffer, virtualBuffer } from "./recording.ts";
import {
  allVariables,
  type Homes,
  moveVariable,
  refreshHome,
  separateVariables,
} from "./variables.ts";

/** A function of tensors. */
export type TensorFunction = (...inputs: tf.Tensor[]) => tf.Tensor[];

/** A result of a traced function. */
export interface Output {
  readonly shape: number[];
  readonly dtype: tf.DataType;
  readonly buffer: BufferRef;
}

/** A traced function. */
export interface Traced {
  readonly recording: Recording;
  readonly inputs: readonly VirtualBuffer[];
  readonly outputs: readonly Output[];
  /** The variables that the function assigned, with the buffers of their new values. */
  readonly assigned: ReadonlyMap<tf.Variable, BufferRef>;
}

/**
 * Records the function for arguments like the examples. Variables are unchanged afterwards.
 *
 * An output or a new value may itself be a tensor from outside. `Backend.bufferOf` has captured it,
 * so the plan reads it, too.
 */
export function trace(
  backend: Backend,
  homes: Homes,
  fn: TensorFunction,
  examples: readonly tf.Tensor[],
): Traced {
  for (const home of homes.values()) if (!home.variable.isDisposed) refreshHome(backend, home);
  separateVariables(backend, homes);
  const variables = holdVariables(backend);
  const recording: Recording = { commands: [], made: new WeakSet(), captured: new Set() };
  backend.flush();
  backend.recording = recording;
  try {
    const { inputs, outputs } = record(backend, fn, examples);
    const assigned = assignedVariables(backend, variables.dataIds);
    return { recording, inputs, outputs, assigned };
  } finally {
    variables.restore();
    backend.recording = null;
  }
}

/** Calls the function with placeholders. */
function record(
  backend: Backend,
  fn: TensorFunction,
  examples: readonly tf.Tensor[],
): Pick<Traced, "inputs" | "outputs"> {
  const inputs: VirtualBuffer[] = [];
  const outputs: Output[] = [];
  tf.tidy(() => {
    const placeholders = examples.map(({ shape, dtype }) => {
      const info = backend.makeTensorInfo(shape, dtype);
      const buffer = virtualBuffer(4 * tf.util.sizeFromShape(shape));
      backend.tensorMap.get(info.dataId).resource = buffer;
      inputs.push(buffer);
      return tf.engine().makeTensorFromTensorInfo(info);
    });
    for (const tensor of fn(...placeholders)) {
      const { shape, dtype } = tensor;
      outputs.push({ shape, dtype, buffer: backend.bufferOf(tensor) });
    }
  });
  return { inputs, outputs };
}

/** All variables with their data, which assignments do not free until they are undone. */
interface HeldVariables {
  readonly dataIds: ReadonlyMap<tf.Variable, tf.DataId>;
  /** Undoes the assignments. */
  restore(): void;
}

function holdVariables(backend: Backend): HeldVariables {
  const dataIds = new Map(allVariables().map((variable) => [variable, variable.dataId]));
  const held = [...dataIds.values()].filter((dataId) => backend.tensorMap.has(dataId));
  for (const dataId of held) backend.incRef(dataId);
  return {
    dataIds,
    restore() {
      for (const [variable, dataId] of dataIds) {
        const hasMoved = !variable.isDisposed && variable.dataId !== dataId &&
          backend.tensorMap.has(dataId);
        if (hasMoved) moveVariable(backend, variable, dataId);
      }
      for (const dataId of held) backend.disposeData(dataId);
    },
  };
}

/** The variables whose data changed, with the buffers of their new values. */
function assignedVariables(
  backend: Backend,
  before: ReadonlyMap<tf.Variable, tf.DataId>,
): Map<tf.Variable, BufferRef> {
  const assigned = new Map<tf.Variable, BufferRef>();
  for (const variable of allVariables()) {
    const dataId = before.get(variable);
    if (dataId === undefined) {
      throw new Error(
        `The variable ${variable.name} was made inside a jitted function; make it before the ` +
          "first call.",
      );
    }
    if (variable.dataId === dataId) continue;
    if (!backend.tensorMap.has(dataId)) {
      throw new Error(
        `The variable ${variable.name} was made on another engine; make it after opening this one.`,
      );
    }
    assigned.set(variable, backend.bufferOf(variable));
  }
  return assigned;
}
