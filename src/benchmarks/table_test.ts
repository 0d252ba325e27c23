import { assertEquals } from "@std/assert";
import { median, samplingTable, type Speed, speedTable } from "./table.ts";

/** Speeds whose processor time is half as fast. */
function speed(images: Record<string, number>, peakBytes: number | null = null): Speed {
  const rates = Object.entries(images).map(([what, wall]) => [what, { wall, cpu: wall / 2 }]);
  return { images: Object.fromEntries(rates), peakBytes };
}

const body = (table: string) => table.split("\n").slice(2);

const rows = [{
  variant: "D",
  speeds: {
    ours: [speed({ train: 20, forward: 60 }, 2e9), speed({ train: 25, forward: 50 }, 3.5e9)],
    float32: [speed({ train: 16, forward: 30 }, 4e9)],
    eager: [speed({ train: 10, forward: 30 }), speed({ train: 8, forward: 30 })],
    compile: [speed({ train: 12.5, forward: 40 })],
  },
}, {
  variant: "A",
  speeds: { ours: [speed({ train: 1, forward: 2 })], float32: [], eager: [], compile: [] },
}];

Deno.test("the table has best, median, ratios of the bests, and missed goals", () => {
  assertEquals(body(speedTable(rows, "float32", "wall")), [
    "| D | 25.0 (22.5) | 10.0 (9.0) | 12.5 (12.5) | 2.50 | 2.00 x | 60.0 (55.0) | 30.0 (30.0) | 40.0 (40.0) | 1.50 | 3.50 GB x |",
    "| A | 1.0 (1.0) | - | - | - | - | 2.0 (2.0) | - | - | - | - |",
  ]);
});

Deno.test("the bfloat16 table also has ours in float32, and CPU time gives the same ratios", () => {
  assertEquals(body(speedTable(rows, "bfloat16", "cpu")), [
    "| D | 12.5 (11.3) | 8.0 (8.0) | 5.0 (4.5) | 6.3 (6.3) | 1.56 x | 2.50 | 30.0 (27.5) | 15.0 (15.0) | 15.0 (15.0) | 2.00 | 3.50 GB | 4.00 GB |",
    "| A | 0.5 (0.5) | - | - | - | - | - | 1.0 (1.0) | - | - | - | - | - |",
  ]);
});

Deno.test("the sampling table has three ways of sampling side by side", () => {
  const ours = [speed({ ancestral: 0.2, turned: 0.15, ddim: 4 })];
  const eager = [speed({ ancestral: 0.1, turned: 0.1, ddim: 1 })];
  const sampled = [{ variant: "A", speeds: { ours, float32: [], eager, compile: [] } }];
  assertEquals(body(samplingTable(sampled, "wall")), [
    "| A | 0.200 (0.200) | 0.100 (0.100) | 2.00 | 0.150 (0.150) | 0.100 (0.100) | 1.50 x | 4.000 (4.000) | 1.000 (1.000) | 4.00 |",
  ]);
});

Deno.test("the median of an odd and an even number of values", () => {
  assertEquals([median([10, 9, 100]), median([1, 10, 3, 4])], [10, 3.5]);
});
