// A recorded plan reads and writes each variable in one GPU buffer, its home. tfjs moves a variable
// to other data whenever it is assigned, and lets tensors share data. This file copies each value
// back to its home before a replay, and makes sure that a plan overwrites no shared home.
import * as tf from "@tensorflow/tfjs";
import type { Backend } from "./backend.ts";
import type { TensorData } from "./stock_backend.ts";

/** A variable's home. */
export interface Home {
  readonly variable: tf.Variable;
  dataId: tf.DataId;
  data: TensorData;
  readonly buffer: GPUBuffer;
  /** The number of plans that use it. Each holds a reference to the data. */
  plans: number;
}

/** The homes of a backend's variables. */
export type Homes = Map<tf.Variable, Home>;

/** All tfjs variables, on any backend. */
export function allVariables(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables);
}

/** Gives each variable that shares its data its own copy, so that a plan may write it. */
export function separateVariables(backend: Backend, homes: Homes): void {
  for (const variable of allVariables()) {
    const elsewhere = !backend.tensorMap.has(variable.dataId);
    if (elsewhere || homes.has(variable) || backend.refCount(variable.dataId) <= 1) continue;
    const copied = tf.engine().makeTensorFromTensorInfo(backend.copy(variable));
    variable.assign(copied);
    copied.dispose();
  }
}

/**
 * Registers one more plan that uses the variable's home. A variable without a home gets one where
 * it is now.
 */
export function retainHome(backend: Backend, homes: Homes, variable: tf.Variable): Home {
  let home = homes.get(variable);
  if (!home) {
    const { dataId } = variable;
    const buffer = backend.gpuBufferOf(variable);
    home = { variable, dataId, data: backend.tensorMap.get(dataId), buffer, plans: 0 };
    homes.set(variable, home);
  }
  home.plans++;
  backend.incRef(home.dataId);
  return home;
}

/** Releases a plan's use of the home. */
export function releaseHome(backend: Backend, homes: Homes, home: Home): void {
  home.plans--;
  if (home.plans === 0) homes.delete(home.variable);
  backend.disposeData(home.dataId);
}

/** Copies the variable's value to its home if it has been assigned other data. */
export function refreshHome(backend: Backend, home: Home): void {
  const { variable } = home;
  if (variable.isDisposed) {
    throw new Error(`A jitted function uses the variable ${variable.name}, which is disposed.`);
  }
  if (variable.dataId === home.dataId) return;
  if (home.data.refCount > home.plans) moveHome(backend, home, 0);
  const source = backend.gpuBufferOf(variable);
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.commandEncoder!.copyBufferToBuffer(source, 0, home.buffer, 0, 4 * variable.size);
  backend.commandQueueOwnedIds.add(variable.dataId);
  moveVariable(backend, variable, home.dataId);
  home.data.values = null;
}

/**
 * Call before a plan overwrites the home. Other tensors that share its data keep their values, and
 * the cached copy on the CPU is dropped.
 */
export function claimHome(backend: Backend, home: Home): void {
  if (home.data.refCount > home.plans + 1) moveHome(backend, home, 1);
  home.data.values = null;
}

/**
 * Moves the home to data of its own. The tensors that shared its data keep a copy of the values.
 *
 * @param ownReferences whether the variable itself is one of the references to the data
 */
function moveHome(backend: Backend, home: Home, ownReferences: 0 | 1): void {
  const { variable } = home;
  const bytes = 4 * variable.size;
  const copied = backend.makeTensorInfo(variable.shape, variable.dtype);
  const spare = backend.gpuBufferOf(copied);
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.commandEncoder!.copyBufferToBuffer(home.buffer, 0, spare, 0, bytes);
  const data = backend.tensorMap.get(copied.dataId);
  data.resource = home.buffer;
  home.data.resource = spare;
  data.refCount = home.plans;
  home.data.refCount -= home.plans;
  if (ownReferences === 1) moveVariable(backend, variable, copied.dataId);
  home.dataId = copied.dataId;
  home.data = data;
}

/** Makes the variable refer to the given data instead of its current data. */
export function moveVariable(backend: Backend, variable: tf.Variable, dataId: tf.DataId): void {
  tf.engine().disposeTensor(variable);
  variable.dataId = dataId;
  tf.engine().incRef(variable, backend);
}
