import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { doubt } from "./numbers.ts";
import { parseSpec, resolveSpec } from "./mod.ts";
import { expandSweep } from "./sweep.ts";

const text = (value: string) => `architecture: A\ndataset: mnist\nseed: ${value}\n`;
const spec = (value: string) => resolveSpec(parseSpec(text(value), { path: "a.yaml" }));
const bare = parseSpec("architecture: A\ndataset: mnist\n");

Deno.test("numbers with two readings are refused with both, in files and overrides", () => {
  for (
    const [value, readings] of [
      ["010", "as 10 and as 8; write 10"],
      ["08", 'as 8 and as text; write 8 or, for text, "08"'],
      ["00", 'as 0 and as text; write 0 or, for text, "00"'],
      ["-010", "as -10 and as -8; write -10"],
      ["0o10", 'as 8 and as text; write 8 or, for text, "0o10"'],
      ["0b11", 'as 3 and as text; write 3 or, for text, "0b11"'],
      ["-0x1F", "as 31 and as text"],
      ["1_000", 'as 1000 and as text; write 1000 or, for text, "1_000"'],
      ["1_0.5", "as 10.5 and as text"],
      ["007.5", "as 7.5 and as text"],
    ] as const
  ) {
    const said = `${value} can be read in two ways, ${readings.replace("as 31", "as -31")}`;
    assertThrows(() => spec(value), UserError, `a.yaml:3:7: seed: ${said}`);
    assertThrows(() => resolveSpec(bare, [`seed=${value}`]), UserError, `"seed=${value}": ${said}`);
    assertThrows(() => expandSweep(bare, [`seed=${value},2`]), UserError, said);
  }
});

Deno.test("numbers with one reading are read; words that are others to some are refused", () => {
  for (const [value, seed] of [["10", 10], ["0x1F", 31], ["1e3", 1000], ["0", 0]] as const) {
    assertEquals(spec(value).seed, seed);
    assertEquals(resolveSpec(bare, [`seed=${value}`]).seed, seed);
  }
  for (const value of ["12:30:45", "yes", "on", "2001-01-01", "~", "'10'", ".5", "+.5", "1,000"]) {
    assertThrows(() => spec(value), UserError, "a.yaml:3:7: seed: must be ");
  }
  for (const value of ["yes", "no", "on", "off", "y", "1"]) {
    assertThrows(
      () => parseSpec(`architecture: D\ndataset: mnist\nnormalized: ${value}\n`),
      UserError,
      "normalized: must be true or false",
    );
  }
  for (const word of ["a01", "0x1F", "2001-01-01", "12:30:45", "0.05", "1e-04", "0b2", "v1_0"]) {
    assertEquals(doubt(word), null, word);
  }
});

Deno.test("in quotes everything is text", () => {
  const photos = parseSpec(
    'architecture: A\ndataset: folder\ndata: { path: "010" }\nx-note: "1_000"\n',
  );
  assertEquals(resolveSpec(photos).data.path, "010");
});
