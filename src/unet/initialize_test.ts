import { assertAlmostEquals, assertEquals } from "@std/assert";
import { philox4x32, philoxKey } from "../../kernels/random_normal/philox.ts";
import { goldenCase } from "../golden/golden.ts";
import { initialValues } from "./initialize.ts";
import { networkPlan } from "./plan.ts";
import { specOf } from "./testing.ts";

const uniform = { kind: "uniform", bound: 0.25 } as const;

/** Mean and standard deviation. */
function moments(values: Float32Array): [number, number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
}

Deno.test("uniform values fill their range evenly", () => {
  const values = initialValues(uniform, 100_000, 42, 7);
  const [mean, deviation] = moments(values);
  assertEquals(values.every((v) => v >= -0.25 && v < 0.25), true);
  // Four standard errors.
  assertAlmostEquals(mean, 0, 4 * 0.25 / Math.sqrt(3 * 100_000));
  assertAlmostEquals(deviation, 0.25 / Math.sqrt(3), 0.001);
});

Deno.test("normal values have mean 0, deviation 1 and a normal's tails", () => {
  const values = initialValues({ kind: "normal" }, 100_000, 42, 182);
  const [mean, deviation] = moments(values);
  assertAlmostEquals(mean, 0, 4 / Math.sqrt(100_000));
  assertAlmostEquals(deviation, 1, 0.01);
  const beyond = values.filter((v) => Math.abs(v) > 1.96).length / values.length;
  assertAlmostEquals(beyond, 0.05, 0.003);
  // Neighbours come from the same pair of words but are independent.
  assertAlmostEquals(
    values.reduce((sum, v, i) => sum + (i % 2 ? v * values[i - 1]! : 0), 0) / 50_000,
    0,
    0.02,
  );
});

Deno.test("each value is a function of seed, parameter and position, and never changes", () => {
  const values = initialValues(uniform, 10, 42, 3);
  const block = philox4x32([1, 0, 3, 0], philoxKey(42, "initializer"));
  assertEquals(values[6], Math.fround(((block[2]! >>> 8) / 2 ** 23 - 1) * 0.25));
  assertEquals(initialValues(uniform, 7, 42, 3), values.slice(0, 7));
  for (const [seed, index] of [[43, 3], [42, 4]] as const) {
    assertEquals(initialValues(uniform, 10, seed, index).some((v, i) => v === values[i]), false);
  }
});

Deno.test("the initializers are PyTorch's defaults", () => {
  const { parameters } = networkPlan(specOf(goldenCase("unet_B_3ch_16px_s6_b2.0_n_cond")));
  const initializer = (name: string) =>
    parameters.find((parameter) => parameter.name === name)!.initializer;
  const bound = (name: string) => (initializer(name) as { bound: number }).bound;
  assertAlmostEquals(bound("inc.double_conv.0.weight"), 1 / Math.sqrt(3 * 9), 1e-15);
  assertAlmostEquals(bound("down1.emb_layer.1.weight"), 1 / 16, 1e-15);
  assertAlmostEquals(bound("down1.emb_layer.1.bias"), 1 / 16, 1e-15);
  assertAlmostEquals(bound("sa1.mha.in_proj_weight"), Math.sqrt(6 / (32 + 96)), 1e-15);
  assertAlmostEquals(bound("sa1.mha.out_proj.weight"), 1 / Math.sqrt(32), 1e-15);
  assertAlmostEquals(bound("outc.bias"), 1 / 4, 1e-15);
  assertEquals(initializer("sa1.mha.in_proj_bias"), { kind: "constant", value: 0 });
  assertEquals(initializer("sa1.mha.out_proj.bias"), { kind: "constant", value: 0 });
  assertEquals(initializer("sa1.ln.weight"), { kind: "constant", value: 1 });
  assertEquals(initializer("inc.double_conv.1.bias"), { kind: "constant", value: 0 });
  assertEquals(initializer("label_emb.weight"), { kind: "normal" });
});
