// What the WGSL kernels need from the engine that runs them, and helpers that they share. The
// engine `webgpu` (src/engines/webgpu) implements this interface; nothing here knows more about it.
import * as tf from "@tensorflow/tfjs";
import { valueOf } from "./named.ts";

/** One dispatch of one of our WGSL programs. */
export interface WgslDispatch {
  /** The kernel's name, for errors. */
  readonly name: string;
  /**
   * WGSL with the entry point `main`. Storage buffers are bound in the order reads, writes,
   * updates; uniforms come last.
   */
  readonly code: string;
  /**
   * Numbers that become `const NAME = VALUE;` before the code, such as the sizes of arrays and
   * workgroups.
   */
  readonly constants?: Readonly<Record<string, number>>;
  readonly reads: readonly tf.TensorInfo[];
  readonly writes: readonly tf.TensorInfo[];
  /** Tensors that the program changes in place. They must come from {@link WgslBackend.copy}. */
  readonly updates?: readonly tf.TensorInfo[];
  /** Fields of the uniform struct, all u32. If absent, the program has no uniforms. */
  readonly uniforms?: readonly number[];
  readonly workgroups: readonly [number, number, number];
}

/** The limits that determine the sizes of our kernels. */
export interface WgslLimits {
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupStorageSize: number;
}

/** The part of the WebGPU backend that our kernels call. */
export interface WgslBackend {
  readonly device: { readonly limits: WgslLimits };
  makeTensorInfo(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  disposeData(dataId: tf.DataId): boolean;
  incRef(dataId: tf.DataId): void;
  /** Runs the program, or records it while a jitted function is being recorded. */
  runWgsl(dispatch: WgslDispatch): void;
  /**
   * Returns a separate tensor with the same values. A recorded plan omits the copy if that makes no
   * difference.
   */
  copy(tensor: tf.TensorInfo): tf.TensorInfo;
}

/** Creates a tensor without values on the backend, to be written by a dispatch. */
export function emptyTensor(backend: WgslBackend, shape: readonly number[]): tf.TensorInfo {
  return backend.makeTensorInfo([...shape], "float32");
}

/** The arguments of a kernel function: named inputs, attributes, and the backend. */
export interface KernelCall {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: WgslBackend;
}

/** The input with that name, which the public function has checked. */
export function inputOf(call: KernelCall, name: string): tf.TensorInfo {
  return valueOf(call.inputs, name);
}

/** Registers a kernel on WebGPU. */
export function registerWebGpuKernel(
  kernelName: string,
  run: (call: KernelCall) => tf.TensorInfo | tf.TensorInfo[],
): void {
  tf.registerKernel({
    kernelName,
    backendName: "webgpu",
    kernelFunc: ({ inputs, attrs, backend }) =>
      run({
        inputs: inputs as Record<string, tf.TensorInfo>,
        attrs: (attrs ?? {}) as Record<string, unknown>,
        backend: backend as WgslBackend,
      }),
  });
}

/**
 * Workgroups for `count` items of work, spread over two dimensions because each is limited to
 * 65,535. The program computes its item as `group.y * groups.x + group.x` and must check it against
 * the count.
 */
export function spreadWorkgroups(count: number): [number, number, number] {
  if (count <= 65535) return [Math.max(count, 1), 1, 1];
  const columns = Math.ceil(Math.sqrt(count));
  return [columns, Math.ceil(count / columns), 1];
}

/** How many channels one thread handles together: 4 if that divides evenly, otherwise 1. */
export function vectorWidth(channels: number): 1 | 4 {
  return channels % 4 === 0 ? 4 : 1;
}

/**
 * Prepends the alias `Value`, which programs use for one or four numbers, the constant WIDTH, which
 * is their number, and the functions `first_of` and `total_of`, which reduce them to one number.
 */
export function withValueType(width: 1 | 4, ...code: string[]): string {
  const [type, first, total] = width === 4
    ? ["vec4f", "v.x", "v.x + v.y + v.z + v.w"]
    : ["f32", "v", "v"];
  return `alias Value = ${type};
const WIDTH = ${width};
fn first_of(v: Value) -> f32 { return ${first}; }
fn total_of(v: Value) -> f32 { return ${total}; }
${code.join("\n")}`;
}

/**
 * Longer loops stay loops: their guards cost little compared to their work, and programs must not
 * grow without bounds.
 */
const longestUnrolled = 32;

/**
 * Unrolls the loops `for (var i = 0; i < NAME; i++) { ... }`, with `i` constant in each copy.
 * WebGPU puts a guard into every iteration, so drivers do not unroll loops. Arrays indexed by a
 * variable then live in memory instead of registers.
 *
 * @param lengths the constants that are the upper bounds of the loops
 */
export function unrolled(code: string, lengths: Readonly<Record<string, number>>): string {
  for (const match of code.matchAll(/for \(var (\w+) = 0(u?); \1 < (\w+); \1\+\+\) \{/g)) {
    const [head, variable, suffix, name] = match as unknown as [string, string, string, string];
    const length = lengths[name];
    if (length === undefined || length > longestUnrolled) continue;
    const start = match.index + head.length;
    const end = closingBrace(code, start);
    const body = code.slice(start, end);
    if (/\b(break|continue)\b/.test(body)) {
      throw new Error(`A loop up to ${name} cannot be written out: it is left.`);
    }
    const copies = Array.from({ length }, (_, i) => `{ const ${variable} = ${i}${suffix};${body}}`);
    return unrolled(code.slice(0, match.index) + copies.join("\n") + code.slice(end + 1), lengths);
  }
  return code;
}

/** The index of the brace that closes the one opened before `start`. */
function closingBrace(code: string, start: number): number {
  let open = 1;
  for (let i = start; i < code.length; i++) {
    if (code[i] === "{") open++;
    if (code[i] === "}" && --open === 0) return i;
  }
  throw new Error("A brace is not closed.");
}
