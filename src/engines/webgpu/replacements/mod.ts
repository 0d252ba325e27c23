// The kernels of tfjs-backend-webgpu that ours replace, because tfjs's are wrong, slow, or add in a
// different order each time. They keep tfjs's names, attributes and gradients.
import { register as conv2d } from "./conv2d/conv2d.ts";
import { register as matMul } from "./matmul/matmul.ts";
import { register as resizeBilinear } from "./resize_bilinear.ts";
import { register as sineCosine } from "./sine_cosine.ts";
import { register as split } from "./split.ts";
import { register as sum } from "./sum.ts";

let replaced = false;

/** Replaces them in tfjs's registry, once. The engine calls this when it opens. */
export function replaceStockKernels(): void {
  if (replaced) return;
  replaced = true;
  for (const register of [conv2d, matMul, resizeBilinear, sineCosine, split, sum]) register();
}
