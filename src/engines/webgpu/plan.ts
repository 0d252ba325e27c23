// A recorded function made ready for replay. Buffers, uniforms and bind groups are created once; a
// replay only encodes commands.
import type { Backend } from "./backend.ts";
import { tensorUsage } from "./backend.ts";
import { checkBufferSize, gpuError } from "./device.ts";
import type { MemoryPlan } from "./memory_plan.ts";
import {
  type BufferRef,
  type Command,
  type DispatchCommand,
  isVirtual,
  type VirtualBuffer,
} from "./recording.ts";
import { alignUp } from "./uniforms.ts";

/** The cost of a plan. */
export interface PlanStatistics {
  readonly dispatches: number;
  readonly copies: number;
  /** Total bytes of the plan's own buffers. */
  readonly bytes: number;
  /** The number of dispatches of each kernel, largest first. */
  readonly kernels: Readonly<Record<string, number>>;
}

/** A copy between two GPU buffers. */
export interface BufferCopy {
  readonly source: GPUBuffer;
  readonly target: GPUBuffer;
  readonly bytes: number;
}

/** Commands that are ready to replay. */
export interface Plan {
  /** The GPU buffer for a buffer of the recording. */
  bufferOf(buffer: BufferRef): GPUBuffer;
  /**
   * Encodes and submits `before`, all commands, and `after`, in pieces short enough that no driver
   * mistakes them for a hang.
   */
  replay(before: readonly BufferCopy[], after: readonly BufferCopy[]): void;
  readonly statistics: PlanStatistics;
  dispose(): void;
}

