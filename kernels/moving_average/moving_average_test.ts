import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { assertClose } from "../../src/golden/golden.ts";
import { assertSameSpecials, random, tensorOf, testOnEngines, trains } from "../shared/testing.ts";
import { movingAverage } from "./mod.ts";
import { movingAverageReference } from "./reference.ts";

Deno.test("movingAverage: of a parameter that stands still the distance shrinks by the decay each step", () => {
  const scalar = (value: number) => ({ shape: [], data: Float64Array.of(value) });
  let average = -2;
  for (let step = 1; step <= 20; step++) {
    average = movingAverageReference(scalar(3), scalar(average), 0.9).data[0]!;
    assertClose([average], [3 - 5 * 0.9 ** step], 1e-12);
  }
});

testOnEngines(
  "movingAverage: equals the reference over random shapes and each step's decay",
  async (engine) => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const draw = random(seed);
    // More slots than fit in one dispatch, with sizes below one workgroup and one that needs
    // several.
    const shapes = [
      [],
      [1],
      [3, 3, 2, 5],
      [70, 70],
      ...Array.from({ length: 40 }, () => [draw.integer(1, 40)]),
    ];
    const values = shapes.map((shape) => ({
      parameter: draw.values(shape),
      average: draw.values(shape),
    }));
    const slots = values.map(({ parameter, average }) => ({
      parameter: tf.variable(tensorOf(parameter)),
      average: tf.variable(tensorOf(average)),
    }));
    const step = engine.jit((decay) => (movingAverage(slots, decay as tf.Scalar), []));
    let expected = values.map(({ average }) => average);
    for (const decay of [0.75, 0, 1, 0.5]) {
      const rate = tf.scalar(decay);
      step(rate);
      rate.dispose();
      expected = values.map(({ parameter }, i) =>
        movingAverageReference(parameter, expected[i]!, decay)
      );
      for (const [i, { average }] of slots.entries()) {
        assertClose(
          await average.data(),
          expected[i]!.data,
          1e-6,
          `seed ${seed}, decay ${decay}, slot ${i}`,
        );
      }
    }
    for (const [i, { parameter }] of slots.entries()) {
      assertEquals(Float64Array.from(await parameter.data()), values[i]!.parameter.data);
    }
    step.dispose();
    tf.dispose(slots.map(({ parameter, average }) => [parameter, average]));
  },
  trains,
);

testOnEngines("movingAverage: NaN and infinity go where the reference lets them go", async () => {
  for (const special of [NaN, Infinity, -Infinity]) {
    for (const part of ["parameter", "average"] as const) {
      const values = { parameter: random(1).values([5]), average: random(2).values([5]) };
      values[part].data[3] = special;
      const slot = {
        parameter: tf.variable(tensorOf(values.parameter)),
        average: tf.variable(tensorOf(values.average)),
      };
      tf.tidy(() => movingAverage([slot], tf.scalar(0.75)));
      const expected = movingAverageReference(values.parameter, values.average, 0.75);
      assertSameSpecials(await slot.average.data(), expected.data, `${special} in ${part}`);
      tf.dispose([slot.parameter, slot.average]);
    }
  }
}, trains);

Deno.test("movingAverage: shapes that differ within a slot are refused", async () => {
  await tf.setBackend("cpu");
  const slot = { parameter: tf.variable(tf.zeros([2, 3])), average: tf.variable(tf.zeros([3, 2])) };
  assertThrows(
    () => movingAverage([slot], tf.scalar(0.5)),
    TypeError,
    "is [2,3], its average [3,2]",
  );
});
