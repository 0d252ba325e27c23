import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../errors.ts";
import { labelOf, numberClasses } from "./class_names.ts";

Deno.test("a class by its name or its number; what is neither is refused", () => {
  const names = ["foos", "bars", "bazzes"];
  assertEquals(["bars", "2", "foos"].map((word) => labelOf(names, word)), [1, 2, 0]);
  assertThrows(() => labelOf(names, "bar"), UserError, "did you mean bars?");
  assertThrows(() => labelOf(names, "3"), UserError, "there is no class");
  assertEquals(labelOf(null, "7"), 7);
  assertThrows(() => labelOf(null, "cat"), UserError, "there is no class");
  // Folders that are called like the numbers of others.
  assertThrows(() => labelOf(["10", "0"], "0"), UserError, "may be number 1");
  assertEquals(labelOf(["0", "1"], "1"), 1);
  assertThrows(() => labelOf(names, "\u001b[2J"), UserError, "\\\\u{1b}");
});

Deno.test("classes as numbers: a dataset's own, sorted names, numbers of tables", () => {
  const known = numberClasses("mnist", ["7", "3"], false);
  assertEquals([known?.numbers.get("7"), known?.classNames.length], [7, 10]);
  const others = numberClasses("folder", ["dog", "cat", "10", "9"], false);
  assertEquals(others?.classNames, ["10", "9", "cat", "dog"]);
  const table = numberClasses("folder", ["3", "1.0"], true);
  assertEquals([table?.numbers.get("1.0"), table?.classNames], [1, ["0", "1", "2", "3"]]);
  assertEquals(numberClasses("folder", ["300"], true), null);
  const many = Array.from({ length: 257 }, (_, i) => `c${i}`);
  assertEquals(numberClasses("folder", many, false), null);
});
