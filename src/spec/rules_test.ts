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
