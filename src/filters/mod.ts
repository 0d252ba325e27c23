/**
 * Low-pass kernels, their window and their frequency response; separable filters as matrices. Plain
 * numbers: no tensors, and no permissions needed.
 */
export { type AxisFilter, downsamplingMap, sincTaps, upsamplingMap } from "./axis_maps.ts";
export { type Padding, pixelAt } from "./border.ts";
export { kaiserWindow } from "./kaiser.ts";
export { type LowpassDesign, lowpassKernel } from "./lowpass.ts";
export { frequencyResponse } from "./response.ts";
