/**
 * tfjs-node's backend and kernels, run unchanged over our binding; the npm package's own addon is
 * never loaded.
 */
import * as tf from "@tensorflow/tfjs";
import "./node_compat.ts";
import { NodeJSKernelBackend } from "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js";
import "@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js";
import type { Precision } from "../../spec/resolved.ts";
import type { Attribute } from "./attributes.ts";
import type { createFusing } from "./fused.ts";
import type { Binding, TensorMetadata } from "./binding.ts";

/**
 * tfjs-node's backend, with the members that its own type keeps to itself and that kernels and
 * `jit` need.
 */
export interface Backend extends tf.KernelBackend {
  binding: Binding;
  /**
   * Into how many parts a batch is best divided (`kernels/shared/batch_parts.ts`): so many run at the same
   * time.
   */
  batchParts: number;
  /** What the network is computed in (`kernels/shared/precision.ts`). */
  precision: Precision;
  /** Adds a fused operation to the function that is being traced; null where there is none. */
  fuse: ReturnType<typeof createFusing>["fuse"] | null;
  getDTypeInteger(dtype: tf.DataType): number;
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
  executeSingleOutput(name: string, attributes: Attribute[], inputs: tf.TensorInfo[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: Attribute[],
    inputs: tf.TensorInfo[],
    count: number,
  ): tf.Tensor[];
}

/** Registers and selects the tfjs backend `tensorflow` over a binding. */
export async function installBackend(
  binding: Binding,
  batchParts: number,
  precision: Precision,
): Promise<Backend> {
  const Constructor = NodeJSKernelBackend as unknown as new (
    binding: Binding,
    packageName: string,
  ) => Backend;
  const backend = new Constructor(binding, "@tensorflow/tfjs-node");
  backend.batchParts = batchParts;
  backend.precision = precision;
  backend.fuse = null;
  if (tf.findBackendFactory("tensorflow")) tf.removeBackend("tensorflow");
  tf.registerBackend("tensorflow", () => backend, 3);
  await tf.setBackend("tensorflow");
  return backend;
}
