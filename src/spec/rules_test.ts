import { assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { parseSpec } from "./mod.ts";

Deno.test("~ in a file is refused, with advice", () => {
  for (
    const [field, lines] of [
      ["data.path", "dataset: folder\ndata: { path: ~/photos }"],
      ["training.from", "dataset: mnist\ntraining: { from: ~/out/a-0123456789ab }"],
    ] as const
  ) {
    assertThrows(
      () => parseSpec(`architecture: A\n${lines}\n`),
      UserError,
      `${field}: ~ works only on the command line`,
    );
  }
});

Deno.test("a sinc has an even number of taps", () => {
  const spec = "architecture: D\ndataset: mnist\nfilter: { kind: sinc }";
  assertThrows(
    () => parseSpec(`${spec}\nkernelSize: 3`),
    UserError,
    "kernelSize: must be even with filter.kind sinc",
  );
  parseSpec(`${spec}\nkernelSize: 6`);
});
