import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertClose } from "../golden/golden.ts";
import { compareRuns } from "./table.ts";
import { tableCsv } from "../tables/csv.ts";
import { comparisonJson, comparisonMarkdown, comparisonTables } from "./table_text.ts";
import { scoredRun } from "./testing.ts";

const a = "architecture: A\ndataset: mnist-m";
const d = "architecture: D\nkaiserBeta: 2\nnormalized: true\ndataset: mnist-m";

Deno.test("configurations go down in the paper's order, datasets and metrics across, with the paper's figures", () => {
  const table = compareRuns([
    scoredRun(d, [["kid", 0.05, 0.001], ["fid", 80, 1], ["is", 4, 0.1]]),
    scoredRun(a, [["fid", 90, 1]]),
    scoredRun("architecture: B\nkaiserBeta: 0\nnormalized: false\ndataset: mnist", [[
      "fid",
      11,
      1,
    ]]),
  ]);
  assertEquals(table.rows.map(({ name }) => name), ["A", "B-0", "D-2N"]);
  assertEquals(table.columns.map(({ dataset, metric }) => `${dataset} ${metric}`), [
    "mnist-m is",
    "mnist-m fid",
    "mnist-m kid",
    "mnist fid",
  ]);
  assertEquals(table.rows[2]!.cells.map((cell) => cell?.paper), [3.99, 82.46, 0.0535, undefined]);
  assertEquals(table.rows[1]!.cells[3]!.paper, 10.23);
});

Deno.test("several seeds are one figure with its 95 % interval", () => {
  const values = [80, 84, 88];
  const table = compareRuns(values.map((v, i) => scoredRun(`${d}\nseed: ${i}`, [["fid", v, 1]])));
  const cell = table.rows[0]!.cells[0]!;
  assertEquals([table.rows.length, cell.mean, cell.spread, cell.seeds], [1, 84, 4, [0, 1, 2]]);
  assertClose([cell.standardError!], [4 / Math.sqrt(3)], 1e-12);
  // scipy.stats.t.ppf(0.975, 2) = 4.302652730.
  assertClose([cell.half!], [4.30265273 * 4 / Math.sqrt(3)], 1e-8);
  const markdown = comparisonMarkdown(table);
  assertStringIncludes(markdown, "84.00 ± 9.94 [82.46]");
  assertStringIncludes(markdown, "± is half the 95 % confidence interval of the mean over n = 3");
});

Deno.test("the best of each column is in bold, higher or lower as the metric wants", () => {
  const table = compareRuns([
    scoredRun(a, [["fid", 90, 1], ["is", 3, null]]),
    scoredRun(d, [["fid", 80, 1], ["is", 2, null]]),
  ]);
  assertEquals(table.rows.map(({ cells }) => cells.map((cell) => cell!.best)), [[true, false], [
    false,
    true,
  ]]);
  const markdown = comparisonMarkdown(table);
  assertStringIncludes(markdown, "**80.00 ± 1.96†**");
  assertStringIncludes(markdown, "**3.00**");
  assertStringIncludes(markdown, "FID ↓");
  assertStringIncludes(markdown, "IS ↑");
});

Deno.test("the change from A is in percent, and within the noise where its 95 % interval includes zero", () => {
  const change = (value: number, error: number | null) => {
    const cell = compareRuns([
      scoredRun(a, [["fid", 80, 3]]),
      scoredRun(d, [["fid", value, error]]),
    ])
      .rows[1]!.cells[0]!;
    return [cell.change, cell.withinNoise];
  };
  assertEquals(change(60, 4), [-25, false]);
  assertEquals(change(88, 4), [10, true]);
  assertEquals(change(91, 4), [13.75, false]);
  assertEquals(change(88, null), [10, null]);
});

Deno.test("with seeds on both sides the noise is Welch's", () => {
  // scipy.stats.ttest_ind([80, 84, 88], [70, 78], equal_var=False): t = 2.165, 1.68 degrees, p =
  // 0.186; with [71, 73]: t = 4.768, 2.64 degrees, p = 0.023.
  const within = (...others: number[]) => {
    const runs = (spec: string, values: number[]) =>
      values.map((v, i) => scoredRun(`${spec}\nseed: ${i}`, [["fid", v, 1]]));
    return compareRuns([...runs(a, [80, 84, 88]), ...runs(d, others)]).rows[1]!.cells[0]!
      .withinNoise;
  };
  assertEquals([within(70, 78), within(71, 73)], [true, false]);
});

