import { assert } from "@std/assert";
import { assertClose, formulaUniform } from "../golden/golden.ts";
import { pseudoRotation } from "./lanczos.ts";
import { rotationFilter } from "./rotation_filter.ts";

Deno.test("the pseudo-rotation's filter passes the common band evenly and stops at its edge", () => {
  for (const degrees of [30, 45]) {
    const { values } = rotationFilter(degrees, 1);
    const gain = (y: number, x: number) =>
      values.reduce(
        (sum, v, i) =>
          sum + v * Math.cos(2 * Math.PI * (y * (Math.floor(i / 11) - 5) + x * (i % 11 - 5))),
        0,
      );
    for (const f of [0.1, 0.2, 0.3, 0.4, 0.45]) {
      assert(Math.abs(gain(0, f) - 1) < 0.02, `${degrees}, ${f}: ${gain(0, f)}`);
    }
    assert(gain(0.4, 0.4) < 0.4 && gain(0.5, 0.5) < 0.1);
  }
  assertClose(
    pseudoRotation([16, 16], 0).apply(Float64Array.from(formulaUniform(3, 256))),
    formulaUniform(3, 256),
    1e-9,
  );
});
