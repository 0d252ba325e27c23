/** The convolution's gradient for its input on the engine `tensorflow`. */
import * as tf from "@tensorflow/tfjs";
import { operation, registerForm } from "../shared/tensorflow_form.ts";

/** Registers the kernel. */
export function register(): void {
  registerForm("ConvolutionInputGrad", ({ dy, filter }) => {
    const [size, , inputs] = filter.shape;
    const [batch, height, width] = dy.shape;
    const pad = size - 1;
    const shape = tf.tensor1d([batch, height - pad, width - pad, inputs], "int32");
    return operation("Conv2DBackpropInput", [shape, filter, dy], {
      T: { type: "float32" },
      strides: { int: [1, 1, 1, 1] },
      use_cudnn_on_gpu: { bool: true },
      padding: { string: "EXPLICIT" },
      explicit_paddings: { int: [0, 0, pad, pad, pad, pad, 0, 0] },
      data_format: { string: "NHWC" },
      dilations: { int: [1, 1, 1, 1] },
    });
  });
}
