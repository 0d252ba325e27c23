import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { assertClose } from "../../src/golden/golden.ts";
import { assertSameSpecials, random, tensorOf, testOnEngines, trains } from "../shared/testing.ts";
import { adamw, adamwDefaults, adamwRates, type AdamWSlot } from "./mod.ts";
import { adamwReference } from "./reference.ts";

/**
 * A parameter after each of four steps of torch.optim.AdamW(lr=0.01) from PyTorch 2.15 in float64,
 * starting from [1, -2, 0.5, 0], with gradients g_k[i] = sin(3 k + i) (k from 1).
 */
const pytorch = [
  [0.9899000007086167, -1.989800000132135, 0.5099499998957164, 0.009999999642110059],
  [0.9934244171504224, -1.9894217589451215, 0.5092165684684233, 0.007597757099879126],
  [0.989930409192744, -1.9860515820084754, 0.5124929256836129, 0.011018940840828516],
  [0.9920859647058734, -1.9854269651770367, 0.5118720116404178, 0.00925137548882431],
];

/**
 * How NaN or infinity in the parameter (0), gradient, mean or square (3) spreads in the third step
 * of torch.optim.AdamW(lr=0.02, weight_decay=0.1) from PyTorch 2.15: the new parameter, mean and
 * square. The other inputs are 1, 0.5, 0.25 and 0.125. PyTorch's foreach and fused variants agree.
 */
const pytorchSpecials: [
  place: number,
  special: number,
  parameter: number,
  mean: number,
  square: number,
][] = [
  [0, NaN, NaN, 0.275, 0.125125],
  [0, Infinity, Infinity, 0.275, 0.125125],
  [0, -Infinity, -Infinity, 0.275, 0.125125],
  [1, NaN, NaN, NaN, NaN],
  [1, Infinity, NaN, Infinity, Infinity],
  [1, -Infinity, NaN, -Infinity, Infinity],
  [2, NaN, NaN, NaN, 0.125125],
  [2, Infinity, NaN, NaN, 0.125125],
  [2, -Infinity, NaN, NaN, 0.125125],
  [3, NaN, NaN, 0.275, NaN],
  [3, Infinity, 0.998, 0.275, Infinity],
  [3, -Infinity, NaN, 0.275, -Infinity],
];
const specialRates = adamwRates({ learningRate: 0.02, weightDecay: 0.1, step: 3 });

type AdamWValues = Parameters<typeof adamwReference>[0];

const first = [1, -2, 0.5, 0];
const gradientAt = (step: number) => first.map((_, i) => Math.sin(3 * step + i));

Deno.test("adamw: the reference's steps are PyTorch's", () => {
  let [p, m, v] = [first, [0, 0, 0, 0], [0, 0, 0, 0]];
  for (let step = 1; step <= 4; step++) {
    const values = [p, gradientAt(step), m, v].map((data) => ({
      shape: [4],
      data: Float64Array.from(data),
    }));
    const rates = adamwRates({ learningRate: 0.01, weightDecay: 0.01, step });
    const results = adamwReference(values as AdamWValues, rates, adamwDefaults);
    [p, m, v] = results.map(({ data }) => [...data]) as [number[], number[], number[]];
    assertClose(p, pytorch[step - 1]!, 1e-12, `step ${step}`);
  }
});

Deno.test("adamw: with a constant gradient each step is the learning rate, whatever the gradient's size", () => {
  // m = g (1 - beta1^k) and v = g^2 (1 - beta2^k), so both corrections cancel: p = p0 - k
  // learningRate sign(g).
  for (const gradient of [-1e3, 0.02, 5]) {
    let state = [3, 0, 0];
    for (let step = 1; step <= 50; step++) {
      const scalar = (value: number) => ({ shape: [], data: Float64Array.of(value) });
      const values: AdamWValues = [
        scalar(state[0]!),
        scalar(gradient),
        scalar(state[1]!),
        scalar(state[2]!),
      ];
      const rates = adamwRates({ learningRate: 0.01, weightDecay: 0, step });
      state = adamwReference(values, rates, { ...adamwDefaults, epsilon: 0 })
        .map(({ data }) => data[0]!);
      assertClose([state[0]!], [3 - 0.01 * step * Math.sign(gradient)], 1e-12);
    }
  }
});

Deno.test("adamw: without gradients the decay alone is left", () => {
  const rates = adamwRates({ learningRate: 0.1, weightDecay: 0.5, step: 7 });
  const zero = { shape: [1], data: Float64Array.of(0) };
  const [p] = adamwReference(
    [{ shape: [1], data: Float64Array.of(2) }, zero, zero, zero],
    rates,
    adamwDefaults,
  );
  assertClose(p!.data, [2 * 0.95], 1e-15);
});

function slotOf(shape: number[], draw: ReturnType<typeof random>): AdamWSlot {
  const values = () => tensorOf(draw.values(shape));
  return {
    parameter: tf.variable(values()),
    gradient: values(),
    mean: tf.variable(values()),
    square: tf.variable(values().square()),
  };
}

const read = ({ parameter, mean, square }: AdamWSlot) =>
  Promise.all([parameter, mean, square].map((tensor) => tensor.data()));

