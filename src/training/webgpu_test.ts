/**
 * Training on WebGPU: the cost of a step, whether it learns as on TensorFlow, and whether it
 * repeats.
 */
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { noiseSchedule, noisingFactors } from "../diffusion/mod.ts";
import { type Engine, openEngine } from "../engines/mod.ts";
import type { Backend } from "../engines/webgpu/backend.ts";
import { openWebGpu, probeWebGpu, type WebGpuJitFunction } from "../engines/webgpu/mod.ts";
import { openLimitedWebGpu } from "../engines/webgpu/testing.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { disposeState, newState } from "./state.ts";
import { noiseDataset } from "./testing.ts";
import { jittedTrainStep } from "./step.ts";
import { train } from "./train.ts";

const probe = await probeWebGpu();
const noGpu = " (NOTHING TESTED: no GPU, and no software GPU such as mesa-vulkan-drivers)";
const ffi = Deno.permissions.querySync({ name: "ffi" }).state === "granted";

/** The library and the device outlive these tests. */
function gpuTest(name: string, why: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `webgpu: ${name}${why}`,
    ignore: why !== "",
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

gpuTest(
  "a train step with a moving average makes at most 700 dispatches",
  probe.available ? "" : noGpu,
  async () => {
    const engine = await openWebGpu({ software: true });
    const { queue } = (tf.backend() as unknown as Backend).device;
    // Only the recording is needed; running the work on a software GPU would take a minute.
    queue.submit = () => {};
    for (const architecture of ["A", "B", "C", "D", "C, normInside: true", "D, normInside: true"]) {
      const spec = resolveSpec(
        parseSpec(
          `{ architecture: ${architecture}, dataset: mnist-m, training: { emaDecay: 0.999 } }`,
        ),
      );
      const state = newState(compileUNet(spec), true);
      const factors = noisingFactors(noiseSchedule(spec.noise));
      const step = jittedTrainStep(engine, spec, state, factors) as WebGpuJitFunction;
      const words = (count: number) => tf.zeros([count], "int32");
      step(words(2), words(4), tf.zeros([16, 32, 32, 3]), words(16), tf.zeros([3]), tf.scalar(0.5));
      const { dispatches, copies } = step.statistics()!;
      assert(dispatches <= 700, `${architecture}: ${dispatches} dispatches`);
      assertEquals(copies, 0);
      step.dispose();
      disposeState(state);
    }
    engine.dispose();
  },
);

/** The losses of a tiny network's short training, and the moving average of its first parameter. */
async function trained(engine: Engine, architecture: string, steps: number) {
  await tf.setBackend(engine.name);
  const spec = resolveSpec(parseSpec(
    `{ architecture: ${architecture}, dataset: mnist, imageSize: 8, training: { images: ${
      4 * steps
    }, batchSize: 4, ` +
      "emaDecay: 0.9 } }",
  ));
  const state = newState(compileUNet(spec), true);
  const losses: number[] = [];
  await train({ engine, spec, dataset: noiseDataset(64), state, losses });
  const [average] = state.average!.values();
  const values = [...await average!.data()];
  disposeState(state);
  return { losses, values };
}

gpuTest(
  "after the first step nothing is compiled or allocated",
  probe.available ? "" : noGpu,
  async () => {
    const engine = await openWebGpu({ software: true });
    const { device } = tf.backend() as unknown as Backend;
    const made: string[] = [];
    for (
      const name of [
        "createBuffer",
        "createBindGroup",
        "createShaderModule",
        "createComputePipeline",
      ] as const
    ) {
      const make = device[name].bind(device) as (descriptor: never) => unknown;
      Object.defineProperty(device, name, {
        value: (descriptor: never) => (made.push(name), make(descriptor)),
      });
    }
    const spec = resolveSpec(
      parseSpec("{ architecture: D, dataset: mnist, imageSize: 8, training: { emaDecay: 0.9 } }"),
    );
    const state = newState(compileUNet(spec), true);
    const factors = noisingFactors(noiseSchedule(spec.noise));
    const step = jittedTrainStep(engine, spec, state, factors);
    for (let number = 0; number < 3; number++) {
      const inputs = [
        tf.tensor1d([1, 2], "int32"),
        tf.tensor1d([0, 0, number, 0], "int32"),
        tf.tensor4d(Float32Array.from({ length: 256 }, (_, i) => Math.sin(i + number)), [
          4,
          8,
          8,
          1,
        ]),
        tf.tensor1d([1, 40, 500, 999], "int32"),
        tf.tensor1d([1, 1e-4, 1]),
        tf.scalar(0.9),
      ];
      const [loss] = step(...inputs);
      tf.dispose([...inputs, loss!]);
      await engine.settle();
      if (number === 0) {
        assert(made.length > 1000);
        made.length = 0;
      }
    }
    assertEquals(made, []);
    engine.dispose();
  },
);

gpuTest(
  "50 losses of tiny networks agree with tensorflow's to 1 %, and repeat to the byte",
  probe.available ? ffi ? "" : " (needs --allow-all)" : noGpu,
  async () => {
    const webgpu = await openEngine("webgpu", { softwareGpu: true });
    const tensorflow = await openEngine("tensorflow");
    // lavapipe is as exact as a CPU: 3e-6 here. A hardware GPU's own functions are less exact, and
    // Adam amplifies that.
    const tolerance = probe.software ? 1e-4 : 0.01;
    for (const architecture of ["A", "D"]) {
      const onGpu = await trained(webgpu, architecture, 50);
      const onCpu = await trained(tensorflow, architecture, 50);
      onCpu.losses.forEach((loss, i) => {
        const other = onGpu.losses[i]!;
        assert(
          Math.abs(other - loss) <= tolerance * loss,
          `${architecture}, step ${i + 1}: ${other}, tensorflow ${loss}`,
        );
      });
      assertEquals(onCpu.losses.length, 50);
      assert(onCpu.losses.at(-1)! < onCpu.losses[0]!);
    }
    const [once, again] = [await trained(webgpu, "D", 5), await trained(webgpu, "D", 5)];
    assertEquals(again, once);
    (tf.backend() as unknown as Backend).gpu.commandsPerSubmit = 32; // As on a hardware GPU.
    assertEquals(await trained(webgpu, "D", 5), once);
  },
);

gpuTest(
  "a GPU with no more than WebGPU's default limits learns the same",
  probe.available ? "" : noGpu,
  async () => {
    const engine = await openWebGpu({ software: true });
    const architectures = ["D", "D, normInside: true"];
    const expected = [];
    for (const architecture of architectures) expected.push(await trained(engine, architecture, 3));
    engine.dispose();
    const limited = await openLimitedWebGpu();
    for (const [i, architecture] of architectures.entries()) {
      assertEquals(await trained(limited, architecture, 3), expected[i]);
    }
    limited.dispose();
  },
);
