/**
 * The training options that the published code does not have: each has its effect in a whole
 * training, resumes with the same bytes, and gives the same result on every engine.
 */
import { assert, assertEquals } from "@std/assert";
import { testOnEngines, trains } from "../../kernels/shared/testing.ts";
import { type Engine, openEngine } from "../engines/mod.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { assertClose } from "../golden/golden.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { disposeState, newState, restoreState, stateTensors } from "./state.ts";
import { noiseDataset } from "./testing.ts";
import { train } from "./train.ts";
import { partsOf } from "./accumulate.ts";

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
  /** Of the steps since the training began or went on. */
  equivarianceLosses: number[];
}

/** Trains, from a state or the start, and returns the state after each step. */
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
  const equivarianceLosses: number[] = [];
  const mark = async () =>
    void moments.push({
      tensors: await stateTensors(state),
      losses: [...losses],
      equivarianceLosses: [...equivarianceLosses],
    });
  try {
    await train({
      engine,
      spec,
      dataset,
      state,
      losses,
      equivarianceLosses,
      onStep: mark,
    });
  } finally {
    disposeState(state);
  }
  return moments;
}

/** The gradient of the first step of all parameters in a row, computed from AdamW's first mean. */
function firstGradient([first]: Moment[]): number[] {
  return [...first!.tensors].filter(([name]) => name.startsWith("mean/")).flatMap((
    [_, { data }],
  ) => Array.from(data as Float32Array, (mean) => mean / (1 - 0.9)));
}

const options = [
  ["training.clipNorm=0.01"],
  ["training.accumulate=2"],
  ["training.dropout=0.3"],
  ["training.augment={ shift: 2, turn: 45 }"],
  ["training.equivariance={ weight: 0.5, shift: 1.5, turn: 90 }"],
];

for (const option of options) {
  testOnEngines(
    `training with ${option}: resumed after the first step, it ends with the same bytes`,
    async (engine) => {
      const whole = await trained(engine, option);
      assertEquals(whole.length, 3);
      const again = await trained(engine, option, whole[0]);
      assertEquals(again.at(-1)!.tensors, whole.at(-1)!.tensors);
      assertEquals(again.at(-1)!.losses, whole.at(-1)!.losses);
    },
    (engine) => engine === "cpu",
  );
}

let onCpu: Promise<Moment[]> | null = null;
testOnEngines(
  `training with ${options.flat().join(" ")}: the same result on every engine`,
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

const onlyCpu = (engine: string) => engine === "cpu";

testOnEngines("training with clipNorm: the step's gradient has that norm", async (engine) => {
  const free = firstGradient(await trained(engine, []));
  const clipped = firstGradient(await trained(engine, ["training.clipNorm=0.01"]));
  const norm = Math.hypot(...free);
  assert(norm > 0.01);
  assertClose(clipped.map((g) => g * norm / 0.01), free, 1e-4);
}, onlyCpu);

testOnEngines(
  "training with accumulate: the parts of a batch give the same as the batch",
  async (engine) => {
    const others = options.flat().filter((option) => !option.startsWith("training.accumulate"));
    const [whole, parts] = [
      await trained(engine, others),
      await trained(engine, [...others, "training.accumulate=2"]),
    ];
    assertClose(parts[0]!.losses, whole[0]!.losses, 1e-6);
    assertClose(parts[0]!.equivarianceLosses, whole[0]!.equivarianceLosses, 1e-6);
    assertClose(firstGradient(parts), firstGradient(whole), 1e-7);
    assertEquals(parts.length, whole.length, "as many steps of the optimizer");
  },
  onlyCpu,
);

testOnEngines(
  "training with equivariance: both losses are reported, without the weight",
  async (engine) => {
    const [{ losses }] = await trained(engine, []) as [Moment];
    const option = "training.equivariance={ weight: 1000, shift: 1.5 }";
    const moments = await trained(engine, [option]);
    // The loss of the first step is that of the same weights, whatever else is minimized.
    assertClose(moments[0]!.losses, losses, 1e-6);
    const { equivarianceLosses } = moments.at(-1)!;
    assertEquals(equivarianceLosses.length, 3);
    assert(equivarianceLosses.every((loss) => loss > 0), `${equivarianceLosses}`);
  },
  onlyCpu,
);

Deno.test("the sizes of a batch's parts differ by at most one image", () => {
  assertEquals(partsOf(10, 4).map(({ size }) => size), [2, 3, 2, 3]);
  assertEquals(partsOf(3, 5), [0, 1, 2].map((first) => ({ first, size: 1 })));
});

const hasLibrary = Deno.permissions.querySync({ name: "ffi" }).state === "granted";

Deno.test({
  name: `training with all options in bfloat16: as in float32, less exact${
    hasLibrary ? "" : " (needs --allow-all)"
  }`,
  ignore: !hasLibrary,
  // The library's threads outlive the test.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const [exact, rounded] = [await first("float32"), await first("bfloat16")];
    const away = Math.hypot(...rounded.gradient.map((g, i) => g - exact.gradient[i]!));
    const relative = away / Math.hypot(...exact.gradient);
    assert(relative < 0.1, `gradients are off by ${relative}`);
    // In float32 the error would be a thousandth of this.
    assert(relative > 1e-4, `gradients are off by ${relative} only`);
    assertClose(rounded.losses, exact.losses, 0.05);

    /** The first step's gradient and both its losses. */
    async function first(precision: "float32" | "bfloat16") {
      const engine = await openEngine("tensorflow", { precision, emulate: true });
      const moments = await trained(engine, options.flat());
      engine.dispose();
      const { losses, equivarianceLosses } = moments[0]!;
      return { gradient: firstGradient(moments), losses: [...losses, ...equivarianceLosses] };
    }
  },
});
