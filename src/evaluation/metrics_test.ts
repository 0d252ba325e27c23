import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertClose, goldenCase } from "../golden/golden.ts";
import { type Features, featureStatistics, rowCount } from "./features.ts";
import { frechetDistance } from "./frechet.ts";
import { inceptionScore, maxSplits } from "./inception_score.ts";
import { kernelDistance, kernelDistanceSteps, kernelRequests } from "./kernel.ts";

const golden = goldenCase("metrics");
const { values, tolerance, params } = golden;
const features = (name: string): Features => {
  const { data, shape } = golden.tensors[name]!;
  return { values: data, columns: shape[1]! };
};
const a = features("a");
const b = features("b");
const logits = features("logits");
const kid = { subsets: params.kid_subsets, subsetSize: params.kid_subset_size };

Deno.test("the Frechet distance equals torch-fidelity's", () => {
  assertClose([frechetDistance(a, b)], [values.frechet_inception_distance], tolerance);
  assertClose([frechetDistance(b, a)], [values.frechet_inception_distance], tolerance);
});

Deno.test("the kernel distance of all rows equals torch-fidelity's", () => {
  assertClose(
    [kernelDistance(a, b, kid).allRows],
    [values.kernel_inception_distance_all_rows],
    tolerance,
  );
});

Deno.test("the kernel distance of one subset of all rows is that of all rows", () => {
  const one = kernelDistance(a, b, { subsets: 1, subsetSize: 500 });
  assertClose([one.mean], [values.kernel_inception_distance_all_rows], tolerance);
  assertClose([one.mean], [one.allRows], 1e-12);
});

Deno.test("the kernel distance of random subsets equals torch-fidelity's within its spread", () => {
  const many = kernelDistance(a, b, { ...kid, subsets: 200 });
  const { kernel_inception_distance_std: spread, kernel_inception_distance_all_rows: expected } =
    values;
  // Each subset's estimate is unbiased: their mean equals that of all rows, up to sampling error.
  assert(Math.abs(many.mean - expected) < 4 * many.standardDeviation / Math.sqrt(200));
  assert(
    Math.abs(many.standardDeviation / spread - 1) < 0.6,
    `${many.standardDeviation} beside ${spread}`,
  );
});

Deno.test("the Inception Score of rows in order equals torch-fidelity's, with its spread", () => {
  const score = inceptionScore(logits, { splits: params.splits, shuffle: false });
  assertClose([score.mean], [values.inception_score_mean_unshuffled], tolerance);
  assertClose([score.standardDeviation], [values.inception_score_std_unshuffled], tolerance);
});

Deno.test("the Inception Score of shuffled rows equals torch-fidelity's within its spread", () => {
  const score = inceptionScore(logits, { splits: params.splits });
  assert(
    Math.abs(score.mean - values.inception_score_mean) <
      3 * values.inception_score_std / Math.sqrt(10),
  );
});

Deno.test("the Inception Score is 1 without information and at best the number of classes, also for very large logits", () => {
  const flat = inceptionScore({ values: new Float64Array(20 * 4), columns: 4 }, { splits: 2 });
  assertClose([flat.mean], [1], 1e-12);
  const sure = Float64Array.from(
    { length: 80 },
    (_, i) => i % 4 === Math.floor(i / 4) % 4 ? 1e4 : -1e4,
  );
  assertClose([inceptionScore({ values: sure, columns: 4 }, { splits: 5, shuffle: false }).mean], [
    4,
  ], 1e-12);
});

Deno.test("a split of the Inception Score has at least two images, and a single split gives no error", () => {
  assertEquals([0, 1, 2, 3, 4, 19, 20, 50_000].map((images) => maxSplits(images, 10)), [
    1,
    1,
    1,
    1,
    2,
    9,
    10,
    10,
  ]);
  const one = inceptionScore({ values: Float64Array.of(9, 0, 0, 9, 9, 0), columns: 2 }, {
    splits: 1,
  });
  assert(one.mean > 1.5 && Number.isNaN(one.standardError));
});

Deno.test("the same seed repeats subsets and splits, and another one changes them", () => {
  const draw = (
    seed: number,
  ) => [kernelDistance(a, b, { ...kid, seed }).mean, inceptionScore(logits, { seed }).mean];
  assertEquals(draw(7), draw(7));
  const one = draw(7);
  const other = draw(8);
  assert(one[0] !== other[0] && one[1] !== other[1]);
});

Deno.test("subsets shrink to the smaller set", () => {
  const few = { values: a.values.subarray(0, 40 * a.columns), columns: a.columns };
  assertEquals(kernelDistance(few, b, { subsets: 2 }).subsetSize, 40);
});

Deno.test("metrics refuse features that cannot be compared", () => {
  const narrow = { values: new Float64Array(30), columns: 3 };
  assertThrows(() => frechetDistance(a, narrow), RangeError, "64 and of 3 columns");
  assertThrows(() => kernelDistance(a, narrow), RangeError, "64 and of 3 columns");
  assertThrows(
    () => featureStatistics({ values: new Float64Array(3), columns: 3 }),
    RangeError,
    "at least 2",
  );
  assertThrows(
    () => featureStatistics({ values: Float64Array.of(1, NaN), columns: 1 }),
    RangeError,
    "NaN",
  );
  assertThrows(() => inceptionScore(narrow, { splits: 6 }), RangeError, "10 images");
});

Deno.test("the number of products of a kernel distance is known in advance", () => {
  const rows = (count: number) => ({ values: new Float32Array(count), columns: 1 });
  for (
    const [m, n, subsets, subsetSize] of [[5, 7, 2, 3], [1500, 2100, 3, 1000], [
      2500,
      1200,
      1,
      1100,
    ]] as const
  ) {
    const options = { subsets, subsetSize };
    let asked = 0;
    const steps = kernelDistanceSteps(rows(m), rows(n), options);
    for (let step = steps.next(); !step.done; asked++) {
      step = steps.next(new Float32Array(rowCount(step.value.x) * rowCount(step.value.y)));
    }
    assertEquals(kernelRequests(m, n, options), asked);
  }
});
