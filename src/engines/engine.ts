import type * as tf from "@tensorflow/tfjs";
import type { Precision } from "../spec/resolved.ts";

/** The names of the engines that can run tensors. */
export type EngineName = "tensorflow" | "webgpu" | "wasm" | "cpu";

/** Runs tensors: one tfjs backend, and a way to run a whole function of tensors at once. */
export interface Engine {
  /** The engine's name, which is also the name of its tfjs backend. */
  readonly name: EngineName;
  /** Library, version and device, in human-readable form. */
  readonly description: string;
  /** `cpu`, or the device's own name. A run must repeat it to give the same bytes. */
  readonly device: string;
  /**
   * The number of threads that share each operation; null on a GPU. A run must repeat it to give
   * the same bytes.
   */
  readonly threads: number | null;
  /**
   * The native code that computes, for a run's provenance. Reads every byte of it, which takes a
   * second or two.
   */
  readonly libraries: () => NativeLibrary[];
  /** Whether it computes gradients. `wasm` does not; it only draws images. */
  readonly trains: boolean;
  /**
   * The precision that it computes networks in. A run must repeat it to give the same bytes:
   * emulated bfloat16 adds in a different order.
   */
  readonly precision: ComputedIn;
  /** Whether a hardware GPU (not a software one) does the work. */
  readonly hardwareGpu: boolean;
  /** The largest allowed tensor in bytes; null if only memory limits it. */
  readonly largestTensor: number | null;
  /**
   * Makes one call out of a function of tensors. The function runs once for each list of argument
   * shapes and types and is recorded; later calls replay the recording.
   *
   * Every JavaScript value that the function uses is frozen at that moment, so anything that
   * changes between calls must be an argument. Tensors and variables from outside are read again at
   * each call, and each `tf.Variable` that the function assigns is assigned at each call. The
   * function must not read tensor data (`dataSync`); doing so fails with the operation's name. The
   * caller owns the returned tensors and the arguments.
   */
  jit(fn: (...inputs: tf.Tensor[]) => tf.Tensor[]): JitFunction;
  /** Frees what the engine holds. Its tensors must not be used afterwards. */
  dispose(): void;
}

/** What determines the last bits of an engine's results. */
export type EnginePlatform = Pick<Engine, "name" | "device" | "threads"> & {
  /** Float32 if absent. */
  precision?: ComputedIn | undefined;
};

/** A precision, and whether the hardware has instructions for it. */
export type ComputedIn = Precision | "bfloat16, emulated";

/** Native code that an engine computes with. */
export interface NativeLibrary {
  /** The name of the file, the wheel or the driver. */
  name: string;
  /** The version that it reports. */
  version: string;
  /** SHA-256 of the file in hexadecimal; absent if there is no file to read. */
  sha256?: string;
}

/** A function made by {@link Engine.jit}. */
export interface JitFunction {
  (...inputs: tf.Tensor[]): tf.Tensor[];
  /** Frees the recordings. */
  dispose(): void;
}
