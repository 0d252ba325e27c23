/** Filtered upsampling on the engine `tensorflow`. */
import { upsample, upsampleTransposed } from "../shared/resampling_tensorflow.ts";
import { registerForm } from "../shared/tensorflow_form.ts";

/** Registers the kernels. */
export function register(): void {
  registerForm("FilteredUpsample", ({ x, lowpass }) => upsample(x, lowpass));
  registerForm("FilteredUpsampleGrad", ({ dy, lowpass }) => upsampleTransposed(dy, lowpass));
}
