import { assertEquals, assertStringIncludes } from "@std/assert";
import { tableCsv } from "../tables/csv.ts";
import { tableMarkdown } from "../tables/markdown.ts";
import { confidenceInterval } from "./confidence.ts";
import {
  type Better,
  frontierPanels,
  frontierTable,
  type JudgedNetwork,
  lossAtEnd,
  paretoFrontier,
} from "./frontier.ts";

Deno.test("the frontier: what no other point beats in both, from the best x to the best y", () => {
  const frontier = (points: [number, number][], x: Better, y: Better) =>
    paretoFrontier(points.map(([x, y]) => ({ x, y })), { x, y });
  const square: [number, number][] = [[1, 1], [1, 2], [2, 1], [2, 2], [1.5, 1.5]];
  assertEquals(frontier(square, "higher", "higher"), [3]);
  assertEquals(frontier(square, "lower", "lower"), [0]);
  assertEquals(frontier(square, "higher", "lower"), [2]);
  const slope: [number, number][] = [[10, 0.1], [30, 0.2], [20, 0.15], [25, 0.21], [20, 0.16]];
  assertEquals(frontier(slope, "higher", "lower"), [1, 2, 0]);
  // Points that coincide do not beat each other; NaN compares with nothing.
  assertEquals(frontier([[1, 1], [1, 1], [0, 2]], "higher", "lower"), [0, 1]);
  assertEquals(frontier([[NaN, 0], [1, 1], [2, NaN]], "higher", "lower"), [1]);
  assertEquals(frontier([[Infinity, 3], [5, 3], [4, 2]], "higher", "lower"), [0, 2]);
  assertEquals(frontier([], "higher", "lower"), []);
});

Deno.test("the frontier is what a search over random points by definition finds", () => {
  let state = 1;
  const random = () => (state = (state * 16807) % 2147483647) % 12;
  for (let round = 0; round < 50; round++) {
    const points = Array.from({ length: 20 }, () => ({ x: random(), y: random() }));
    const found = paretoFrontier(points, { x: "higher", y: "lower" });
    points.forEach((point, i) => {
      const beaten = points.some(({ x, y }) =>
        (x > point.x && y <= point.y) || (x >= point.x && y < point.y)
      );
      assertEquals(found.includes(i), !beaten);
    });
    const xs = found.map((i) => points[i]!.x);
    assertEquals(xs, xs.toSorted((a, b) => b - a));
  }
});

Deno.test("the loss at the end is the mean over the last tenth of the steps", () => {
  const losses = Array.from({ length: 25 }, (_, i) => ({ loss: i }));
  assertEquals(lossAtEnd(losses), 23);
  assertEquals(lossAtEnd([{ loss: 3 }]), 3);
  assertEquals(lossAtEnd([]), null);
});

function network(name: string, seed: number, loss: number, eqT: number): JudgedNetwork {
  const decibels = [eqT - 1, eqT + 1];
  const common = { timestep: 500, degrees: null, decibels, interval: confidenceInterval(decibels) };
  return {
    name,
    bundle: `${name}-${seed}`,
    seed,
    configuration: name,
    data: "digits",
    quality: { value: loss, half: null },
    scores: [
      { of: "prediction", measure: "EQ-T", ...common },
      { of: "run", measure: "EQ-T", ...common, decibels: [0, 0] },
    ],
  };
}

Deno.test("trainings of one network are one point with bars; the table marks the frontier", () => {
  const networks = [
    network("A", 1, 0.1, 20),
    network("B", 1, 0.12, 19),
    network("D", 1, 0.15, 29),
    network("D", 2, 0.17, 31),
    network("D", 3, 0.16, 30),
    network("E", 1, 0.1, Infinity),
  ];
  const panels = frontierPanels(networks, "lower");
  assertEquals(panels.map(({ measure }) => measure), ["EQ-T"]);
  const [{ points, frontier }] = panels as [(typeof panels)[number]];
  assertEquals(points.map(({ label }) => label), ["A", "B", "D"]);
  assertEquals(frontier, [2, 0]);
  assertEquals(points.map(({ quality }) => quality.trainings), [1, 1, 3]);
  assertEquals(points[2]!.equivariance.value, 30);
  const table = frontierTable(panels, { name: "loss", better: "lower" });
  const markdown = tableMarkdown(table);
  assertStringIncludes(markdown, "| A       |         0.100 (1) |   **20.00 ± 12.71†** |");
  assertStringIncludes(markdown, "| B       |         0.120 (1) |       19.00 ± 12.71† |");
  assertStringIncludes(
    markdown,
    "| **30.00 ± 2.48 (3)** |",
  );
  assertStringIncludes(tableCsv(table), "D,EQ-T,30,");
  assertStringIncludes(
    tableCsv(table).split("\n")[0]!,
    "network,quantity,value,low,high,trainings,on_frontier",
  );
});
