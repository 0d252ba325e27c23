import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { lowpassKernel } from "../filters/mod.ts";
import { decodePng } from "../formats/png.ts";
import { filterCsv, filterPlot, responseCsv, responsePlot } from "./filter.ts";
import { lossCurves, smoothedLoss } from "./losses.ts";
import { curvePlot, curveSvg } from "./plots.ts";

/** Whether an XML text closes every tag and uses only known entities. */
function wellFormed(xml: string): boolean {
  const open: string[] = [];
  for (
    const [, close, name, self] of xml.matchAll(/<(\/?)([a-zA-Z]+)(?:[^<>"]|"[^"<]*")*?(\/?)>/g)
  ) {
    if (close) { if (open.pop() !== name) return false; }
    else if (!self) open.push(name!);
  }
  return open.length === 0 && !/&(?!(amp|lt|gt|quot|#\d+);)/.test(xml);
}

const plot = {
  title: 'EQ-R of A & "D"',
  x: { name: "rotation in degrees", min: 0, max: 90 },
  y: { name: "EQ-R in dB" },
  curves: ["A", "D"].map((name, k) => ({
    name,
    points: [[0, 20 + k], [45, null], [90, 10 + k]] as [number, number | null][],
    spread: [1, 1, 2],
  })),
};

Deno.test("a diagram is the same text and the same bytes again, whatever was drawn between", async () => {
  const first = await curvePlot(plot, 400, 240);
  curveSvg({ ...plot, curves: [] });
  const second = await curvePlot(plot, 400, 240);
  assertEquals(first.svg, second.svg);
  assertEquals(first.png, second.png);
  assert(wellFormed(first.svg), first.svg);
  for (const text of ["EQ-R of A &amp; ", "rotation in degrees", "EQ-R in dB", ">D<"]) {
    assertStringIncludes(first.svg, text);
  }
  const { width, height, data } = decodePng(first.png);
  assertEquals([width, height], [800, 480]);
  // Something is drawn in the colour of each curve.
  for (const [r, g, b] of [[0x00, 0x72, 0xb2], [0xd5, 0x5e, 0x00]] as const) {
    let count = 0;
    for (let i = 0; i < data.length; i += 3) {
      if (data[i] === r && data[i + 1] === g && data[i + 2] === b) count++;
    }
    assert(count > 100, `${count} pixels`);
  }
});

Deno.test("the loss's moving average: constant stays constant, no row counts before it is there", () => {
  const rows = Array.from({ length: 1000 }, (_, i) => ({ step: i + 1, loss: 3 }));
  smoothedLoss(rows).forEach(({ loss }) => assertAlmostEquals(loss, 3, 1e-12));
  const falling = smoothedLoss([{ step: 1, loss: 4 }, { step: 2, loss: 0 }]);
  assertEquals(falling[0]!.loss, 4);
  const keep = 0.5 ** (1 / 10); // A weight halves every ten rows.
  assertAlmostEquals(falling[1]!.loss, 4 * keep / (1 + keep), 1e-12);
  const { curves } = lossCurves(
    Array.from({ length: 37_500 }, (_, i) => ({ step: i + 1, loss: 1 / (i + 1) })),
  );
  assert(curves.every(({ points }) => points.length <= 801 && points.at(-1)![0] === 37_500));
  assert(wellFormed(curveSvg(lossCurves([]))));
});

Deno.test("the loss's axis: powers of ten where they are needed, and no longer than the losses ask for", () => {
  const axis = (...losses: number[]) => {
    const { log = false, min, max } =
      lossCurves(losses.map((loss, i) => ({ step: i + 1, loss }))).y;
    return [log, min, max];
  };
  assertEquals(axis(1.432, 0.078), [true, 0.05, 2]);
  assertEquals(axis(1000, 0.1, 3), [true, 0.1, 1000]);
  assertEquals(axis(7e-5, 0, Infinity, NaN, 9), [true, 5e-5, 10]);
  assertEquals(axis(1, 0.2), [false, 0, undefined]);
  assertEquals(axis(0, Infinity), [false, 0, undefined]);
  assertStringIncludes(
    curveSvg(lossCurves([{ step: 1, loss: 1.4 }, { step: 2, loss: 0.06 }])),
    ">0.05</text>",
  );
});

Deno.test("the kernel's and the response's CSV say the exact numbers", () => {
  const kernel = lowpassKernel({ size: 3, kaiserBeta: 2, normalized: true });
  const numbers = filterCsv({ kernel, size: 3 }).trim().split("\n").flatMap((line) =>
    line.split(",").map(Number)
  );
  assertEquals(numbers, [...kernel]);
  const lines = responseCsv({ kernel, size: 3 }).trim().split("\n").map((line) => line.split(","));
  assertEquals([lines.length, lines[0]!.length, lines[65]![0], lines[0]![65]], [
    130,
    130,
    "0.000000",
    "0.000000",
  ]);
  assertAlmostEquals(Number(lines[65]![65]), 1, 1e-12); // normalized: the mean passes unchanged
  assertAlmostEquals(Number(lines[1]![1]), Number(lines[129]![129]), 1e-12);
});

Deno.test("the kernel and its response as pictures", async () => {
  const design = {
    name: "B-0",
    kernel: lowpassKernel({ size: 3, kaiserBeta: 0, normalized: false }),
    size: 3,
  };
  const filter = await filterPlot({ ...design, cutoff: Math.PI / 2 });
  assert(wellFormed(filter.svg));
  assertStringIncludes(filter.svg, design.kernel[4]!.toFixed(4));
  assertStringIncludes(filter.svg, "cutoff π/2");
  assertEquals(decodePng(filter.png).width, 1080);
  const response = await responsePlot({ ...design, cutoff: 1 });
  assert(wellFormed(response.svg));
  for (
    const text of [
      "horizontal frequency in radians a pixel",
      "gain in dB",
      "cutoff 0.318 π",
      "3π/4",
    ]
  ) {
    assertStringIncludes(response.svg, text);
  }
  assertEquals(decodePng(response.png).width, 2120);
});
