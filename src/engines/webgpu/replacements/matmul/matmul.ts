// Replaces tfjs's matrix products on WebGPU, which add up small results with atomics, in a
// different order each time. Names and attributes are the same. Anything but a plain float32
// product is left to tfjs.
import * as tf from "@tensorflow/tfjs";
import { attributesOf, replaceKernel, runStock, type StockKernel } from "../replace.ts";
import { inputOf, type KernelCall } from "../../../../../kernels/shared/wgsl.ts";
import { multiply } from "./gemm.ts";
import code from "./matmul.wgsl" with { type: "text" };

/** Only the fused product has an activation. */
type Attributes = tf.BatchMatMulAttrs & Partial<tf._FusedMatMulAttrs>;

/** The rows and columns of the matrices in a tensor. */
function matrixSize({ shape }: tf.TensorInfo): [rows: number, columns: number] {
  return [shape.at(-2)!, shape.at(-1)!];
}

function matMul(call: KernelCall, stock: StockKernel): tf.TensorInfo {
  const a = inputOf(call, "a");
  const b = inputOf(call, "b");
  const bias = call.inputs["bias"];
  const { transposeA, transposeB, activation } = attributesOf<Attributes>(call);
  const sizeOf = (shape: number[]) => tf.util.sizeFromShape(shape);
  const outerA = a.shape.slice(0, -2);
  const outerB = b.shape.slice(0, -2);
  const [aRows, aColumns] = matrixSize(a);
  const [bRows, bColumns] = matrixSize(b);
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const columns = transposeB ? bRows : bColumns;
  const sameBatch = String(outerA) === String(outerB) || sizeOf(outerA) === 1 ||
    sizeOf(outerB) === 1;
  const plain = (activation ?? "linear") === "linear" && a.dtype === "float32" &&
    b.dtype === "float32";
  const biasFits = bias === undefined || sizeOf(bias.shape) === columns;
  if (!plain || !sameBatch || !biasFits || sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0) {
    return runStock(stock, call);
  }
  const outer = sizeOf(outerA) >= sizeOf(outerB) ? outerA : outerB;
  const batch = sizeOf(outer);
  const stride = (tensor: tf.TensorInfo, own: number[]) =>
    sizeOf(own) === 1 ? 0 : sizeOf(tensor.shape.slice(-2));
  return multiply(call.backend, {
    name: "MatMul",
    code,
    constants: { TRANSPOSE_A: Number(transposeA), TRANSPOSE_B: Number(transposeB) },
    a: { tensor: a, alongDepth: !transposeA, inFours: aColumns % 4 === 0 },
    b: { tensor: b, alongDepth: transposeB, inFours: bColumns % 4 === 0 },
    ...(bias ? { bias } : {}),
    batch,
    rows,
    columns,
    depth,
    uniforms: { a_stride: stride(a, outerA), b_stride: stride(b, outerB) },
    shape: [...outer, rows, columns],
  });
}

/** Replaces tfjs's kernels. */
export function register(): void {
  replaceKernel("BatchMatMul", matMul);
  replaceKernel("_FusedMatMul", matMul);
}
