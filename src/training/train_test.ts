import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import type { Engine } from "../engines/mod.ts";
import { UserError } from "../messages/errors.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { assertClose } from "../golden/golden.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { disposeState, newState, restoreState, stateTensors, type TrainingState } from "./state.ts";
import { noiseDataset } from "./testing.ts";
import { train } from "./train.ts";

const dataset = noiseDataset(8);
const spec = resolveSpec(parseSpec(
  "architecture: A\ndataset: mnist\nimageSize: 8\nbaseWidth: 4\n" +
    "training: { images: 20, batchSize: 4, warmupSteps: 2, decay: linear, emaDecay: 0.9 }\n",
));

/** The state of a training at a step. */
interface Moment {
  tensors: Map<string, TensorData>;
  losses: number[];
}

/**
 * Trains, and returns the states before the first step and after each step, and what stopped it.
 */
async function trained(
  engine: Engine,
  { from, onStep }: {
    from?: Moment;
    onStep?: (step: number, state: TrainingState, stop: AbortController) => void;
  } = {},
) {
  const stop = new AbortController();
  const losses = [...from?.losses ?? []];
  const state = newState(compileUNet(spec), true);
  if (from) restoreState(state, from.tensors);
  const moments: Moment[] = [];
  const mark = async () =>
    void moments.push({ tensors: await stateTensors(state), losses: [...losses] });
  try {
    await mark();
    const done = train({
      engine,
      spec,
      dataset,
      state,
      losses,
      signal: stop.signal,
      onStep: async (step) => {
        assertEquals(losses.length, step);
        await mark();
        onStep?.(step, state, stop);
      },
    });
    const error = await done.then(() => null, (error: unknown) => error);
    return { moments, losses, error, reason: stop.signal.reason as unknown };
  } finally {
    disposeState(state);
  }
}

/** The engine without recording: each operation runs immediately. */
const eagerly = (engine: Engine): Engine => ({
  ...engine,
  jit: (fn) => Object.assign(fn, { dispose() {} }),
});

const onTensorFlow = (name: string, body: (engine: Engine) => Promise<void>) =>
  testOnEngines(`training: ${name}`, body, (engine) => engine === "tensorflow");

onTensorFlow(
  "every step follows the formulas, and gone on with from its middle it ends in the same bits",
  async (engine) => {
    const { moments, losses, error } = await trained(engine);
    assertEquals([error, losses.length, moments.length], [null, 5, 6]);
    // No step's noise, images or rates are frozen into the recording.
    assertEquals(new Set(losses).size, 5);
    assertFormulas(moments.map(({ tensors }) => tensors));

    const again = await trained(engine, { from: moments[3]! });
    assertEquals(again.losses, losses);
    assertEquals(again.moments.at(-1)!.tensors, moments.at(-1)!.tensors);
  },
);

/**
 * Checks the weights and the average of each step against PyTorch's AdamW and the average's
 * warm-up, computed from the recorded moments.
 */
function assertFormulas(steps: Map<string, TensorData>[]): void {
  const { beta1, beta2, weightDecay, epsilon, learningRate } = spec.training;
  const get = (step: number, name: string) => steps[step]!.get(name)!.data as Float32Array;
  for (const key of steps[0]!.keys()) {
    if (!key.startsWith("model/")) continue;
    const name = key.slice(6);
    for (let step = 1; step <= 5; step++) {
      // Two warm-up steps; the decay runs over all five.
      const rate = learningRate * Math.min(1, step / 2) * (6 - step) / 5;
      const decay = Math.min(0.9, step / (9 + step));
      const [mean, square] = [get(step, `mean/${name}`), get(step, `square/${name}`)];
      const weights = Array.from(get(step - 1, key), (weight, i) => {
        const m = mean[i]! / (1 - beta1 ** step);
        const v = square[i]! / (1 - beta2 ** step);
        return weight * (1 - rate * weightDecay) - rate * m / (Math.sqrt(v) + epsilon);
      });
      assertClose(get(step, key), weights, 2e-6, `${key}, step ${step}`);
      const average = Array.from(
        get(step - 1, `average/${name}`),
        (kept, i) => decay * kept + (1 - decay) * get(step, key)[i]!,
      );
      assertClose(get(step, `average/${name}`), average, 1e-6, `average/${name}, step ${step}`);
    }
    // After one step the moments are (1 - beta1) g and (1 - beta2) g^2 of the same gradient.
    const gradient = Array.from(get(1, `mean/${name}`), (mean) => mean / (1 - beta1));
    assertClose(
      get(1, `square/${name}`),
      gradient.map((g) => (1 - beta2) * g * g),
      1e-6,
      `square/${name}`,
    );
    assert(gradient.some((g) => g !== 0), `${name} has no gradient`);
  }
}

onTensorFlow(
  "a jitted step computes what an eager one does; a signal stops both",
  async (engine) => {
    const stopAt = (last: number) => ({
      onStep: (step: number, _: TrainingState, stop: AbortController) =>
        step === last && stop.abort(),
    });
    const jitted = await trained(engine, stopAt(2));
    const eager = await trained(eagerly(engine), stopAt(2));
    for (const { error, reason, moments } of [jitted, eager]) {
      assert(error !== null && error === reason);
      assertEquals(moments.length, 3);
    }
    assertClose(jitted.losses, eager.losses, 1e-5);
    for (const [name, { data }] of eager.moments[1]!.tensors) {
      // Adam's first step is the sign of the gradient, which may differ for gradients near zero.
      if (!/^(mean|square)/.test(name)) continue;
      const scale = Math.max(...Array.from(data as Float32Array, Math.abs));
      const scaled = (tensors: Moment["tensors"]) =>
        (tensors.get(name)!.data as Float32Array).map((value) => value / scale);
      assertClose(
        scaled(jitted.moments[1]!.tensors),
        scaled(eager.moments[1]!.tensors),
        1e-4,
        name,
      );
    }
  },
);

onTensorFlow("reading losses less often, as on a GPU, does not change them", async (engine) => {
  const one = await trained(engine);
  const paced = await trained({ ...engine, device: "a GPU" });
  assertEquals([paced.error, paced.losses], [null, one.losses]);
  assertEquals(paced.moments.at(-1), one.moments.at(-1));
});

onTensorFlow("a loss that is not a number stops it, with the step and advice", async (engine) => {
  const { error, losses } = await trained(eagerly(engine), {
    onStep: (step, { unet }) => {
      if (step !== 2) return;
      const [weights] = unet.parameters.values();
      weights!.assign(weights!.mul(NaN));
    },
  });
  if (!(error instanceof UserError)) throw new Error(`another error, or none: ${error}`);
  assertStringIncludes(error.message, "the loss of step 3 is NaN: the training has diverged");
  assertEquals([losses.length, losses.every(Number.isFinite)], [2, true]);
});
