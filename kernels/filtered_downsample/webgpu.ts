// Filtered downsampling on WebGPU, and its gradient: doubling with the flipped filter.
import { resampleWebGpu } from "../shared/resampling_webgpu.ts";
import { inputOf, registerWebGpuKernel } from "../shared/wgsl.ts";
import { sizes4 } from "../shared/ranks.ts";

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("FilteredDownsample", (call) => {
    const x = inputOf(call, "x");
    const [, height, width] = sizes4(x.shape);
    const resampling = { name: "FilteredDownsample", direction: "halve", turned: false } as const;
    const halved = [Math.ceil(height / 2), Math.ceil(width / 2)] as const;
    return resampleWebGpu(call.backend, resampling, x, inputOf(call, "lowpass"), halved);
  });
  registerWebGpuKernel("FilteredDownsampleGrad", (call) => {
    const { height, width } = call.attrs as { height: number; width: number };
    const resampling = {
      name: "FilteredDownsampleGrad",
      direction: "double",
      turned: true,
    } as const;
    return resampleWebGpu(call.backend, resampling, inputOf(call, "dy"), inputOf(call, "lowpass"), [
      height,
      width,
    ]);
  });
}