interface ReadyDispatch {
  /** Null if it is the same as the previous dispatch's. */
  readonly pipeline: GPUComputePipeline | null;
  readonly bindGroup: GPUBindGroup;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Copies followed by a compute pass, in the same submit. */
interface Segment {
  /** Whether to submit everything before it first. */
  readonly startsSubmit: boolean;
  readonly copies: BufferCopy[];
  readonly dispatches: ReadyDispatch[];
}

/** Creates the plan's buffers and bind groups. */
export function makePlan(backend: Backend, memoryPlan: MemoryPlan): Plan {
  const { commands } = memoryPlan;
  const buffers = createBuffers(backend, memoryPlan);
  const uniforms = packAllUniforms(
    commands.flatMap((command) =>
      command.kind === "dispatch" && command.uniforms ? [command.uniforms] : []
    ),
    backend.device.limits.minUniformBufferOffsetAlignment,
  );
  const uniformBuffer = buffers.create(uniforms.bytes.byteLength, 0x40 | 0x08); // UNIFORM, COPY_DST
  writeBuffer(backend.device.queue, uniformBuffer, uniforms.bytes.buffer);

  const segments = segmentsOf(commands, backend.gpu.commandsPerSubmit, buffers.of, (command) => {
    const resources: GPUBufferBinding[] = command.bindings.map(({ buffer }) => ({
      buffer: buffers.of(buffer),
      size: isVirtual(buffer) ? Math.max(buffer.bytes, 4) : buffer.size,
    }));
    if (command.uniforms) {
      const offset = uniforms.offsets.get(command.uniforms)!;
      resources.push({ buffer: uniformBuffer, offset, size: command.uniforms.byteLength });
    }
    return bindGroupOf(backend, command, resources);
  });
  return {
    bufferOf: buffers.of,
    replay: (before, after) => replay(backend, before, segments, after),
    statistics: statisticsOf(commands, buffers.totalBytes()),
    dispose: buffers.dispose,
  };
}

/** The GPU buffers of a plan. */
interface PlanBuffers {
  /** Creates a buffer that the plan owns. */
  create(bytes: number, usage: number): GPUBuffer;
  /** The GPU buffer for a buffer of the recording. */
  of(buffer: BufferRef): GPUBuffer;
  /** Total bytes of the buffers that the plan owns. */
  totalBytes(): number;
  dispose(): void;
}

function createBuffers(backend: Backend, { places, sizes }: MemoryPlan): PlanBuffers {
  const { device } = backend;
  const owned: GPUBuffer[] = [];
  const constants = new Map<VirtualBuffer, GPUBuffer>();
  const total = sizes.reduce((sum, size) => sum + size, 0);

  const create = (bytes: number, usage: number): GPUBuffer => {
    const size = Math.max(alignUp(bytes, 4), 4);
    checkBufferSize(device.limits, "A jitted function", size);
    const what = `a jitted function's buffers of ${total} bytes`;
    const buffer = guarded(
      backend,
      what,
      "out-of-memory",
      () => device.createBuffer({ size, usage }),
    );
    owned.push(buffer);
    return buffer;
  };
  const constantBuffer = (buffer: VirtualBuffer, values: ArrayBuffer): GPUBuffer => {
    const known = constants.get(buffer);
    if (known) return known;
    const made = create(buffer.bytes, tensorUsage);
    writeBuffer(device.queue, made, values);
    constants.set(buffer, made);
    return made;
  };
  const shared = sizes.map((size) => create(size, tensorUsage));
  return {
    create,
    of(buffer) {
      if (!isVirtual(buffer)) return buffer;
      if (buffer.constant !== null) return constantBuffer(buffer, buffer.constant);
      const place = places.get(buffer);
      if (place === undefined) throw new Error("The recording reads a buffer that nothing writes.");
      return typeof place === "number" ? shared[place]! : place;
    },
    totalBytes: () => owned.reduce((sum, buffer) => sum + buffer.size, 0),
    dispose: () => owned.forEach((buffer) => buffer.destroy()),
  };
}

/** Runs `make`, and keeps the GPU's error, if there is one, with the kernel's name. */
function guarded<T>(
  { device, gpu }: Backend,
  kernel: string,
  filter: GPUErrorFilter,
  make: () => T,
): T {
  device.pushErrorScope(filter);
  const made = make();
  device.popErrorScope().then((error) => error && gpu.fail(gpuError(kernel, error)));
  return made;
}

function bindGroupOf(
  backend: Backend,
  { kernel, pipeline }: DispatchCommand,
  resources: readonly GPUBufferBinding[],
): GPUBindGroup {
  const entries = resources.map((resource, binding) => ({ binding, resource }));
  const layout = pipeline.getBindGroupLayout(0);
  return guarded(
    backend,
    kernel,
    "validation",
    () => backend.device.createBindGroup({ label: kernel, layout, entries }),
  );
}

/** Divides the commands into segments. A copy after a dispatch starts a new one. */
function segmentsOf(
  commands: readonly Command[],
  commandsPerSubmit: number,
  bufferOf: (buffer: BufferRef) => GPUBuffer,
  bindGroup: (command: DispatchCommand) => GPUBindGroup,
): Segment[] {
  const segments: Segment[] = [];
  let current: Segment | null = null;
  let bound: GPUComputePipeline | null = null;
  for (const [i, command] of commands.entries()) {
    const startsSubmit = i > 0 && i % commandsPerSubmit === 0;
    const copiesLate = command.kind === "copy" && current !== null && current.dispatches.length > 0;
    if (current === null || startsSubmit || copiesLate) {
      current = { startsSubmit, copies: [], dispatches: [] };
      segments.push(current);
      bound = null;
    }
    switch (command.kind) {
      case "copy": {
        const { source, target, bytes } = command;
        current.copies.push({ source: bufferOf(source), target: bufferOf(target), bytes });
        break;
      }
      case "dispatch": {
        const { pipeline, workgroups: [x, y, z] } = command;
        current.dispatches.push({
          pipeline: pipeline === bound ? null : pipeline,
          bindGroup: bindGroup(command),
          x,
          y,
          z,
        });
        bound = pipeline;
        break;
      }
      default:
        command satisfies never;
    }
  }
  return segments;
}

function statisticsOf(commands: readonly Command[], bytes: number): PlanStatistics {
  const counts = new Map<string, number>();
  for (const command of commands) {
    if (command.kind !== "dispatch") continue;
    counts.set(command.kernel, (counts.get(command.kernel) ?? 0) + 1);
  }
  const dispatches = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return {
    dispatches,
    copies: commands.length - dispatches,
    bytes,
    kernels: Object.fromEntries([...counts].sort((a, b) => b[1] - a[1])),
  };
}

/** Writes the bytes into the buffer. Skips empty writes, because Deno 2.9.6 panics on them. */
export function writeBuffer(queue: GPUQueue, target: GPUBuffer, bytes: ArrayBuffer): void {
  if (bytes.byteLength > 0) queue.writeBuffer(target, 0, bytes);
}

function packAllUniforms(each: readonly ArrayBuffer[], alignment: number) {
  const offsets = new Map<ArrayBuffer, number>();
  const offsetsByContent = new Map<string, number>();
  const distinct: ArrayBuffer[] = [];
  let end = 0;
  for (const bytes of each) {
    const content = new Uint32Array(bytes).join();
    let offset = offsetsByContent.get(content);
    if (offset === undefined) {
      offset = end;
      offsetsByContent.set(content, offset);
      distinct.push(bytes);
      end = alignUp(end + bytes.byteLength, alignment);
    }
    offsets.set(bytes, offset);
  }
  const bytes = new Uint8Array(end);
  for (const part of distinct) bytes.set(new Uint8Array(part), offsets.get(part)!);
  return { bytes, offsets };
}

function replay(
  backend: Backend,
  before: readonly BufferCopy[],
  segments: readonly Segment[],
  after: readonly BufferCopy[],
): void {
  backend.flush();
  const { device } = backend;
  let encoder = device.createCommandEncoder();
  const copy = ({ source, target, bytes }: BufferCopy) =>
    encoder.copyBufferToBuffer(source, 0, target, 0, bytes);
  before.forEach(copy);
  for (const { startsSubmit, copies, dispatches } of segments) {
    if (startsSubmit) {
      device.queue.submit([encoder.finish()]);
      encoder = device.createCommandEncoder();
    }
    copies.forEach(copy);
    if (dispatches.length === 0) continue;
    const pass = encoder.beginComputePass();
    for (const { pipeline, bindGroup, x, y, z } of dispatches) {
      if (pipeline !== null) pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(x, y, z);
    }
    pass.end();
  }
  after.forEach(copy);
  device.queue.submit([encoder.finish()]);
}
