/** The golden case of the FID Inception, for the tests of every day and of the night. */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "../engines/mod.ts";
import { float32Tensor } from "../formats/tensors.ts";
import { assertClose, formulaWeights, goldenCase } from "../golden/golden.ts";
import { buildInception } from "./inception.ts";

/**
 * The golden case allows 1e-3, but by its weights the images differ by no more than 2e-5 in
 * features of up to 0.3: this leaves room for rounding, and none for another interpolation.
 */
const tolerance = 1e-6;

/**
 * Compares features and logits of the golden images, as an engine computes them, with
 * torch-fidelity's.
 */
export async function compareInception(engine: Engine): Promise<void> {
  const golden = goldenCase("inception");
  const names: [string, number[]][] = golden.values.state;
  const inception = buildInception(
    new Map(
      names.map(([name, shape], p) => [name, float32Tensor(shape, formulaWeights(p, name, shape))]),
    ),
  );
  const { data, shape } = golden.tensors.x!;
  const images = tf.tidy(() =>
    tf.transpose(tf.tensor4d(Float32Array.from(data), shape as [4, 3, 32, 32]), [0, 2, 3, 1])
  );
  const jitted = engine.jit((x) => inception.apply(x as tf.Tensor4D));
  const [features, logits] = jitted(images);
  assertClose(await features!.data(), golden.tensors.features!.data, tolerance, "features");
  assertClose(await logits!.data(), golden.tensors.logits!.data, tolerance, "logits");
  tf.dispose([images, features!, logits!]);
  jitted.dispose();
  inception.dispose();
}
