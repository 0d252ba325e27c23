/**
 * The members of tfjs-backend-webgpu's class that we use or override; its own types hide most of
 * them.
 */
import type * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { BufferRef } from "./recording.ts";
import type { UniformField } from "./uniforms.ts";

/** What tfjs stores for a tensor. */
export interface TensorData {
  values: tf.TypedArray | null;
  readonly dtype: tf.DataType;
  readonly shape: number[];
  refCount: number;
  resource?: BufferRef | null;
}

/** A program of tfjs, compiled, with what one dispatch of it needs. */
export interface Program {
  readonly shaderKey: string;
  readonly pipeline: GPUComputePipeline;
  readonly dispatch: readonly [number, number, number];
  readonly size?: boolean;
  readonly outputShape: number[];
  readonly outputComponent?: number;
  readonly constructor: { readonly name: string };
}

interface BufferManager {
  acquireBuffer(size: number, usage: number): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer): void;
}

/** A backend with these members. */
interface StockBackend extends tf.KernelBackend {
  device: GPUDevice;
  queue: GPUQueue;
  bufferManager: BufferManager;
  tensorMap: { get(dataId: tf.DataId): TensorData; has(dataId: tf.DataId): boolean };
  pipelineCache: Record<string, GPUComputePipeline>;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  commandQueueOwnedIds: WeakSet<tf.DataId>;
  uniformPendingDisposal: GPUBuffer[];
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: tf.TypedArray): tf.TensorInfo;
  uploadToGPU(dataId: tf.DataId): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  shouldExecuteOnCPU(inputs: tf.TensorInfo[], sizeThreshold?: number): boolean;
  recordAndSubmit(
    program: Program,
    output: tf.TensorInfo,
    inputs: tf.TensorInfo[],
    uniforms?: UniformField[],
  ): void;
  runWebGPUProgram(
    program: Program,
    inputs: tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms?: UniformField[],
    output?: tf.TensorInfo,
  ): tf.TensorInfo;
}

/** tfjs's class. Its own type makes private what backend.ts must override. */
export const Stock = WebGPUBackend as unknown as new (
  device: GPUDevice,
  info: GPUAdapterInfo,
) => StockBackend;
