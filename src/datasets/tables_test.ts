import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { fuzz } from "../formats/fuzz.ts";
import { parseRow as parse, type RowFormat } from "./tables.ts";

/** A table of two by two pixel images, label first. */
const format: RowFormat = {
  separator: ",",
  layout: { columns: 5, label: 0, pixels: [1, 2, 3, 4] },
  maxLabel: 9,
};
const parseRow = (line: string, where: string) => parse(line, format, where);

Deno.test("a row of a table: the label, then the pixels", () => {
  const { label, image } = parseRow("7,0,255, 3,4.0", "a.csv:2");
  assertEquals(label, 7);
  assertEquals(image(), { width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 255, 3, 4) });
});

Deno.test("rows that are not images fail with the location and the reason when read", () => {
  const faults: [string, string][] = [
    ["1 column instead of 5", "7"],
    ["1 column instead of 5", ""],
    ["4 columns instead of 5", "7,1,2,3"],
    ["label 10 is above 9", "10,1,2,3,4"],
    ["column 3", "7,1,,3,4"],
    ["column 2", "7,-1,2,3,4"],
    ["column 5", "7,1,2,3,0.5"],
    ["multiplied by 255", "7,1,2,3,0.5"],
    ["column 1", "seven,1,2,3,4"],
    ["column 4", "7,1,2,256,4"],
  ];
  for (const [what, line] of faults) {
    const error = assertThrows(() => parseRow(line, "a.csv:9").image(), UserError, what);
    assertEquals(error.message.startsWith("a.csv:9: "), true);
  }
});

Deno.test("fuzzing: damaged tables", async () => {
  const file = new TextEncoder().encode("label,pixels\n7,0,255,3,4\n1,2,3,4,5\n");
  await fuzz([file], (bytes) => {
    const lines = new TextDecoder().decode(bytes).split("\n");
    return lines.map((line) => parseRow(line, "a.csv").image());
  });
});
