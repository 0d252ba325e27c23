import { assertEquals, assertThrows } from "@std/assert";
import { elementOf, entryOf, firstOf, lastOf, pairs } from "./elements.ts";

Deno.test("elements that are there are returned", () => {
  assertEquals([firstOf([3, 4, 5]), lastOf([3, 4, 5]), elementOf([3, 4, 5], 1)], [3, 5, 4]);
  assertEquals(entryOf(new Map([["x", 0]]), "x"), 0);
  assertEquals(pairs([1, 2], ["a", "b"]), [[1, "a"], [2, "b"]]);
});

Deno.test("a missing element is an error that says which", () => {
  assertThrows(() => firstOf([]), RangeError, "no element 0 in a list of 0");
  assertThrows(() => lastOf([]), RangeError, "no element -1 in a list of 0");
  assertThrows(() => elementOf([3], 1), RangeError, "no element 1 in a list of 1");
  assertThrows(() => entryOf(new Map([["x", 0]]), "dy"), Error, "there is no dy");
  assertThrows(() => pairs([1, 2], [1]), RangeError, "lists of 2 and 1 cannot be paired");
});
