/** The golden case of the FID Inception, for the regular and the nightly tests. */
import * as tf from "@tensorflow/tfjs";
import { rank4 } from "../../kernels/shared/ranks.ts";
import type { Engine } from "../engines/mod.ts";
import { float32Tensor } from "../formats/tensors.ts";
import { assertClose, formulaWeights, goldenCase } from "../golden/golden.ts";
import { buildInception } from "./inception.ts";

/**
 * The golden case allows 1e-3, but with its weights the images differ by at most 2e-5 in features
 * of up to 0.3. This leaves room for rounding, but not for another interpolation.
 */
const tolerance = 1e-6;

/** Compares an engine's features and logits of the golden images with torch-fidelity's. */
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
    tf.transpose(rank4(tf.tensor(Float32Array.from(data), shape)), [0, 2, 3, 1])
  );
  const jitted = engine.jit((x) => inception.apply(rank4(x)));
  const [features, logits] = jitted(images);
  assertClose(await features!.data(), golden.tensors.features!.data, tolerance, "features");
  assertClose(await logits!.data(), golden.tensors.logits!.data, tolerance, "logits");
  tf.dispose([images, features!, logits!]);
  jitted.dispose();
  inception.dispose();
}
