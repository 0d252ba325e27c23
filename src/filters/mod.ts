/**
 * Low-pass kernels, their window and their frequency response: numbers only, no tensors, no
 * permissions.
 */
export { kaiserWindow } from "./kaiser.ts";
export { type LowpassDesign, lowpassKernel } from "./lowpass.ts";
export { frequencyResponse } from "./response.ts";
