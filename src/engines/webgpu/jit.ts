// Records a function of tensors once for each list of argument shapes and types, and replays the
// recording.
import * as tf from "@tensorflow/tfjs";
import type { JitFunction } from "../engine.ts";
import type { Backend } from "./backend.ts";
import { type BufferAssignment, planMemory } from "./memory_plan.ts";
import { type BufferCopy, makePlan, type Plan, type PlanStatistics, writeBuffer } from "./plan.ts";
import {
  type BufferRef,
  bytesOf,
  type Recording,
  type VirtualBuffer,
  virtualBuffer,
} from "./recording.ts";
import {
  allVariables,
  bringHome,
  type Home,
  type Homes,
  joinHome,
  leaveHome,
  moveVariable,
  ownHome,
  separateVariables,
} from "./variables.ts";

type TensorFunction = (...inputs: tf.Tensor[]) => tf.Tensor[];

interface Output {
  readonly shape: number[];
  readonly dtype: tf.DataType;
  readonly buffer: BufferRef;
}

interface Traced {
  readonly recording: Recording;
  readonly inputs: readonly VirtualBuffer[];
  readonly outputs: readonly Output[];
  /** The variables that the function assigned, with the buffers of their new values. */
  readonly assigned: ReadonlyMap<tf.Variable, BufferRef>;
}

interface Ready {
  call(inputs: readonly tf.Tensor[]): tf.Tensor[];
  dispose(): void;
}

/** A jitted function that reports the cost of its newest plan. */
export interface WebGpuJitFunction extends JitFunction {
  /** Null before the first call. */
  statistics(): PlanStatistics | null;
}

