import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { ambiguity } from "./numbers.ts";
import { parseSpec, resolveSpec } from "./mod.ts";
import { expandSweep } from "./sweep.ts";

const text = (value: string) => `architecture: A\ndataset: mnist\nseed: ${value}\n`;
const spec = (value: string) => resolveSpec(parseSpec(text(value), { path: "a.yaml" }));
const bare = parseSpec("architecture: A\ndataset: mnist\n");

Deno.test("ambiguous numbers are refused with both readings, in files and overrides", () => {
  for (
    const [value, readings] of [
      ["010", "10 or 8; write 10"],
      ["08", '8 or text; write 8, or "08" for text'],
      ["00", '0 or text; write 0, or "00" for text'],
      ["-010", "-10 or -8; write -10"],
      ["0o10", '8 or text; write 8, or "0o10" for text'],
      ["0b11", '3 or text; write 3, or "0b11" for text'],
      ["-0x1F", "-31 or text"],
      ["1_000", '1000 or text; write 1000, or "1_000" for text'],
      ["1_0.5", "10.5 or text"],
      ["007.5", "7.5 or text"],
    ] as const
  ) {
    const message = `${value} is ambiguous: YAML parsers read ${readings}`;
    assertThrows(() => spec(value), UserError, `a.yaml:3:7: seed: ${message}`);
    const override = `seed=${value}`;
    assertThrows(() => resolveSpec(bare, [override]), UserError, `"${override}": ${message}`);
    assertThrows(() => expandSweep(bare, [`${override},2`]), UserError, message);
  }
});

Deno.test("unambiguous numbers are read; words that some parsers read as values are refused", () => {
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
    assertEquals(ambiguity(word), null, word);
  }
});

Deno.test("everything in quotes is text", () => {
  const photos = parseSpec(
    'architecture: A\ndataset: folder\ndata: { path: "010" }\nx-note: "1_000"\n',
  );
  assertEquals(resolveSpec(photos).data.path, "010");
});
