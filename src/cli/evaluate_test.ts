import { assertEquals } from "@std/assert";
import { scoreLines } from "./evaluate.ts";

Deno.test("a single split has neither interval nor spread, and a single image is an image", () => {
  const score = { metric: "is", value: 1.5, better: "higher" } as const;
  const lines = (splits: number, standardError: number | null) =>
    scoreLines({
      scores: [{ ...score, standardError, standardDeviation: 0.2, splits }],
      extractor: null,
      generated: { count: splits, digest: "" },
      reference: { name: "made up", count: 3, digest: "" },
      notes: [],
    });
  assertEquals(lines(1, null), ["1 image against 3 of made up", "  IS ↑  1.50  1 split"]);
  assertEquals(lines(2, 0.25), [
    "2 images against 3 of made up",
    "  IS ↑  1.50 ± 3.18  2 splits, spread 0.20",
  ]);
});
