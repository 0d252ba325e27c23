import { assertEquals } from "@std/assert";
import { stepsAtOnce } from "./gpu_pace.ts";

Deno.test("a wait for the GPU takes a second of steps: at least one, at most 20", () => {
  const cases: [msPerStep: number, steps: number][] = [
    [0, 20],
    [1, 20],
    [50, 20],
    [51, 10],
    [100, 10],
    [101, 5],
    [200, 5],
    [201, 2],
    [500, 2],
    [501, 1],
    [60_000, 1],
    [Infinity, 1],
  ];
  for (const [msPerStep, steps] of cases) {
    assertEquals(stepsAtOnce(msPerStep), steps, `${msPerStep} ms per step`);
  }
});
