/**
 * Mixed precision in a traced function. tfjs has no bfloat16: a tensor that it treats as float32
 * may be bfloat16 in the graph. `narrow` in `kernels/shared/precision.ts` makes one. The listed
 * operations then compute in bfloat16 if one of their inputs is bfloat16, so activations stay
 * bfloat16 from one operation to the next. All others receive float32. A graph without any bfloat16
 * tensor is not changed.
 */

/**
 * The operations that compute in bfloat16: products, whose sums oneDNN and cuDNN keep in float32;
 * operations that only move numbers; and elementwise ones that round once. Sums over many numbers,
 * exponentials and all other operations stay float32.
 */
const inBfloat16: ReadonlySet<string> = new Set([
  // Products.
  "BatchMatMulV2",
  "BatchMatMulV3",
  "Conv2D",
  "Conv2DBackpropFilter",
  "Conv2DBackpropInput",
  "DepthwiseConv2dNative",
  "MatMul",
  "_FusedMatMul",
  // Normalizations in one operation, whose sums oneDNN keeps in float32.
  "Softmax",
  "_MklLayerNorm",
  // Elementwise, and sums of two or three.
  "Add",
  "AddN",
  "AddV2",
  "BiasAdd",
  "Mul",
  "Neg",
  "Sub",
  // Moves or choices of numbers.
  "ConcatV2",
  "Identity",
  "MaxPool",
  "MaxPoolGrad",
  "Reshape",
  "Slice",
  "Split",
  "SplitV",
  "StridedSlice",
  "Tile",
  "Transpose",
]);

/** Whether an operation computes in bfloat16 as soon as one of its inputs is bfloat16. */
export function computesInBfloat16(operation: string): boolean {
  return inBfloat16.has(operation);
}

/** The message if {@link hasBfloat16} is false. */
export const noBfloat16Text =
  "precision: bfloat16 needs a processor with bfloat16 instructions (AVX512-BF16, AMX or ARM's " +
  "BF16), and this one reports none: it would be slower than float32. " +
  "Use precision=float32, or another machine";

/** Whether the processor multiplies bfloat16 numbers in hardware, as reported by Linux. */
export function hasBfloat16(cpuInfo: () => string = () => Deno.readTextFileSync("/proc/cpuinfo")) {
  try {
    return /^(flags|Features)\s*:.* (avx512_bf16|amx_bf16|bf16)( |$)/m.test(cpuInfo());
  } catch {
    return false; // Not Linux, or no permission to read.
  }
}
