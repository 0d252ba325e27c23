/**
 * tfjs-node's backend and kernels, unchanged, over our binding. The npm package's own native addon
 * is never loaded.
 */
import * as tf from "@tensorflow/tfjs";
import "./node_compat.ts";
import { NodeJSKernelBackend } from "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js";
import "@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js";
import type { Precision } from "../../spec/resolved.ts";
import type { Attribute } from "./attributes.ts";
import type { Binding } from "./binding.ts";
import type { Fuse } from "./fused.ts";
import type { TensorMetadata } from "./tensors.ts";

/**
 * tfjs-node's backend with the members that kernels and `jit` need and that its own type declares
 * private.
 */
export interface Backend extends tf.KernelBackend {
  binding: Binding;
  /** How many parts of a batch run at the same time (`kernels/shared/batch_parts.ts`). */
  batchParts: number;
  /** The precision of the network (`kernels/shared/precision.ts`). */
  precision: Precision;
  /** Fuses steps of a traced function; null if the engine does not fuse. */
  fuse: Fuse | null;
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

/** Registers the tfjs backend `tensorflow` over a binding and makes it the current one. */
export async function installBackend(
  binding: Binding,
  batchParts: number,
  precision: Precision,
): Promise<Backend> {
  // The package's type knows only its own binding and hides most members.
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
