// The gradient of bilinear interpolation on WebGPU for images that are one pixel high or wide.
// tfjs's own kernel divides by zero there and silently gives wrong numbers. Such a pixel is copied
// to all output pixels, so its gradient is their sum.
import type * as tf from "@tensorflow/tfjs";
import { replaceKernel, runStock } from "./replace.ts";
import { sumMiddle } from "./sum.ts";
import { inputOf } from "../../../../kernels/shared/wgsl.ts";
import { sizes4 } from "../../../../kernels/shared/ranks.ts";

/** Replaces tfjs's kernel. */
export function register(): void {
  replaceKernel("ResizeBilinearGrad", (call, stock) => {
    const { backend, inputs } = call;
    const [batch, height, width, channels] = sizes4(inputOf(call, "images").shape);
    const sums: tf.TensorInfo[] = [];
    let dy = inputOf(call, "dy");
    if (height === 1) {
      const [, rows, columns] = sizes4(dy.shape);
      dy = sumMiddle(backend, dy, [batch, rows, columns * channels], [batch, 1, columns, channels]);
      sums.push(dy);
    }
    if (width === 1) {
      const [, rows, columns] = sizes4(dy.shape);
      dy = sumMiddle(backend, dy, [batch * rows, columns, channels], [batch, rows, 1, channels]);
      sums.push(dy);
    }
    const isWhole = sums.length > 0 &&
      String(dy.shape) === String([batch, height, width, channels]);
    const dx = isWhole
      ? sums.pop()!
      : runStock<tf.TensorInfo>(stock, { ...call, inputs: { ...inputs, dy } });
    for (const used of sums) backend.disposeData(used.dataId);
    return dx;
  });
}
