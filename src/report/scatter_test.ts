import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { FrontierPanel } from "../evaluation/frontier.ts";
import { decodePng } from "../formats/png.ts";
import type { Figure } from "../tables/table.ts";
import { compareRuns } from "../evaluation/table.ts";
import { scoredRun } from "../evaluation/testing.ts";
import { comparisonContent } from "./comparison.ts";
import { frontierContent } from "./frontier.ts";
import { type Box, placeLabels } from "./labels.ts";
import { scatterPlot, scatterSvg } from "./scatter.ts";

const overlap = (a: Box, b: Box) =>
  a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height &&
  b.top < a.top + a.height;

Deno.test("names lie beside their points, within the bounds, on no other name or point", () => {
  const bounds = { left: 0, top: 0, width: 300, height: 200 };
  const points = [[20, 20], [40, 22], [290, 100], [150, 5], [150, 195], [60, 100], [64, 112]]
    .map(([x, y]) => ({ x: x!, y: y!, width: 60, height: 14 }));
  const boxes = placeLabels(points, bounds);
  assertEquals(boxes.length, points.length);
  for (const [i, box] of boxes.entries()) {
    assert(box.left >= 0 && box.top >= 0, JSON.stringify(box));
    assert(box.left + 60 <= 300 && box.top + 14 <= 200, JSON.stringify(box));
    for (const [j, { x, y }] of points.entries()) {
      assert(!overlap(box, { left: x - 3, top: y - 3, width: 6, height: 6 }), `${i} hides ${j}`);
      if (j !== i) assert(!overlap(box, boxes[j]!), `${i} and ${j}`);
    }
  }
  // What lies on the right side pushes the name elsewhere.
  const [alone] = placeLabels(points.slice(0, 1), bounds);
  const [pushed] = placeLabels(points.slice(0, 1), bounds, [alone!]);
  assert(!overlap(alone!, pushed!));
});

const figure = (value: number, half: number | null, trainings: number): Figure => ({
  value,
  half,
  trainings,
});

const panels: FrontierPanel[] = [{
  measure: "EQ-T",
  points: [
    { label: "A", quality: figure(0.1, null, 1), equivariance: figure(20, 0.5, 1) },
    { label: "B <2>", quality: figure(0.14, 0.01, 6), equivariance: figure(21, 0.5, 6) },
    { label: "D", quality: figure(0.12, 0.01, 2), equivariance: figure(30, 400, 2) },
  ],
  frontier: [2, 0],
}];

Deno.test("the frontier's figure: stairs below the frontier, rings elsewhere, marks explained", () => {
  const content = frontierContent(panels, { name: "loss", better: "lower", times: 1 });
  const [{ points, line }] = content.panels as [(typeof content.panels)[number]];
  assertEquals(points.map(({ isRing }) => isRing), [false, true, false]);
  assertEquals(points.map(({ name }) => name), ["A †", "B <2>", "D ‡"]);
  assertEquals(line, [[30, 0.12], [20, 0.12], [20, 0.1]]);
  assertEquals(
    content.note,
    "filled: on the Pareto frontier of the means; bars: 95 % confidence intervals over n trainings; " +
      "†: n = 1, the measurement alone; ‡: n = 2, which says little",
  );
});

Deno.test("points and bars are drawn, and a wide interval does not flatten the rest", async () => {
  const content = frontierContent(panels, { name: "loss", better: "lower", times: 1 });
  const { svg, png } = await scatterPlot(content);
  assertEquals(scatterSvg(content), svg);
  for (const text of ["B &lt;2&gt;", "EQ-T of a prediction (dB)", "loss, lower is better"]) {
    assertStringIncludes(svg, text);
  }
  // The interval of D reaches from -370 to 430, and the axis only around the points.
  const numbers = [...svg.matchAll(/>(−?\d+(?:\.\d+)?)<\/text>/g)].map(([, text]) =>
    Number(text!.replace("−", "-"))
  );
  assert(
    numbers.length > 6 && Math.max(...numbers) <= 50 && Math.min(...numbers) >= -10,
    `${numbers}`,
  );
  const { width, height, data } = decodePng(png);
  assert(width > 800 && height > 800, `${width} x ${height}`);
  // A ring's inside is white, a point's is not: both are where the scales put them.
  const colours = new Map([["A", [0x00, 0x72, 0xb2]], ["D", [0xcc, 0x79, 0xa7]]]);
  for (const [name, [r, g, b]] of colours) {
    let count = 0;
    for (let i = 0; i < data.length; i += 3) {
      if (data[i] === r && data[i + 1] === g && data[i + 2] === b) count++;
    }
    assert(count > 100, `${name}: ${count} pixels`);
  }
});

Deno.test("the comparison's figure: a panel per metric, configurations below each other, the paper's as rings", () => {
  const a = "architecture: A\ndataset: mnist-m";
  const d = "architecture: D\ndataset: mnist-m";
  const content = comparisonContent(compareRuns([
    scoredRun(a, [["fid", 90, 1], ["kid", 0.07, null]]),
    scoredRun(`${d}\nseed: 1`, [["fid", 80, 1]]),
    scoredRun(`${d}\nseed: 2`, [["fid", 82, 1]]),
  ]));
  const [fid, kid] = content.panels;
  assertEquals(content.panels.map(({ x }) => x), ["mnist-m: FID ↓", "mnist-m: KID × 100 ↓"]);
  assertEquals(
    fid?.points.map(({ x, y, isRing = false }) => [x, y, isRing]),
    [[85, 1, true], [90, 1, false], [82.46, 0, true], [81, 0, false]],
  );
  assertEquals(kid?.points.map(({ x, halfX }) => [+x.toFixed(9), halfX]), [[6.23, null], [
    7,
    null,
  ]]);
  assertEquals([1, 0, -1].map((y) => content.y.ticks?.text(y)), ["A †", "D-2N ‡", ""]);
  assertStringIncludes(content.note, "rings: the paper's figures");
  assertStringIncludes(scatterSvg(content), ">D-2N ‡</text>");
});
