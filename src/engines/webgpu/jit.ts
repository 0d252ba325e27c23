// Records a function of tensors once for each list of argument shapes and types, and replays the
// recording.
import * as tf from "@tensorflow/tfjs";
import type { JitFunction } from "../engine.ts";
import type { Backend } from "./backend.ts";
import { type BufferAssignment, planMemory } from "./memory_plan.ts";
import { type BufferCopy, makePlan, type Plan, type PlanStatistics, writeBuffer } from "./plan.ts";
import { type BufferRef, bytesOf } from "./recording.ts";
import { type Output, type TensorFunction, trace } from "./trace.ts";
import {
  allVariables,
  claimHome,
  type Home,
  type Homes,
  refreshHome,
  releaseHome,
  retainHome,
} from "./variables.ts";

/** A plan for arguments of certain shapes and types. */
interface Prepared {
  readonly statistics: PlanStatistics;
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
  const plans = new Map<string, Prepared>();
  let newest: Prepared | null = null;
  const jitted = (...inputs: tf.Tensor[]): tf.Tensor[] => {
    backend.gpu.check();
    // Called by another jitted function, so part of its recording.
    if (backend.recording) return fn(...inputs);
    const key = inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`).join();
    let prepared = plans.get(key);
    if (!prepared) {
      prepared = newest = prepare(backend, homes, fn, inputs);
      plans.set(key, prepared);
    }
    return prepared.call(inputs);
  };
  const dispose = () => {
    plans.forEach((prepared) => prepared.dispose());
    plans.clear();
  };
  return Object.assign(jitted, { dispose, statistics: () => newest?.statistics ?? null });
}

function prepare(
  backend: Backend,
  homes: Homes,
  fn: TensorFunction,
  examples: readonly tf.Tensor[],
): Prepared {
  const { recording, inputs, outputs, assigned } = trace(backend, homes, fn, examples);
  const { used, captured } = sortCaptures(backend, homes, recording.captured);
  const assignments: BufferAssignment[] = [];
  const overwritten: Home[] = [];
  for (const [variable, value] of assigned) {
    const home = used.get(variable) ?? retainHome(backend, homes, variable);
    used.set(variable, home);
    overwritten.push(home);
    assignments.push({ home: home.buffer, value });
  }

  const outputBuffers = outputs.map(({ buffer }) => buffer);
  const memoryPlan = planMemory(recording.commands, inputs, outputBuffers, assignments);
  const plan = makePlan(backend, memoryPlan);
  const usedHomes = [...used.values()];
  // An argument that no command reads has no place in the plan.
  const places = inputs.map((input) => memoryPlan.places.has(input) ? plan.bufferOf(input) : null);
  return {
    statistics: plan.statistics,
    call(tensors) {
      requireCaptured(backend, captured);
      for (const home of usedHomes) refreshHome(backend, home);
      for (const home of overwritten) claimHome(backend, home);
      const before = tensors.flatMap((tensor, i) => placeInput(backend, tensor, places[i] ?? null));
      return run(backend, plan, before, outputs);
    },
    dispose() {
      backend.flush();
      for (const home of usedHomes) releaseHome(backend, homes, home);
      plan.dispose();
    },
  };
}

/** A tensor from outside, which is no variable, with its buffer. */
interface Captured {
  readonly dataId: tf.DataId;
  readonly buffer: BufferRef;
}

/** Divides the captured data into that of variables, whose homes it retains, and other tensors'. */
function sortCaptures(
  backend: Backend,
  homes: Homes,
  dataIds: Iterable<tf.DataId>,
): { used: Map<tf.Variable, Home>; captured: Captured[] } {
  const used = new Map<tf.Variable, Home>();
  const captured: Captured[] = [];
  const variableOf = new Map(allVariables().map((variable) => [variable.dataId, variable]));
  for (const dataId of dataIds) {
    const variable = variableOf.get(dataId);
    if (variable) used.set(variable, retainHome(backend, homes, variable));
    else captured.push({ dataId, buffer: backend.tensorMap.get(dataId).resource! });
  }
  return { used, captured };
}

/** Throws if a captured tensor no longer has the buffer that the plan reads. */
function requireCaptured(backend: Backend, captured: readonly Captured[]): void {
  for (const { dataId, buffer } of captured) {
    if (!backend.tensorMap.has(dataId) || backend.tensorMap.get(dataId).resource !== buffer) {
      throw new Error(
        "A jitted function uses a tensor from outside that has been disposed since its first call.",
      );
    }
  }
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
  return [{ source: backend.gpuBufferOf(tensor), target, bytes }];
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
    target: backend.gpuBufferOf(made[i]!),
    bytes: 4 * tf.util.sizeFromShape(shape),
  }));
  plan.replay(before, after);
  return made.map((info) => tf.engine().makeTensorFromTensorInfo(info));
}
