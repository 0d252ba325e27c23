/**
 * Mixed precision in a traced function. tfjs knows no bfloat16: a tensor that it takes for float32
 * may be bfloat16 in the graph. Once made so (`narrow` in kernels/shared/precision.ts), it makes those operations bfloat16
 * that take it in and are on the list here, so that activations stay bfloat16 from one operation
 * to the next; all others get it as float32. A graph into which nobody brings a bfloat16 tensor is
 * the same as without this.
 */
/**
 * Operations that compute in bfloat16: products, whose sums oneDNN and cuDNN keep in float32; what
 * only moves numbers; and elementwise steps of one rounding. Sums over many numbers, exponentials
 * and whatever is not known here are float32.
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
  // What only moves or chooses numbers.
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

/** What to say where {@link hasBfloat16} is not. */
export const withoutBfloat16 =
  "precision: bfloat16 needs a processor with bfloat16 instructions (AVX512-BF16, AMX or ARM's " +
  "BF16), and this one has none, or does not tell: it would be slower than float32. " +
  "Take precision=float32, or another machine";

/** Whether the processor has instructions for products of bfloat16, as Linux tells. */
export function hasBfloat16(cpuInfo: () => string = () => Deno.readTextFileSync("/proc/cpuinfo")) {
  try {
    return /^(flags|Features)\s*:.* (avx512_bf16|amx_bf16|bf16)( |$)/m.test(cpuInfo());
  } catch {
    return false; // Another system, or no permission to ask.
  }
}
