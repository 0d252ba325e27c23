// Filtered upsampling on WebGPU, and its gradient: halving with the flipped filter.
import { resampleWebGpu } from "../shared/resampling_webgpu.ts";
import { inputOf, registerWebGpuKernel } from "../shared/wgsl.ts";
import { sizes4 } from "../shared/ranks.ts";

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("FilteredUpsample", (call) => {
    const x = inputOf(call, "x");
    const [, height, width] = sizes4(x.shape);
    const resampling = { name: "FilteredUpsample", direction: "double", turned: false } as const;
    return resampleWebGpu(call.backend, resampling, x, inputOf(call, "lowpass"), [
      2 * height,
      2 * width,
    ]);
  });
  registerWebGpuKernel("FilteredUpsampleGrad", (call) => {
    const dy = inputOf(call, "dy");
    const [, height, width] = sizes4(dy.shape);
    const resampling = { name: "FilteredUpsampleGrad", direction: "halve", turned: true } as const;
    return resampleWebGpu(call.backend, resampling, dy, inputOf(call, "lowpass"), [
      height / 2,
      width / 2,
    ]);
  });
}
