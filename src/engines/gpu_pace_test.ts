import { assertEquals } from "@std/assert";
import { stepsAtOnce } from "./gpu_pace.ts";

Deno.test("a GPU is asked for a second's steps, for one at least and 20 at most", () => {
  const cases = [[0, 20], [1, 20], [50, 20], [51, 10], [100, 10], [101, 5], [200, 5], [201, 2], [
    500,
    2,
  ], [501, 1]];
  for (const [msPerStep, steps] of [...cases, [60_000, 1], [Infinity, 1]]) {
    assertEquals(stepsAtOnce(msPerStep!), steps, `${msPerStep} ms a step`);
  }
});
