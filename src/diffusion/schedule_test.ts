import * as tf from "@tensorflow/tfjs";
import { assert, assertThrows } from "@std/assert";
import { assertClose, goldenCase, type GoldenTensor } from "../golden/golden.ts";
import { denoisingLoss, noiseImages, noisingFactors } from "./noising.ts";
import { noiseSchedule } from "./schedule.ts";

await tf.setBackend("cpu");

const published = { steps: 1000, start: 1e-4, end: 0.02, schedule: "linear" } as const;

function nhwc({ shape, data }: GoldenTensor): tf.Tensor4D {
  return tf.tidy(() =>
    tf.tensor(Float32Array.from(data), shape).transpose([0, 2, 3, 1]) as tf.Tensor4D
  );
}

Deno.test("the linear schedule equals PyTorch's", () => {
  const { tensors, params, tolerance } = goldenCase("schedule_linear");
  const { beta, alphaBar } = noiseSchedule({ ...params, schedule: "linear" });
  assertClose(beta, tensors["beta"]!.data, tolerance);
  assertClose(alphaBar, tensors["alpha_hat"]!.data, tolerance);
});

Deno.test("the cosine schedule's alphaBar is the squared cosine, until beta reaches its limit", () => {
  const { beta, alphaBar } = noiseSchedule({ ...published, schedule: "cosine" });
  const f = (t: number) => Math.cos((t / 1000 + 0.008) / 1.008 * Math.PI / 2) ** 2;
  for (let t = 0; t < 1000; t++) {
    if (beta[t]! < 0.999) {
      assertClose([alphaBar[t]! / (f(t + 1) / f(0))], [1], 1e-9, `timestep ${t}`);
    }
    assert(beta[t]! > 0 && beta[t]! <= 0.999);
  }
  assertClose([alphaBar[499]!], [0.4938], 1e-4);
});

Deno.test("a schedule refuses invalid parameters", () => {
  assertThrows(() => noiseSchedule({ ...published, steps: 1 }), RangeError, "noise.steps");
  assertThrows(() => noiseSchedule({ ...published, end: 1 }), RangeError, "between 0 and 1");
});

Deno.test("noising equals PyTorch's, and the loss of a network that predicts zero is the noise's mean square", () => {
  const { tensors, tolerance } = goldenCase("noising");
  const factors = noisingFactors(noiseSchedule(published));
  const x = nhwc(tensors["x"]!);
  const noise = nhwc(tensors["noise"]!);
  const t = tf.tensor1d(Int32Array.from(tensors["t"]!.data), "int32");
  assertClose(
    noiseImages(factors, x, noise, t).dataSync(),
    nhwc(tensors["y"]!).dataSync(),
    tolerance,
  );
  const loss = denoisingLoss((noised) => tf.zerosLike(noised), factors, x, noise, t);
  assertClose(loss.dataSync(), noise.square().mean().dataSync(), 1e-6);
});