/** See `Engine.jit`. */
export function jitFunction(backend: Backend, homes: Homes, fn: TensorFunction): WebGpuJitFunction {
  const plans = new Map<string, Ready>();
  let statistics: PlanStatistics | null = null;
  const jitted = (...inputs: tf.Tensor[]): tf.Tensor[] => {
    backend.gpu.check();
    // Called by another jitted function, so part of its recording.
    if (backend.recording) return fn(...inputs);
    const key = inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`).join();
    let ready = plans.get(key);
    if (!ready) {
      const made = prepare(backend, homes, fn, inputs);
      ready = made.ready;
      statistics = made.statistics;
      plans.set(key, ready);
    }
    return ready.call(inputs);
  };
  const dispose = () => {
    plans.forEach((ready) => ready.dispose());
    plans.clear();
  };
  return Object.assign(jitted, { dispose, statistics: () => statistics });
}

function prepare(
  backend: Backend,
  homes: Homes,
  fn: TensorFunction,
  examples: readonly tf.Tensor[],
) {
  const { recording, inputs, outputs, assigned } = trace(backend, homes, fn, examples);
  const used = new Map<tf.Variable, Home>();
  const outside: { dataId: tf.DataId; buffer: BufferRef }[] = [];
  const variableOf = new Map(allVariables().map((variable) => [variable.dataId, variable]));
  for (const dataId of recording.captured) {
    const variable = variableOf.get(dataId);
    if (variable) used.set(variable, joinHome(backend, homes, variable));
    else outside.push({ dataId, buffer: backend.tensorMap.get(dataId).resource! });
  }
  const assignments: BufferAssignment[] = [];
  const overwritten: Home[] = [];
  for (const [variable, value] of assigned) {
    const home = used.get(variable) ?? joinHome(backend, homes, variable);
    used.set(variable, home);
    overwritten.push(home);
    assignments.push({ home: home.buffer, value });
  }
  const memoryPlan = planMemory(
    recording.commands,
    inputs,
    outputs.map(({ buffer }) => buffer),
    assignments,
  );
  const plan = makePlan(backend, memoryPlan);
  const homesUsed = [...used.values()];
  // An argument that no command reads has no place in the plan.
  const places = inputs.map((input) => memoryPlan.places.has(input) ? plan.bufferOf(input) : null);
  const call = (tensors: readonly tf.Tensor[]): tf.Tensor[] => {
    for (const { dataId, buffer } of outside) {
      if (!backend.tensorMap.has(dataId) || backend.tensorMap.get(dataId).resource !== buffer) {
        throw new Error(
          "A jitted function uses a tensor from outside that was disposed since its first call.",
        );
      }
    }
    for (const home of homesUsed) bringHome(backend, home);
    for (const home of overwritten) ownHome(backend, home);
    const before = tensors.flatMap((tensor, i) => placeInput(backend, tensor, places[i] ?? null));
    return run(backend, plan, before, outputs);
  };
  const dispose = () => {
    backend.flush();
    for (const home of homesUsed) leaveHome(backend, homes, home);
    plan.dispose();
  };
  return { ready: { call, dispose }, statistics: plan.statistics };
}

/** Writes values from the CPU immediately, and returns the copies to make on the GPU. */
function placeInput(backend: Backend, tensor: tf.Tensor, target: GPUBuffer | null): BufferCopy[] {
  if (target === null) return [];
  const { resource, values, dtype } = backend.tensorMap.get(tensor.dataId);
  const bytes = 4 * tensor.size;
  if (!resource && values) {
    writeBuffer(backend.queue, target, bytesOf(values, dtype));
    return [];
  }
  return [{ source: backend.bufferOf(tensor) as GPUBuffer, target, bytes }];
}

function run(
  backend: Backend,
  plan: Plan,
  before: readonly BufferCopy[],
  outputs: readonly Output[],
): tf.Tensor[] {
  const made = outputs.map(({ shape, dtype }) => backend.makeTensorInfo(shape, dtype));
  const after = outputs.map(({ shape, buffer }, i): BufferCopy => ({
    source: plan.bufferOf(buffer),
    target: backend.bufferOf(made[i]!) as GPUBuffer,
    bytes: 4 * tf.util.sizeFromShape(shape),
  }));
  plan.replay(before, after);
  return made.map((info) => tf.engine().makeTensorFromTensorInfo(info));
}

/**
 * Runs the function without the GPU and records what it would do. Variables are unchanged
 * afterwards.
 */
function trace(
  backend: Backend,
  homes: Homes,
  fn: TensorFunction,
  examples: readonly tf.Tensor[],
): Traced {
  for (const home of homes.values()) if (!home.variable.isDisposed) bringHome(backend, home);
  separateVariables(backend, homes);
  const before = new Map(allVariables().map((variable) => [variable, variable.dataId]));
  const held = [...before.values()].filter((dataId) => backend.tensorMap.has(dataId));
  // An assignment inside must not free the old value.
  for (const dataId of held) backend.incRef(dataId);
  const recording: Recording = { commands: [], made: new WeakSet(), captured: new Set() };
  backend.flush();
  backend.recording = recording;
  const outputs: Output[] = [];
  const assigned = new Map<tf.Variable, BufferRef>();
  const inputs: VirtualBuffer[] = [];
  try {
    tf.tidy(() => {
      const stand = examples.map(({ shape, dtype }) => {
        const info = backend.makeTensorInfo(shape, dtype);
        const buffer = virtualBuffer(4 * tf.util.sizeFromShape(shape));
        backend.tensorMap.get(info.dataId).resource = buffer;
        inputs.push(buffer);
        return tf.engine().makeTensorFromTensorInfo(info);
      });
      for (const tensor of fn(...stand)) {
        outputs.push({
          shape: tensor.shape,
          dtype: tensor.dtype,
          buffer: backend.bufferOf(tensor),
        });
      }
    });
    for (const variable of allVariables()) {
      const dataId = before.get(variable);
      if (dataId === undefined) {
        throw new Error(
          `The variable ${variable.name} was made inside a jitted function; make it before the first call.`,
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
  } finally {
    for (const [variable, dataId] of before) {
      const moved = !variable.isDisposed && variable.dataId !== dataId &&
        backend.tensorMap.has(dataId);
      if (moved) moveVariable(backend, variable, dataId);
    }
    for (const dataId of held) backend.disposeData(dataId);
    backend.recording = null;
  }
  // The plan also reads an output or a new value that is itself an outside tensor. `bufferOf` has
  // noted it.
  return { recording, inputs, outputs, assigned };
}
