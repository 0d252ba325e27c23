import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { dataFolder, parseOptions } from "./options.ts";
import { runArguments } from "./run_options.ts";

Deno.test("options: values, flags and words", () => {
  assertEquals(
    parseOptions(["a", "--out", "b", "--quiet", "c=1", "007"], ["out", "data"], ["quiet", "again"]),
    {
      values: { out: "b" },
      flags: { quiet: true, again: false },
      words: ["a", "c=1", "007"],
    },
  );
  assertEquals(parseOptions(["--out=b"], ["out"]).values, { out: "b" });
});

Deno.test("options: missing values and unknown options are refused", () => {
  for (const args of [["a", "--out"], ["--out", "--quiet"], ["--out=", "a"], ["--out", ""]]) {
    assertThrows(() => parseOptions(args, ["out"], ["quiet"]), UserError, "--out needs a value");
  }
  assertThrows(
    () => parseOptions(["--folde"], ["folder"]),
    UserError,
    "unknown option --folde; did you mean --folder?",
  );
  assertThrows(() => parseOptions(["-x"], ["out"]), UserError, "unknown option -x");
});

Deno.test({
  name: "options: a named data folder must exist (needs --allow-read)",
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  fn() {
    assertEquals(dataFolder(undefined), "data");
    assertThrows(
      () => dataFolder("data/absent"),
      UserError,
      "data/absent: no such file or folder",
    );
    assertThrows(
      () => dataFolder("deno.json"),
      UserError,
      "deno.json: this is a file; a folder is expected",
    );
  },
});

Deno.test("options: a spec field with dashes gets the right form suggested", () => {
  const meant: [string[], string][] = [
    [["--seed", "3"], "seed=3"],
    [["--seed=3"], "seed=3"],
    [["--epochs", "--quiet"], "training.epochs=VALUE"],
    [["--sampling.rotation", "45"], "sampling.rotation=45"],
  ];
  for (const [words, expected] of meant) {
    assertThrows(
      () => runArguments(["a.yaml", ...words], "which?"),
      UserError,
      `dashes: ${expected}`,
    );
  }
  assertThrows(() => runArguments(["a.yaml", "--quit"], "which?"), UserError, "mean --quiet?");
});
