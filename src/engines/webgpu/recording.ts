// What a jitted function does, as a list of commands on buffers that do not exist yet. Each virtual
// buffer is written by one command and changed in place only by an update, so the order of reads
// and writes is clear.
import type * as tf from "@tensorflow/tfjs";

/** A buffer of a plan that is being made. */
export interface VirtualBuffer {
  readonly kind: "virtual";
  readonly bytes: number;
  /** The values of a constant, which the plan writes once. */
  readonly constant: ArrayBuffer | null;
}

/** A buffer of the plan, or an existing one that belongs to a variable or another tensor. */
export type BufferRef = VirtualBuffer | GPUBuffer;

/** How a dispatch uses a buffer: `update` reads it and writes it in place. */
export interface Binding {
  readonly buffer: BufferRef;
  readonly access: "read" | "write" | "update";
}

/** One dispatch. */
export interface DispatchCommand {
  readonly kind: "dispatch";
  readonly kernel: string;
  readonly pipeline: GPUComputePipeline;
  /** In the order of the binding numbers, followed by the uniforms. */
  readonly bindings: readonly Binding[];
  readonly uniforms: ArrayBuffer | null;
  readonly workgroups: readonly [number, number, number];
}

/** One copy of a whole buffer. */
export interface CopyCommand {
  readonly kind: "copy";
  readonly source: BufferRef;
  readonly target: BufferRef;
  readonly bytes: number;
}

/** A command of a plan. */
export type Command = DispatchCommand | CopyCommand;

/** The commands recorded so far, and the tensors created meanwhile. */
export interface Recording {
  readonly commands: Command[];
  /** Data of tensors that were created during the recording. */
  readonly made: WeakSet<tf.DataId>;
  /** Data of outside tensors that the commands use. */
  readonly captured: Set<tf.DataId>;
}

/** Creates a buffer of a plan. */
export function virtualBuffer(bytes: number, constant: ArrayBuffer | null = null): VirtualBuffer {
  return { kind: "virtual", bytes, constant };
}

/** Whether a buffer is virtual. */
export function isVirtual(buffer: BufferRef): buffer is VirtualBuffer {
  return "kind" in buffer;
}

/** A buffer that exists already. Throws if it is virtual. */
export function realBuffer(buffer: BufferRef): GPUBuffer {
  if (isVirtual(buffer)) throw new Error("A buffer of a recording was used outside of it.");
  return buffer;
}

/** The buffers that a command reads. */
export function readsOf(command: Command): BufferRef[] {
  if (command.kind === "copy") return [command.source];
  return command.bindings.filter(({ access }) => access !== "write").map(({ buffer }) => buffer);
}

/** The buffers that a command writes or changes. */
export function writesOf(command: Command): BufferRef[] {
  if (command.kind === "copy") return [command.target];
  return command.bindings.filter(({ access }) => access !== "read").map(({ buffer }) => buffer);
}

/** Values as the GPU stores them: four bytes each. */
export function bytesOf(values: tf.TypedArray, dtype: tf.DataType): ArrayBuffer {
  const copy = dtype === "float32" ? new Float32Array(values) : new Int32Array(values);
  // A new array's buffer is not shared, which the constructors' types do not say.
  return copy.buffer as ArrayBuffer;
}
