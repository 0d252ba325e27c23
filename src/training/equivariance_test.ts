import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { motionNumbers, moveEach } from "../../kernels/rotate/mod.ts";
import { rank4 } from "../../kernels/shared/ranks.ts";
import { random, tensorOf, testOnEngines, trains } from "../../kernels/shared/testing.ts";
import {
  denoisingLoss,
  noiseImages,
  type NoisePredictor,
  noiseSchedule,
  noisingFactors,
} from "../diffusion/mod.ts";
import { assertClose } from "../golden/golden.ts";
import { denoisingAndEquivariance, type NoisyBatch } from "./equivariance.ts";

const schedule = { steps: 1000, start: 1e-4, end: 0.02, schedule: "linear" } as const;
const size = 8;

/** A batch of two random images, with a motion for each. */
function randomBatch(seed: number, turn: number) {
  const draw = random(seed);
  const images = () => rank4(tensorOf(draw.values([2, size, size, 1])));
  const batch: NoisyBatch = {
    factors: noisingFactors(noiseSchedule(schedule)),
    x: images(),
    noise: images(),
    t: tf.tensor1d([draw.integer(1, 999), draw.integer(1, 999)], "int32"),
  };
  const motions = [0, 1].map(() => ({
    columns: 6 * draw.uniform() - 3,
    rows: 6 * draw.uniform() - 3,
    degrees: turn * (2 * draw.uniform() - 1),
  }));
  return { draw, batch, motions: tf.tensor2d(motionNumbers(motions), [2, 8]) };
}

/** A network of one convolution with a nonlinearity, padded with zeros: it detects borders. */
const convolution = (weights: tf.Tensor): NoisePredictor => (x) =>
  tf.tanh(tf.conv2d(x, rank4(weights), 1, "same"));

testOnEngines("both losses equal their formulas", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  for (const turn of [0, 180]) {
    const { draw, batch, motions } = randomBatch(seed, turn);
    const predict = convolution(tensorOf(draw.values([3, 3, 1, 1])));
    const { factors, x, noise, t } = batch;
    const losses = denoisingAndEquivariance(predict, batch, motions, turn > 0);
    const noised = noiseImages(factors, x, noise, t);
    const moved = moveEach(predict(noised, t), motions, turn > 0);
    const away = predict(moveEach(noised, motions, turn > 0), t).sub(moved);
    const squares = (await away.square().data<"float32">()).filter((_, i) => {
      const [row, column] = [Math.floor(i % 64 / 8), i % 8];
      return turn === 0 || Math.hypot(row - 3.5, column - 3.5) <= 4;
    });
    const mean = squares.reduce((a, b) => a + b) / squares.length;
    assertClose(await losses.equivariance.data(), [mean], 1e-5, `seed ${seed}`);
    const alone = denoisingLoss(predict, factors, x, noise, t);
    assertClose(await losses.denoising.data(), await alone.data(), 1e-6, `seed ${seed}`);
    assert(mean > 1e-4, "zeros around the image break it");
  }
}, trains);

testOnEngines("the equivariance loss of a network that commutes with motions is zero", async () => {
  const { batch, motions } = randomBatch(7, 180);
  // Linear in each pixel, as motions are.
  const { equivariance } = denoisingAndEquivariance((x) => x.mul(0.7), batch, motions, true);
  assertClose(await equivariance.data(), [0], 1e-9);
}, (engine) => engine === "cpu");

testOnEngines("the gradient of the equivariance loss equals finite differences", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  for (const turn of [0, 45]) {
    const { draw, batch, motions } = randomBatch(seed, turn);
    const weights = tensorOf(draw.values([3, 3, 1, 1], 0.5));
    const direction = tensorOf(draw.values([3, 3, 1, 1]));
    const loss = (weights: tf.Tensor) =>
      denoisingAndEquivariance(convolution(weights), batch, motions, turn > 0).equivariance;
    const slope = tf.grad(loss)(weights).mul(direction).sum();
    const at = async (steps: number) =>
      (await loss(weights.add(direction.mul(0.02 * steps))).data())[0]!;
    const difference = (8 * (await at(1) - await at(-1)) - (await at(2) - await at(-2))) / 0.24;
    const found = (await slope.data())[0]!;
    const what = `seed ${seed}, turn ${turn}: ${found}, by differences ${difference}`;
    assert(Math.abs(found - difference) < 2e-3 * Math.max(0.1, Math.abs(difference)), what);
  }
}, (engine) => engine === "cpu" || engine === "tensorflow");
