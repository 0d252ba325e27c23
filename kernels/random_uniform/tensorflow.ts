/** Uniform numbers on the engine `tensorflow`, from the bits of its own Philox. */
import * as tf from "@tensorflow/tfjs";
import { upperBits } from "../random_normal/tensorflow.ts";
import { registerForm } from "../shared/tensorflow_form.ts";

/** Registers the kernel. */
export function register(): void {
  registerForm("RandomUniform", ({ key, counter }, { shape }) => {
    const count = tf.util.sizeFromShape(shape);
    const bits = upperBits(4 * Math.ceil(count / 4), key, counter).reshape([-1]);
    return tf.mul(tf.slice(bits, [0], [count]), 2 ** -24).reshape(shape);
  });
}
