import { assertEquals } from "@std/assert";
import { assertClose } from "../golden/golden.ts";
import { confidenceInterval, studentQuantile } from "./confidence.ts";

Deno.test("intervals follow Student's t distribution", () => {
  for (
    const [degrees, value] of [[1, 12.7062], [2, 4.30265], [4, 2.77645], [9, 2.26216], [
      30,
      2.04227,
    ]] as const
  ) {
    assertClose([studentQuantile(0.975, degrees)], [value], 1e-5);
  }
  const { mean, low, high } = confidenceInterval([1, 2, 3, 4, 5]);
  assertClose([mean, low!, high!], [3, 3 - 1.96324, 3 + 1.96324], 1e-4);
  assertEquals(confidenceInterval([7]), { mean: 7, low: null, high: null, count: 1 });
});
