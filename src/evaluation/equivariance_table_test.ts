import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { captionOf, type Table } from "../tables/table.ts";
import { tableMarkdown } from "../tables/markdown.ts";
import { confidenceInterval } from "./confidence.ts";
import type { Measure } from "./equivariance.ts";
import { curvesOf, equivarianceTables, scoresCsv } from "./equivariance_table.ts";
import type { StudiedNetwork } from "./trainings.ts";

function score(
  of: "prediction" | "run",
  measure: Measure,
  degrees: number | null,
  decibels: number[],
) {
  const interval = confidenceInterval(decibels);
  return { of, measure, timestep: of === "run" ? null : 500, degrees, decibels, interval };
}

const d2n: StudiedNetwork = {
  name: "D-2N",
  bundle: "d2n",
  seed: 42,
  configuration: "1",
  data: "digits",
  scores: [
    score("prediction", "EQ-T", null, [20, 22]),
    score("prediction", "EQ-R", null, [10, 10]),
    score("prediction", "EQ-R", 30, [90, 90]),
    score("run", "EQ-R", 30, [12, 14]),
    score("run", "EQ-R", -30, [10, 12]),
  ],
};

/** The cells of a table's rows as they are printed. */
function printed(table: Table | undefined): string[][] {
  if (!table) return [];
  return tableMarkdown(table).split("\n").slice(2, 2 + table.rows.length).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

Deno.test("one training: predictions over all levels, runs over all angles, published ones below", () => {
  const [table, ...more] = equivarianceTables([d2n]);
  assertEquals(printed(table), [
    ["D-2N", "prediction", "21.00 ± 12.71†", "", "10.00 ± 0.00†", ""],
    ["D-2N", "run", "", "", "12.00 ± 12.71†", ""],
    ["StyleGAN3-T", "generator", "63.01", "", "13.12", ""],
    ["StyleGAN3-R", "generator", "66.65", "", "40.48", ""],
  ]);
  assertEquals(more, []);
  const caption = captionOf(table!).join(" ");
  assertStringIncludes(caption, "generators, not of denoisers");
  assertStringIncludes(caption, "arXiv 2106.12423");
});

Deno.test("several trainings: the interval spans them; of each, its measurement's seeds are averaged", () => {
  const other = {
    ...d2n,
    seed: 1,
    bundle: "again",
    scores: [score("prediction", "EQ-T", null, [26, 30])],
  };
  const wider = { ...other, configuration: "2", bundle: "wider" };
  const rows = printed(equivarianceTables([d2n, other, wider])[0]);
  assertEquals(rows[0], ["D-2N (d2n)", "prediction", "24.50 ± 44.47‡ (2)", "", "10.00 (1)", ""]);
  assertEquals(rows[2]!.slice(0, 3), ["D-2N (wider)", "prediction", "28.00 ± 25.41†"]);
});

Deno.test("differences from A are taken by seed, wherever the bundles lie", () => {
  const trainings = (name: string, values: [seed: number, decibels: number][]) =>
    values.map(([seed, decibels]): StudiedNetwork => ({
      ...d2n,
      name,
      configuration: name,
      seed,
      bundle: `${name}-${seed}`,
      scores: [score("prediction", "EQ-T", null, [decibels, decibels])],
    }));
  const a = trainings("A", [[1, 20], [2, 30], [3, 40]]);
  const d = trainings("D-2N", [[3, 42], [1, 21], [2, 33]]);
  const differences = (networks: StudiedNetwork[]) => equivarianceTables(networks)[1];
  // 1, 3, 2: mean 2, standard deviation 1, three trainings.
  const half = 4.30265273 / Math.sqrt(3);
  const cell = differences([...d, ...a])?.rows[0]?.figures[0];
  assertEquals([cell?.value, cell?.trainings], [2, 3]);
  assertAlmostEquals(cell?.half ?? NaN, half, 1e-8);
  assertStringIncludes(differences([...d, ...a])?.title ?? "", "less that of A in decibels");
  // Other seeds are independent: scipy.stats.ttest_ind of both lists has 3.99 degrees.
  const apart = trainings("D-2N", [[4, 42], [5, 21], [6, 33]]);
  const welch = differences([...a, ...apart])?.rows[0]?.figures[0];
  assertAlmostEquals(welch?.half ?? NaN, 23.31, 0.01);
  // One training against several has no interval that compares.
  const single = differences([...a, ...d.slice(0, 1)])?.rows[0]?.figures[0];
  assertEquals([single?.value, single?.half], [12, null]);
  // Networks on other data are compared among themselves.
  const elsewhere = trainings("A", [[1, 1]]).map((one) => ({
    ...one,
    configuration: "x",
    data: "photos",
  }));
  assertEquals(differences([...a, ...elsewhere]), undefined);
});

Deno.test("every score is in the CSV, and EQ-R by angle has a gap at 0 degrees", () => {
  assertEquals(scoresCsv([d2n]).split("\n").slice(0, 3), [
    "name,bundle,of,measure,timestep,degrees,seed,decibels",
    "D-2N,d2n,prediction,EQ-T,500,,0,20",
    "D-2N,d2n,prediction,EQ-T,500,,1,22",
  ]);
  const { curves: [curve], note } = curvesOf([d2n], "run");
  assertEquals(curve!.name, "D-2N †");
  assertEquals(curve!.points, [[-30, 11], [0, null], [30, 13]]);
  assertEquals(curve!.spread.map((half) => half.toFixed(1)), ["12.7", "0.0", "12.7"]);
  assertEquals(note, "bands: 95 % confidence intervals; †: n = 1, the measurement alone");
  assertEquals(curvesOf([{ ...d2n, scores: [] }], "run").curves, []);
});
