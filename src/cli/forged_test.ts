// A few forged bundles before every verb; five hundred of them are tried by forged_nightly.ts.
import { join } from "@std/path";
import { fuzzSeed } from "../formats/fuzz.ts";
import { wholeBundle, wholeSpec } from "../runner/testing.ts";
import { processTest } from "../files/testing.ts";
import { tryForgery } from "./forging.ts";

processTest("forged bundles: no stack, no escape sequence, nothing touched", async (folder) => {
  const whole = await wholeBundle(folder);
  Deno.writeTextFileSync(join(folder, "whole.yaml"), wholeSpec);
  const seed = fuzzSeed();
  for (let i = 0; i < 10; i++) await tryForgery({ whole, folder }, (seed + i) % 2 ** 32);
});