testOnEngines(
  "adamw: equals the reference over random shapes, with and without jit",
  async (engine) => {
    for (const jitted of [false, true]) {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
      const draw = random(seed);
      const shapes = [[], [1], [3, 3, 2, 5], [7], [draw.integer(1, 40), draw.integer(1, 40)]];
      const slots = shapes.map((shape) => slotOf(shape, draw));
      const valuesOf = async (tensor: tf.Tensor) => ({
        shape: tensor.shape,
        data: Float64Array.from(await tensor.data()),
      });
      const before: AdamWValues[] = [];
      for (const { parameter, gradient, mean, square } of slots) {
        before.push([
          await valuesOf(parameter),
          await valuesOf(gradient),
          await valuesOf(mean),
          await valuesOf(square),
        ]);
      }
      const rates = adamwRates({
        learningRate: 0.02,
        weightDecay: 0.1,
        step: draw.integer(1, 1000),
      });
      const step = (rates: tf.Tensor) => {
        adamw(slots, rates as tf.Tensor1D, { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 });
        return [];
      };
      const run = jitted
        ? engine.jit((rates) => step(rates!))
        : (rates: tf.Tensor) => tf.tidy(() => (step(rates), []));
      run(tf.tensor1d(rates));
      for (const [i, values] of before.entries()) {
        const expected = adamwReference(values, Float32Array.from(rates), {
          beta1: 0.8,
          beta2: 0.95,
          epsilon: 1e-3,
        });
        const { parameter, mean, square } = slots[i]!;
        for (const [j, tensor] of [parameter, mean, square].entries()) {
          assertClose(
            await tensor.data(),
            expected[j]!.data,
            2e-6,
            `seed ${seed}, slot ${i}, output ${j}`,
          );
        }
      }
    }
  },
  trains,
);

testOnEngines(
  "adamw: rates and gradients of a jitted step are read anew, and memory stays as it is",
  async (engine) => {
    const slots = [[4], [2, 3]].map((shape) => slotOf(shape, random(5)));
    const run = engine.jit((rates, scale) => {
      adamw(
        slots.map((slot) => ({ ...slot, gradient: tf.mul(slot.gradient, scale!) })),
        rates as tf.Tensor1D,
      );
      return [];
    });
    const step = (rate: number, scale: number) => {
      const inputs = [tf.tensor1d([1, rate, 1]), tf.scalar(scale)];
      run(...inputs);
      tf.dispose(inputs);
    };
    step(0, 1);
    const tensors = tf.memory().numTensors;
    const start = await slots[0]!.parameter.array() as number[];
    step(0, 1);
    assertEquals(await slots[0]!.parameter.array(), start);
    step(0.1, 2);
    const moved = await slots[0]!.parameter.array() as number[];
    step(0.1, -2);
    const back = await slots[0]!.parameter.array() as number[];
    assert(start.every((value, i) => value !== moved[i] && moved[i] !== back[i]));
    assertEquals(tf.memory().numTensors, tensors);
    run.dispose();
  },
  trains,
);

Deno.test("adamw: NaN and infinity go in the reference as in PyTorch", () => {
  for (const [place, special, ...expected] of pytorchSpecials) {
    const of = (i: number, value: number) => ({
      shape: [],
      data: Float64Array.of(i === place ? special : value),
    });
    const results = adamwReference(
      [of(0, 1), of(1, 0.5), of(2, 0.25), of(3, 0.125)],
      specialRates,
      adamwDefaults,
    );
    results.forEach(({ data }, i) => {
      const value = expected[i]!;
      if (Number.isFinite(value)) {
        assertClose(data, [value], 1e-12, `${special} in ${place}, output ${i}`);
      } else assertEquals(data[0], value, `${special} in ${place}, output ${i}`);
    });
  }
});

testOnEngines(
  "adamw: NaN and infinity go where the reference lets them go, with and without jit",
  async (engine) => {
    // All combinations of these numbers in the four tensors, one combination per element.
    const numbers = [0.5, NaN, Infinity, -Infinity];
    const all = [0, 1, 2, 3].map((place) =>
      Float64Array.from({ length: 256 }, (_, i) => numbers[(i >> 2 * place) & 3]!)
    );
    // A single slot, small slots handled as one, and a large slot.
    for (const sizes of [[256], [100, 156], [70000]]) {
      for (const jitted of [false, true]) {
        let start = 0;
        const values = sizes.map((size) => {
          const cases = all.map((data) =>
            Float64Array.from({ length: size }, (_, i) => data[(start + i) % 256]!)
          );
          start += size;
          return cases.map((data) => ({ shape: [size], data })) as AdamWValues;
        });
        const slots = values.map((parts) => {
          const [parameter, gradient, mean, square] = parts.map((part) =>
            tf.variable(tensorOf(part))
          ) as tf.Variable[];
          return { parameter: parameter!, gradient: gradient!, mean: mean!, square: square! };
        });
        const run = engine.jit((rates) => (adamw(slots, rates as tf.Tensor1D), []));
        const rates = tf.tensor1d(specialRates);
        if (jitted) run(rates);
        else tf.tidy(() => adamw(slots, rates));
        for (const [i, slot] of slots.entries()) {
          const expected = adamwReference(values[i]!, specialRates, adamwDefaults);
          (await read(slot)).forEach((data, j) =>
            assertSameSpecials(
              data,
              expected[j]!.data,
              `slot ${i} of ${sizes}, jit ${jitted}, output ${j}`,
            )
          );
        }
        run.dispose();
        tf.dispose([rates, ...slots.flatMap((slot) => Object.values(slot))]);
      }
    }
  },
  trains,
);

testOnEngines("adamw: shapes that differ within a slot are refused", async () => {
  const slot = slotOf([2, 3], random(1));
  const rates = tf.tensor1d([1, 0.1, 1]);
  const before = await read(slot);
  for (const part of ["gradient", "mean", "square"] as const) {
    const wrong = { ...slot, [part]: tf.variable(tf.zeros([3, 2])) };
    assertThrows(() => adamw([wrong], rates), TypeError, "is [2,3], what goes with it [3,2]");
  }
  assertEquals(await read(slot), before);
}, trains);
