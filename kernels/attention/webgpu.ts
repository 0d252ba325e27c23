// Attention on WebGPU: one dispatch forward, two backward. No score is ever stored in memory, so
// even 16,384 positions need only the memory of queries, keys and values.
import type * as tf from "@tensorflow/tfjs";
import {
  emptyTensor,
  inputOf,
  type KernelCall,
  registerWebGpuKernel,
  unrolled,
  vectorWidth,
  withValueType,
} from "../shared/wgsl.ts";
import forward from "./attention.wgsl" with { type: "text" };
import exponential from "./exponential.wgsl" with { type: "text" };
import gradKey from "./grad_key.wgsl" with { type: "text" };
import gradQuery from "./grad_query.wgsl" with { type: "text" };
import { sizes3 } from "../shared/ranks.ts";
import { pick } from "../shared/named.ts";

/** Threads per workgroup. Each owns a query or a key. */
const owners = 64;

function layout(call: KernelCall) {
  const [batch, positions, channels] = sizes3(inputOf(call, "query").shape);
  const heads = call.attrs["heads"] as number;
  const headSize = channels / heads;
  const width = vectorWidth(headSize);
  // Two tiles of KEYS rows must fit in workgroup memory.
  const room = Math.floor(
    call.backend.device.limits.maxComputeWorkgroupStorageSize / (8 * headSize),
  );
  return {
    width,
    rows: [batch, heads, positions],
    constants: {
      HEAD: headSize / width,
      KEYS: Math.max(1, Math.min(owners, room)),
      SCALE: 1 / Math.sqrt(headSize),
    },
    uniforms: [positions, channels / width],
    workgroups: [Math.ceil(positions / owners), heads, batch] as const,
  };
}

function attention(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const { width, rows, ...rest } = layout(call);
  const { query, key, value } = pick(["query", "key", "value"], call.inputs);
  const output = emptyTensor(backend, query.shape);
  const logSumExp = emptyTensor(backend, rows);
  const code = withValueType(width, exponential, unrolled(forward, rest.constants));
  backend.runWgsl({
    name: "Attention",
    code,
    reads: [query, key, value],
    writes: [output, logSumExp],
    ...rest,
  });
  return [output, logSumExp];
}

function attentionGrad(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const { width, rows, ...rest } = layout(call);
  const names = ["query", "key", "value", "output", "logSumExp", "dy"] as const;
  const { query, key, value, output, logSumExp, dy } = pick(names, call.inputs);
  const dquery = emptyTensor(backend, query.shape);
  const dkey = emptyTensor(backend, key.shape);
  const dvalue = emptyTensor(backend, value.shape);
  const means = emptyTensor(backend, rows);
  backend.runWgsl({
    name: "AttentionGrad query",
    code: withValueType(width, exponential, unrolled(gradQuery, rest.constants)),
    reads: [query, key, value, output, logSumExp, dy],
    writes: [dquery, means],
    ...rest,
  });
  backend.runWgsl({
    name: "AttentionGrad key",
    code: withValueType(width, exponential, unrolled(gradKey, rest.constants)),
    reads: [query, key, value, dy, logSumExp, means],
    writes: [dkey, dvalue],
    ...rest,
  });
  backend.disposeData(means.dataId);
  return [dquery, dkey, dvalue];
}

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("Attention", attention);
  registerWebGpuKernel("AttentionGrad", attentionGrad);
}
