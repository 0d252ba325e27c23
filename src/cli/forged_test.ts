// A few forged bundles and every verb; forged_nightly.ts tries five hundred.
import { join } from "@std/path";
import { fuzzSeed } from "../formats/fuzz.ts";
import { wholeBundle, wholeSpec } from "../runner/testing.ts";
import { processTest } from "../files/testing.ts";
import { tryForgery } from "./forging.ts";

processTest(
  "forged bundles: no stack trace, no escape sequence, no change to the bundles",
  async (folder) => {
    const whole = await wholeBundle(folder);
    Deno.writeTextFileSync(join(folder, "whole.yaml"), wholeSpec);
    const seed = fuzzSeed();
    for (let i = 0; i < 10; i++) await tryForgery({ whole, folder }, (seed + i) % 2 ** 32);
  },
);
