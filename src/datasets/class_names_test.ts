import { assertEquals } from "@std/assert";
import { numberClasses } from "./class_names.ts";

Deno.test("classes keep a dataset's or a table's numbers; others are sorted by name", () => {
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