Deno.test("with the same seeds on both sides the differences are taken by seed", () => {
  const runs = [3, 1, 2].flatMap((seed) => [
    scoredRun(`${a}\nseed: ${seed}`, [["fid", 80 + 10 * seed, 1]]),
    scoredRun(`${d}\nseed: ${seed}`, [["fid", 75 + 11 * seed, 1]]),
  ]);
  const table = compareRuns(runs);
  const { change, difference, withinNoise, seeds, values } = table.rows[1]!.cells[0]!;
  assertEquals([seeds, values], [[1, 2, 3], [86, 97, 108]]);
  // The differences are -4, -3, -2; Welch's interval would be 23 wide and more.
  assertClose([change!, difference!.mean], [-3, -3], 1e-12);
  assertClose([difference!.half!], [4.30265273 / Math.sqrt(3)], 1e-8);
  assertEquals([difference!.trainings, withinNoise], [3, false]);
  const [, differences] = comparisonTables(table);
  assertEquals(differences!.rows.map(({ keys }) => keys), [["D-2N"]]);
  assertStringIncludes(comparisonMarkdown(table), "| D-2N          | −3.00 ± 2.48 [−3.0 %] |");
});

Deno.test("the same run in two folders counts once", () => {
  const table = compareRuns([
    scoredRun(d, [["fid", 80, 1]]),
    scoredRun(d, [["fid", 80, 1]]),
    scoredRun(a, [["fid", 90, 1]]),
  ]);
  assertEquals(table.rows[1]!.cells[0]!.seeds, [42]);
  assertStringIncludes(table.notes.join(), "1 of 3 runs");
});

Deno.test("an error below a hundredth gets the decimals that show it", () => {
  assertStringIncludes(
    comparisonMarkdown(compareRuns([scoredRun(d, [["fid", 0.1234, 0.0021]])])),
    "0.123 ± 0.004",
  );
});

Deno.test("only an A with the same settings is the base, and namesakes say in what they differ", () => {
  const table = compareRuns([
    scoredRun(a, [["fid", 80, 3]]),
    scoredRun(d, [["fid", 60, 3]]),
    scoredRun(`${d}\ntraining: { epochs: 5 }`, [["fid", 70, 3]]),
  ]);
  const changes = Object.fromEntries(table.rows.map(({ name, cells }) => [name, cells[0]!.change]));
  assertEquals(changes, {
    A: null,
    "D-2N, training.epochs 100": -25,
    "D-2N, training.epochs 5": null,
  });
});

Deno.test("the paper's figures are beside the paper's filter alone", () => {
  const table = compareRuns([
    scoredRun(d, [["fid", 60, 3]]),
    scoredRun(`${d}\nkernelSize: 6`, [["fid", 70, 3]]),
  ]);
  const papers = table.rows.map(({ name, cells }) => [name, cells[0]?.paper]);
  assertEquals(papers, [["D-2N, kernelSize 3", 82.46], ["D-2N, kernelSize 6", null]]);
});

Deno.test("scores of different networks, data and numbers of images are said not to compare", () => {
  const other = scoredRun(d, [["fid", 60, 3]], ["Grey images were repeated"]);
  other.evaluation.extractor!.digest = "4".repeat(64);
  other.evaluation.reference.digest = "5".repeat(64);
  other.evaluation.generated.count = 64;
  const notes = compareRuns([scoredRun(a, [["fid", 80, 3]]), other]).notes.join("\n");
  for (const words of ["2 different networks", "2 different sets", "2000, 64", "Grey images"]) {
    assertStringIncludes(notes, words);
  }
});

Deno.test("CSV and JSON hold every figure as it is", () => {
  const table = compareRuns([
    scoredRun(a, [["kid", 0.0623, 0.001]]),
    scoredRun(d, [["kid", 0.05, 0.002]]),
  ]);
  const [scores] = comparisonTables(table);
  const [head, , line] = tableCsv(scores!).trim().split("\n").map((text) => text.split(","));
  assertEquals(
    head,
    "configuration,dataset,metric,better,value,low,high,trainings,seeds,best,paper".split(","),
  );
  assertEquals(line!.slice(0, 5), ["D-2N", "mnist-m", "kid", "lower", "0.05"]);
  assertClose(line!.slice(5, 7).map(Number), [0.05 - 0.00392, 0.05 + 0.00392], 1e-5);
  assertEquals(line!.slice(7), ["1", "42", "true", "0.0535"]);
  assertEquals(JSON.parse(comparisonJson(table)), JSON.parse(JSON.stringify(table)));
  assert(comparisonMarkdown(table).includes("5.00 ± 0.39†"));
});

Deno.test("what bundles say is text in every form of the table", () => {
  const text = "=1|<img src=x>`[a](b)";
  const table = compareRuns([scoredRun(a, [["fid", 80, 3]], [text])]);
  for (const row of table.rows) row.name = text;
  const escaped = "=1\\|\\<img src=x\\>\\`\\[a\\](b)";
  assertStringIncludes(comparisonMarkdown(table), `- ${escaped}\n`);
  assertStringIncludes(comparisonMarkdown(table), `| ${escaped} | 80.00 ± 5.89†`);
  assertStringIncludes(tableCsv(comparisonTables(table)[0]!), `\n'${text},mnist-m,fid`);
});
