/**
 * Low-pass kernels, their window and their frequency response. Plain numbers: no tensors, and no
 * permissions needed.
 */
export { kaiserWindow } from "./kaiser.ts";
export { type LowpassDesign, lowpassKernel } from "./lowpass.ts";
export { frequencyResponse } from "./response.ts";
