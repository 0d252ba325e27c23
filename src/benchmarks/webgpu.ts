// Benchmarks of the engine `webgpu`:
//
//     deno run -A src/benchmarks/webgpu.ts [IMAGE_SIZE] [BATCH] [REPEATS]
//
// The first table shows for a training step how many dispatches it makes, how long JavaScript takes
// for each (the minimum over all calls), and how long the whole step takes. The second compares
// each fused kernel, forward and gradient, with the same computation composed of tfjs's own
// kernels. All milliseconds are what one call adds to many that are submitted without waiting (see
// millisecondsPerCall). That is the GPU's time, or JavaScript's if submitting takes longer, as it
// may for small images on a fast GPU.
import * as tf from "@tensorflow/tfjs";
import { adamwRates } from "../../kernels/adamw/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { noiseSchedule, noisingFactors } from "../diffusion/mod.ts";
import { openWebGpu, type WebGpuEngine, type WebGpuJitFunction } from "../engines/webgpu/mod.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { disposeState, newState } from "../training/state.ts";
import { jittedTrainStep } from "../training/step.ts";
import { compileUNet } from "../unet/mod.ts";
import { millisecondsPerCall } from "./webgpu_clock.ts";
import { timeKernels } from "./webgpu_kernels.ts";

/** The variants of the network, as spec fields. */
const variants = {
  A: "architecture: A",
  B: "architecture: B",
  C: "architecture: C",
  D: "architecture: D",
  "D, normInside": "architecture: D, normInside: true",
} as const;

/** The cost of one training step. */
export interface TrainStepCost {
  /** One of `variants`. */
  readonly variant: keyof typeof variants;
  readonly dispatches: number;
  /** Microseconds of JavaScript per dispatch, the minimum over all calls. */
  readonly scriptMicroseconds: number;
  /** The same, plus Deno's native work to finish and submit the commands. */
  readonly callMicroseconds: number;
  /** Milliseconds of the whole step, including the GPU. */
  readonly milliseconds: number;
  readonly kernels: Readonly<Record<string, number>>;
}

/** Measures the total time of a method until it is removed. */
function stopwatch<Name extends string>(
  prototype: { [name in Name]: (...args: never[]) => unknown },
  name: Name,
): { reset(): void; elapsed(): number; remove(): void } {
  const method = prototype[name];
  let elapsed = 0;
  prototype[name] = function (this: unknown, ...args: never[]) {
    const start = performance.now();
    try {
      return method.apply(this, args);
    } finally {
      elapsed += performance.now() - start;
    }
  };
  return {
    reset: () => elapsed = 0,
    elapsed: () => elapsed,
    remove: () => prototype[name] = method,
  };
}

/** Times a variant's training step, including the weights' moving average. */
export async function timeTrainStep(
  engine: WebGpuEngine,
  variant: TrainStepCost["variant"],
  { imageSize, batch, repeats }: { imageSize: number; batch: number; repeats: number },
): Promise<TrainStepCost> {
  // CIFAR-10's images have three channels; nothing is read from disk.
  const spec = resolveSpec(parseSpec(
    `{ ${
      variants[variant]
    }, dataset: cifar-10, imageSize: ${imageSize}, training: { emaDecay: 0.999 } }`,
  ));
  const state = newState(compileUNet(spec), true);
  const factors = noisingFactors(noiseSchedule(spec.noise));
  // The engine is webgpu, whose jitted functions are of this type.
  const step = jittedTrainStep(engine, spec, state, factors) as WebGpuJitFunction;
  const inputs = [
    tf.tensor1d(philoxKey(spec.seed, "trainingNoise"), "int32"),
    tf.tensor1d([0, 0, 1, 0], "int32"),
    tf.randomNormal([batch, imageSize, imageSize, 3], 0, 1, "float32", 1),
    tf.tensor1d(Array.from({ length: batch }, (_, i) => 1 + 61 * i % 999), "int32"),
    tf.tensor1d(adamwRates({ learningRate: 3e-4, weightDecay: 0.01, step: 1 })),
    tf.scalar(0.999),
  ];
  const native = [
    stopwatch(GPUCommandEncoder.prototype, "finish"),
    stopwatch(GPUQueue.prototype, "submit"),
  ];
  let shortestScript = Infinity;
  let shortestCall = Infinity;
  const milliseconds = await millisecondsPerCall(engine, () => {
    native.forEach((watch) => watch.reset());
    const start = performance.now();
    const loss = step(...inputs);
    const call = performance.now() - start;
    const script = call - native.reduce((sum, watch) => sum + watch.elapsed(), 0);
    tf.dispose(loss);
    shortestScript = Math.min(shortestScript, script);
    shortestCall = Math.min(shortestCall, call);
  }, repeats);
  const { dispatches, kernels } = step.statistics()!;
  native.forEach((watch) => watch.remove());
  step.dispose();
  disposeState(state);
  tf.dispose([factors, ...inputs]);
  return {
    variant,
    dispatches,
    scriptMicroseconds: 1000 * shortestScript / dispatches,
    callMicroseconds: 1000 * shortestCall / dispatches,
    milliseconds,
    kernels,
  };
}

if (import.meta.main) {
  const [imageSize = 32, batch = 16, repeats = 5] = Deno.args.map(Number);
  const engine = await openWebGpu({ software: true });
  const options = { imageSize, batch, repeats };
  console.log(`${engine.description}; ${imageSize} x ${imageSize} pixels, batch ${batch}\n`);
  console.log(
    "| train step | dispatches | JavaScript, us a dispatch | with Deno's finish and submit | ms | images / s |\n" +
      "| --- | --- | --- | --- | --- | --- |",
  );
  for (const variant of Object.keys(variants) as TrainStepCost["variant"][]) {
    const cost = await timeTrainStep(engine, variant, options);
    const [script, call] = [cost.scriptMicroseconds, cost.callMicroseconds].map((value) =>
      value.toFixed(1)
    );
    const figures = [cost.dispatches, script, call, cost.milliseconds.toFixed(1)];
    console.log(
      `| ${variant} | ${figures.join(" | ")} | ${(1000 * batch / cost.milliseconds).toFixed(1)} |`,
    );
  }
  console.log(
    "\n| kernel, forward and gradient | fused, ms | composed, ms | times |\n| --- | --- | --- | --- |",
  );
  for (const { kernel, fused, composed } of await timeKernels(engine, options)) {
    console.log(
      `| ${kernel} | ${fused.toFixed(2)} | ${composed.toFixed(2)} | ${
        (composed / fused).toFixed(1)
      } |`,
    );
  }
  engine.dispose();
}
