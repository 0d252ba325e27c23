import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { testOnEngines, trains } from "../../kernels/shared/testing.ts";
import { assertClose } from "../golden/golden.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { dropoutCounters, dropoutMasks } from "./dropout.ts";
import { compileUNet, networkPlan } from "./mod.ts";

const spec = resolveSpec(
  parseSpec("architecture: A\ndataset: mnist\nimageSize: 8\nbaseWidth: 4\n"),
);
const plan = networkPlan(spec);

/** The masks of some images, block by block. */
async function masks(
  batch: number,
  rate: number,
  { step = 0, first = 0, pass = 0 } = {},
): Promise<[name: string, values: number[]][]> {
  const numbers = dropoutCounters(plan, { step, first, pass });
  const counters = tf.tensor2d(numbers, [numbers.length / 4, 4], "int32");
  const drawn = dropoutMasks(plan, batch, rate, tf.tensor1d([42, 13], "int32"), counters);
  return await Promise.all(
    [...drawn].map(async ([name, mask]) => [name, [...await mask.data()]] as [string, number[]]),
  );
}

testOnEngines("dropout: each residual block has a mask of 0 and 1 / (1 - rate)", async () => {
  const drawn = await masks(64, 0.25);
  // The first convolutions of three stages down and three up.
  assertEquals(drawn.map(([name]) => name.replace(/\..*/, "")), [
    "down1",
    "down2",
    "down3",
    "up1",
    "up2",
    "up3",
  ]);
  const values = drawn.flatMap(([_, values]) => values);
  assertClose([...new Set(values)].toSorted(), [0, 4 / 3], 1e-6);
  const dropped = values.filter((value) => value === 0).length / values.length;
  const deviation = Math.sqrt(0.25 * 0.75 / values.length);
  assert(Math.abs(dropped - 0.25) < 5 * deviation, `${dropped} of ${values.length} are dropped`);
}, trains);

Deno.test("dropout: masks depend on step, pass and block; images have theirs in any part", async () => {
  await tf.setBackend("cpu");
  const whole = await masks(4, 0.5, { step: 3 });
  assertEquals(await masks(4, 0.5, { step: 3 }), whole);
  for (const other of [{ step: 4 }, { step: 3, pass: 1 }, { step: 2 ** 32 + 3 }]) {
    const found = await masks(4, 0.5, other);
    found.forEach(([name, values], i) => assertNotEquals(values, whole[i]![1], name));
  }
  const parts = [await masks(1, 0.5, { step: 3 }), await masks(3, 0.5, { step: 3, first: 1 })];
  whole.forEach(([name, values], i) =>
    assertEquals(parts.flatMap((part) => part[i]![1]), values, name)
  );
  // Blocks of one shape do not share bits.
  const sizes = new Map(whole.map(([_, values]) => [values.length, values]));
  for (const [name, values] of whole) {
    const last = sizes.get(values.length);
    if (last !== values) assertNotEquals(values, last, name);
  }
});

testOnEngines(
  "dropout: without masks the network is itself; masks of ones change nothing",
  async () => {
    const unet = compileUNet(spec);
    const x = tf.randomUniform<tf.Rank.R4>([2, 8, 8, 1], -1, 1, "float32", 5);
    const t = tf.tensor1d([1, 500], "int32");
    const outputs = await Promise.all([0, 0.5].map(async (rate) => {
      const numbers = dropoutCounters(plan, { step: 0, first: 0, pass: 0 });
      const counters = tf.tensor2d(numbers, [numbers.length / 4, 4], "int32");
      const drawn = dropoutMasks(plan, 2, rate, tf.tensor1d([42, 13], "int32"), counters);
      return [...await unet.apply(x, t, undefined, drawn).data()];
    }));
    const alone = [...await unet.apply(x, t).data()];
    assertEquals(outputs[0], alone);
    assert(outputs[1]!.some((value, i) => Math.abs(value - alone[i]!) > 1e-3));
    unet.dispose();
  },
  (engine) => engine === "cpu",
);
