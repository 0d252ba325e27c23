// A tiny network trained on WebGPU and on TensorFlow, and twice on WebGPU.
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { adamw, adamwRates } from "../../../kernels/adamw/mod.ts";
import { compileUNet } from "../../unet/mod.ts";
import { type Engine, openEngine } from "../mod.ts";
import type { Backend } from "./backend.ts";
import { openWebGpu, probeWebGpu } from "./mod.ts";

const probe = await probeWebGpu();
const allowed = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
const noGpu = " (NOTHING TESTED: no GPU, and no software GPU such as mesa-vulkan-drivers)";
const imageSize = 8, batch = 4, steps = 50;

/** A network D with AdamW, and its train step as a function of rates, images, timesteps and noise. */
function trainingOf(imageSize: number) {
  const unet = compileUNet({
    architecture: "D",
    normInside: false,
    kaiserBeta: 2,
    normalized: true,
    kernelSize: 3,
    gain: 1,
    cutoff: { down: Math.PI / 2, up: Math.PI / 2 },
    imageSize,
    channels: 1,
    baseWidth: imageSize,
    classes: null,
    seed: 42,
  });
  const parameters = [...unet.parameters.values()];
  const slots = parameters.map((parameter) => ({
    parameter,
    mean: tf.variable(tf.zerosLike(parameter), false),
    square: tf.variable(tf.zerosLike(parameter), false),
  }));
  const step = (...[rates, x, t, noise]: tf.Tensor[]) => {
    const { value, grads } = tf.variableGrads(
      () => unet.apply(x as tf.Tensor4D, t as tf.Tensor1D).sub(noise!).square().mean() as tf.Scalar,
      parameters,
    );
    adamw(slots.map((slot) => ({ ...slot, gradient: grads[slot.parameter.name]! })), rates as tf.Tensor1D);
    return [value];
  };
  const dispose = () => {
    unet.dispose();
    tf.dispose(slots.flatMap(({ mean, square }) => [mean, square]));
  };
  return { step, dispose };
}

/** The losses of a training that shows the network other images, noise and timesteps at each step. */
async function losses(engine: Engine, count: number): Promise<number[]> {
  await tf.setBackend(engine.name);
  const training = trainingOf(imageSize), step = engine.jit(training.step);
  const found: number[] = [];
  for (let number = 1; number <= count; number++) {
    const noise = Float32Array.from({ length: batch * imageSize ** 2 }, (_, i) => 2 * Math.sin(i * i + number));
    const image = noise.map((value, i) => 0.5 * value + 0.5 * Math.cos(i / 7));
    const shape: [number, number, number, number] = [batch, imageSize, imageSize, 1];
    const timesteps = Int32Array.from({ length: batch }, (_, i) => 1 + (97 * number + 211 * i) % 999);
    const inputs = [
      tf.tensor1d(adamwRates({ learningRate: 3e-4, weightDecay: 0.01, step: number })),
      tf.tensor4d(image, shape),
      tf.tensor1d(timesteps, "int32"),
      tf.tensor4d(noise, shape),
    ];
    const [loss] = step(...inputs);
    found.push((await loss!.data())[0]!);
    tf.dispose([...inputs, loss!]);
  }
  step.dispose();
  training.dispose();
  return found;
}

Deno.test({
  name: `webgpu: a train step of D makes at most 700 dispatches${probe.available ? "" : noGpu}`,
  ignore: !probe.available,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const engine = await openWebGpu({ software: true }), { queue } = (tf.backend() as unknown as Backend).device;
    // Only the record is wanted: a software GPU would need a minute for the work.
    queue.submit = () => {};
    const training = trainingOf(32),
      step = engine.jit(training.step),
      shape: [number, number, number, number] = [
        16,
        32,
        32,
        1,
      ];
    step(tf.zeros([3]), tf.zeros(shape), tf.zeros([16]), tf.zeros(shape));
    const { dispatches, copies } = step.statistics()!;
    assert(dispatches <= 700, `${dispatches} dispatches`);
    assertEquals(copies, 0);
    engine.dispose();
  },
});

Deno.test({
  name: `webgpu: 50 losses of a tiny network agree with tensorflow's to 1 %, and repeat to the byte${
    probe.available ? allowed ? "" : " (needs --allow-all)" : noGpu
  }`,
  ignore: !probe.available || !allowed,
  sanitizeOps: false, // Libraries and devices outlive the test.
  sanitizeResources: false,
  fn: async () => {
    const webgpu = await openEngine("webgpu", { softwareGpu: true }), onGpu = await losses(webgpu, steps);
    assertEquals(await losses(webgpu, 5), onGpu.slice(0, 5));
    const onCpu = await losses(await openEngine("tensorflow"), steps);
    onCpu.forEach((loss, i) => {
      assert(Math.abs(onGpu[i]! - loss) <= 0.01 * loss, `step ${i + 1}: webgpu ${onGpu[i]}, tensorflow ${loss}`);
    });
    assert(onCpu.at(-1)! < onCpu[0]!);
  },
});
