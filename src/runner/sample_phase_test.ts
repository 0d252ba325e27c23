import { assertEquals } from "@std/assert";
import { evenlySpacedStates } from "./sample_phase.ts";

/** The timesteps of the chosen states, out of evenly spaced ones. */
function timesteps(steps: number, count: number): number[] {
  const states = Array.from({ length: steps + 1 }, (_, k) => Math.round(999 * (steps - k) / steps));
  return evenlySpacedStates(states, 1000, count).map((index) => states[index]!);
}

Deno.test("evenly spaced states: every 100 timesteps as published, also part of the film", () => {
  assertEquals(timesteps(999, 10), [999, 900, 800, 700, 600, 500, 400, 300, 200, 100, 0]);
  assertEquals(timesteps(3, 10), [999, 666, 333, 0]);
  for (const steps of [999, 150, 60, 7]) {
    const film = new Set(timesteps(steps, 30));
    assertEquals(timesteps(steps, 10).filter((timestep) => !film.has(timestep)), [], `${steps}`);
  }
});
