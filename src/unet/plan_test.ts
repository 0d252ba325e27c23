/** The plan needs no engine, and neither do these tests. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type GoldenCase, goldenCase, goldenCases } from "../golden/golden.ts";
import { elements, networkPlan, type NetworkSpec } from "./plan.ts";
import { summarize } from "./summary.ts";
import { specOf } from "./testing.ts";

function specWith(changes: Partial<NetworkSpec>): NetworkSpec {
  return { ...specOf(goldenCase("unet_D_3ch_32px_s3_b2.0_n")), ...changes };
}

function total(spec: NetworkSpec): number {
  return networkPlan(spec).parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
}

for (const row of goldenCases("unet")) {
  Deno.test(`${row.case}: the parameters have the published names, order and shapes`, () => {
    const plan = networkPlan(specOf(row));
    assertEquals(plan.parameters.map(({ name, shape }) => [name, shape]), row.values.state);
    assertEquals(total(specOf(row)), row.values.parameters);
  });
}

Deno.test("every allowed network has a plan whose output has the input's shape", () => {
  for (const architecture of ["A", "B", "C", "D"] as const) {
    for (
      const normInside of architecture === "C" || architecture === "D" ? [false, true] : [false]
    ) {
      for (let imageSize = 8; imageSize <= 128; imageSize += 8) {
        const channels = imageSize % 16 ? 1 : 3;
        const size = 2 + imageSize % 11;
        const variant = architecture;
        const params = {
          variant,
          channels,
          image_size: imageSize,
          size,
          beta: 1,
          normalized: true,
          classes: null,
        };
        const plan = networkPlan({ ...specOf({ params } as GoldenCase), normInside });
        const last = plan.steps.at(-1)!;
        assertEquals(last.name, plan.output);
        assertEquals(last.outputShape, [imageSize, imageSize, channels]);
        for (const { outputShape } of plan.steps) {
          assertEquals(outputShape.every(Number.isInteger), true);
        }
      }
    }
  }
});

Deno.test("the plan is plain data: JSON keeps all of it", () => {
  const plan = networkPlan(specWith({ classes: 10 }));
  assertEquals(JSON.parse(JSON.stringify(plan)), plan);
});

Deno.test("cutoffs and gain reach the filters; the gain affects only upsampling", () => {
  const plain = networkPlan(specWith({}));
  const changed = networkPlan(specWith({ gain: 4, cutoff: { down: 1, up: 2 } }));
  const taps = (plan: typeof plain, step: string, name: string) =>
    plan.steps.find((s) => s.name === step)!.constants.find((constant) => constant.name === name)!
      .values;
  const sum = (values: number[]) => Math.round(values.reduce((a, b) => a + b) * 1e9) / 1e9;
  for (const step of ["inc", "up3.up", "bot2"]) assertEquals(sum(taps(changed, step, "up")), 4);
  for (const step of ["inc", "down1.down", "bot2"]) {
    assertEquals(sum(taps(changed, step, "down")), 1);
  }
  assertEquals(taps(changed, "inc", "down")[4]! < taps(plain, "inc", "down")[4]!, true);
  assertEquals(taps(changed, "inc", "up")[4]! > 4 * taps(plain, "inc", "up")[4]!, true);
});

Deno.test("impossible sizes are refused", () => {
  assertThrows(() => networkPlan(specWith({ imageSize: 20 })), RangeError, "multiple of 8, not 20");
  assertThrows(() => networkPlan(specWith({ baseWidth: 30 })), RangeError, "multiple of 4, not 30");
  assertThrows(() => networkPlan(specWith({ cutoff: null })), Error, "needs kernelSize");
});

Deno.test("the summary has a row per layer and the published totals", () => {
  const lines = summarize(networkPlan(specWith({}))).split("\n");
  assertEquals(lines.at(-1)!.split(/ +/), ["total", "5,897,155"]);
  assertEquals(new Set(lines.map((line) => line.length)).size, 1);
  assertStringIncludes(lines.find((line) => line.startsWith("bot1"))!, "4 x 4 x 256");
  assertEquals(total(specWith({ channels: 1 })), 5_896_513);
  assertEquals(total(specWith({ normInside: true })), 5_898_051);
});
