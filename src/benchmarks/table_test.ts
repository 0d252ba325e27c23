import { assertEquals } from "@std/assert";
import { median, speedTable } from "./table.ts";

Deno.test("the table tells best, median, ratios of the bests, and goals missed", () => {
  const table = speedTable([{
    variant: "D",
    speeds: {
      ours: [{ train: 20, forward: 60, peakBytes: 2e9 }, {
        train: 25,
        forward: 50,
        peakBytes: 3.5e9,
      }],
      eager: [{ train: 10, forward: 30 }, { train: 8, forward: 30 }],
      compile: [{ train: 12.5, forward: 40 }],
    },
  }, {
    variant: "A",
    speeds: { ours: [{ train: 1, forward: 2, peakBytes: null }], eager: [], compile: [] },
  }]);
  assertEquals(table.split("\n").slice(2), [
    "| D | 25.0 (22.5) | 10.0 (9.0) | 12.5 (12.5) | 2.50 | 2.00 x | 60.0 (55.0) | 30.0 (30.0) | 40.0 (40.0) | 1.50 | 3.50 GB x |",
    "| A | 1.0 (1.0) | - | - | - | - | 2.0 (2.0) | - | - | - | - |",
  ]);
});

Deno.test("the median of an odd and an even number of values", () => {
  assertEquals([median([10, 9, 100]), median([1, 10, 3, 4])], [10, 3.5]);
});
