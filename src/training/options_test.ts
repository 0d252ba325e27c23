/**
 * The options of training that the published code does not have: each does what it says in a whole
 * training, goes on from its middle with the same bytes, and computes the same on every engine.
 */
import { assert, assertEquals } from "@std/assert";
import { testOnEngines, trains } from "../../kernels/shared/testing.ts";
import type { Engine } from "../engines/mod.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { assertClose } from "../golden/golden.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { disposeState, newState, restoreState, stateTensors } from "./state.ts";
import { noiseDataset } from "./testing.ts";
import { train } from "./train.ts";

const dataset = noiseDataset(5);

/** A training of a tiny network: three steps, the last one of a smaller batch. */
const specOf = (overrides: readonly string[]) =>
  resolveSpec(
    parseSpec(
      "architecture: A\ndataset: mnist\nimageSize: 8\nbaseWidth: 4\ntraining: { images: 5, batchSize: 2 }",
    ),
    overrides,
  );

/** The state of a training at a step. */
interface Moment {
  tensors: Map<string, TensorData>;
  losses: number[];
}

/** Trains, from a moment or the start, and returns the moment after each step. */
async function trained(
  engine: Engine,
  overrides: readonly string[],
  from?: Moment,
): Promise<Moment[]> {
  const spec = specOf(overrides);
  const losses = [...from?.losses ?? []];
  const state = newState(compileUNet(spec), false);
  if (from) restoreState(state, from.tensors);
  const moments: Moment[] = [];
  try {
    await train({
      engine,
      spec,
      dataset,
      state,
      losses,
      onStep: async () =>
        void moments.push({ tensors: await stateTensors(state), losses: [...losses] }),
    });
  } finally {
    disposeState(state);
  }
  return moments;
}

/** The gradient of the first step, of all parameters in a row: AdamW's first mean tells it. */
function firstGradient([first]: Moment[]): number[] {
  return [...first!.tensors].filter(([name]) => name.startsWith("mean/")).flatMap((
    [_, { data }],
  ) => Array.from(data as Float32Array, (mean) => mean / (1 - 0.9)));
}

const options = [
  ["training.clipNorm=0.01"],
];

for (const option of options) {
  testOnEngines(
    `training with ${option}: gone on with from its middle it ends in the same bytes`,
    async (engine) => {
      const whole = await trained(engine, option);
      assertEquals(whole.length, 3);
      assertEquals((await trained(engine, option, whole[0])).at(-1), whole.at(-1));
    },
    (engine) => engine === "cpu",
  );
}

let onCpu: Promise<Moment[]> | null = null;
testOnEngines(
  `training with ${options.flat().join(" ")}: the same on each engine`,
  async (engine) => {
    const here = trained(engine, options.flat());
    onCpu ??= here;
    const [expected, found] = [await onCpu, await here];
    assertClose(found[0]!.losses, expected[0]!.losses, 1e-5);
    const scale = Math.max(...firstGradient(expected).map(Math.abs));
    const scaled = (moments: Moment[]) => firstGradient(moments).map((g) => g / scale);
    assertClose(scaled(found), scaled(expected), 1e-4);
  },
  trains,
);

testOnEngines("training with clipNorm: the step's gradient has that norm", async (engine) => {
  const free = firstGradient(await trained(engine, []));
  const clipped = firstGradient(await trained(engine, ["training.clipNorm=0.01"]));
  const norm = Math.hypot(...free);
  assert(norm > 0.01);
  assertClose(clipped.map((g) => g * norm / 0.01), free, 1e-4);
}, (engine) => engine === "cpu");
