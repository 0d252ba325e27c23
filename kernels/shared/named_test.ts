import { assertEquals, assertThrows } from "@std/assert";
import { named, pick, slotsOf, taking, valueOf } from "./named.ts";

Deno.test("elements get their names in order, and there must be as many", () => {
  assertEquals(named(["dx", "dscale"], [1, 2]), { dx: 1, dscale: 2 });
  assertThrows(() => named(["dx", "dscale"], [1]), Error, "expected dx, dscale, got a list of 1");
  assertThrows(() => named(["dx"], [1, 2]), Error, "got a list of 2");
});

Deno.test("a missing value is an error that names it", () => {
  const inputs: Record<string, number> = { x: 1, dy: 2 };
  assertEquals(pick(["dy"], inputs), { dy: 2 });
  assertEquals(valueOf(inputs, "x"), 1);
  assertThrows(() => pick(["x", "up"], inputs), Error, "there is no up");
  const difference = taking(["x", "dy"], ({ x, dy }: { x: number; dy: number }) => x - dy);
  assertEquals(difference(inputs), -1);
  assertThrows(() => difference({ x: 1 }), Error, "there is no dy");
});

Deno.test("slots are read by name and number", () => {
  const inputs = { mean0: 1, mean1: 2, parameter0: 3, parameter1: 4, rates: 5 };
  assertEquals(slotsOf(inputs, ["parameter", "mean"], 2), [
    { parameter: 3, mean: 1 },
    { parameter: 4, mean: 2 },
  ]);
  assertThrows(() => slotsOf(inputs, ["mean"], 3), Error, "there is no mean2");
});
