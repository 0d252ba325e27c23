/** Filtered downsampling on the engine `tensorflow`. */
import { downsample, downsampleTransposed } from "../shared/resampling_tensorflow.ts";
import { registerForm } from "../shared/tensorflow_form.ts";

/** Registers the kernels. */
export function register(): void {
  registerForm("FilteredDownsample", ({ x, lowpass }) => downsample(x, lowpass));
  registerForm(
    "FilteredDownsampleGrad",
    ({ dy, lowpass }, { height, width }) => downsampleTransposed(dy, lowpass, [height, width]),
  );
}
