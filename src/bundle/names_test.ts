import { assert, assertEquals } from "@std/assert";
import { drawnAngles } from "../spec/angles.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { bundleNames } from "./names.ts";

const spec = (...overrides: string[]) =>
  resolveSpec(
    parseSpec("architecture: D\ndataset: mnist-m\nsampling: { rotation: 45 }"),
    overrides,
  );

Deno.test("a rotated run with scores also has the upright images that are scored", () => {
  const { needed } = bundleNames(spec(), false);
  for (const name of ["metrics.json", "collage-0-1.png", "rotation.gif"]) {
    assert(needed.includes(`data/${name}`), name);
  }
  assertEquals(drawnAngles(spec()), [0, 45]);
});

Deno.test("a rotated run without scores has the spec's angles only", () => {
  const unscored = spec("evaluation.metrics=[]");
  const { needed } = bundleNames(unscored, false);
  assert(!needed.includes("data/metrics.json"));
  assert(needed.includes("data/collage-45-1.png"));
  assertEquals(drawnAngles(unscored), [45]);
});
