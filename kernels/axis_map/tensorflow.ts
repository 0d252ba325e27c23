/** Maps of both axes on the engine `tensorflow`. */
import type * as tf from "@tensorflow/tfjs";
import { operation, registerForm } from "../shared/tensorflow_form.ts";
import { channelsLast, type MatMul } from "./products.ts";

/** TensorFlow's product of batches, of which one may have a single matrix. */
export const batchMatMul: MatMul = (a, b, transposeA, transposeB) =>
  operation("BatchMatMulV2", [a, b], {
    T: { type: "float32" },
    adj_x: { bool: transposeA },
    adj_y: { bool: transposeB },
  }) as tf.Tensor3D;

/** Registers the kernels. */
export function register(): void {
  registerForm("MapAxes", ({ x, map }) => channelsLast(x, { map }, batchMatMul));
  registerForm(
    "MapAxesGrad",
    ({ dy, map }) => channelsLast(dy, { map, transposed: true }, batchMatMul),
  );
}
