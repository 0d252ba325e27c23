import type * as tf from "@tensorflow/tfjs";
import type { Precision } from "../spec/resolved.ts";

/** The names of the engines that can run tensors. */
export type EngineName = "tensorflow" | "webgpu" | "wasm" | "cpu";

/**
 * What runs tensors: one tfjs backend and the means to run a whole function of tensors in one
 * piece.
 */
export interface Engine {
  /** The engine's name, which is also the name of its tfjs backend. */
  readonly name: EngineName;
  /** Library, version and device, for people. */
  readonly description: string;
  /**
   * `cpu`, or what the device calls itself. Part of what a run must repeat to give the same bytes.
   */
  readonly device: string;
  /**
   * Threads that share one operation's work; null on a GPU. Part of what a run must repeat, as the
   * device is.
   */
  readonly threads: number | null;
  /**
   * The native code that computes, for a run's provenance. Reads every byte of it, which takes a
   * second or two.
   */
  readonly libraries: () => NativeLibrary[];
  /** True where it computes gradients; `wasm` only draws. */
  readonly trains: boolean;
  /**
   * What it computes networks in. Part of what a run must repeat, as the device is: emulated
   * bfloat16 adds in another order.
   */
  readonly precision: ComputedIn;
  /** True where a GPU made of silicon (not a software one) does the work. */
  readonly hardwareGpu: boolean;
  /** The most bytes that one tensor may have; null where nothing but memory bounds it. */
  readonly largestTensor: number | null;
  /**
   * Makes one call of a function of tensors. The function is run once for each list of argument
   * shapes and types and recorded; later calls replay the record. Every JavaScript value that it
   * meets is frozen at that moment: what changes from call to call must be an argument. Tensors and
   * variables that the function reads from outside are read anew at each call, and a `tf.Variable`
   * that it assigns is assigned at each call. The function must not read tensor data (`dataSync`),
   * which fails with the operation's name. The caller owns the returned tensors and the arguments.
   */
  jit(fn: (...inputs: tf.Tensor[]) => tf.Tensor[]): JitFunction;
  /** Frees what the engine holds. Tensors made on it must not be used afterwards. */
  dispose(): void;
}

/** What an engine's last bits depend on. */
export type EnginePlace = Pick<Engine, "name" | "device" | "threads"> & {
  /** Absent: float32. */
  precision?: ComputedIn | undefined;
};

/** A precision, and whether it has instructions of its own. */
export type ComputedIn = Precision | "bfloat16, emulated";

/** Native code that an engine computes with. */
export interface NativeLibrary {
  /** The file's, the wheel's or the driver's name. */
  name: string;
  /** As it tells it itself. */
  version: string;
  /** SHA-256 of the file, in hexadecimal; absent where there is no file to read. */
  sha256?: string;
}

/** A function made by {@link Engine.jit}. */
export interface JitFunction {
  (...inputs: tf.Tensor[]): tf.Tensor[];
  /** Frees the recorded functions. */
  dispose(): void;
}
