import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type Operation, testOperation } from "../shared/operation_testing.ts";
import { erf, erfc } from "./erf.ts";
import { gelu } from "./mod.ts";
import { geluGradReference, geluReference } from "./reference.ts";

const operation: Operation = {
  name: "gelu",
  draw: (random, smallest) => [
    random.values(
      smallest ? [1] : Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 6)),
      6,
    ),
  ],
  differentiable: 1,
  run: gelu,
  reference: geluReference,
  gradients: ([x], dy) => [geluGradReference(x!, dy)],
  tolerance: 1e-6,
};
testOperation(operation);

// From SciPy's scipy.special.
const known: [x: number, erf: number, erfc: number][] = [
  [0, 0, 1],
  [0.1, 0.1124629160182849, 0.8875370839817152],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [1, 0.8427007929497148, 0.15729920705028516],
  [1.75, 0.9866716712191824, 0.013328328780817553],
  [2, 0.9953222650189527, 0.004677734981047266],
  [2.5, 0.999593047982555, 0.00040695201744495886],
  [3, 0.9999779095030014, 2.2090496998585445e-5],
  [5, 0.9999999999984626, 1.5374597944280347e-12],
  [10, 1, 2.0884875837625446e-45],
];

Deno.test("erf and erfc are right to float64's accuracy", () => {
  for (const [x, value, complement] of known) {
    assertAlmostEquals(erf(x), value, 2e-15);
    assertAlmostEquals(erf(-x), -value, 2e-15);
    // Compare the relative error of the complement. Below 2, cancellation in the series costs three
    // digits.
    assertAlmostEquals(erfc(x) / complement, 1, 1e-12);
    assertAlmostEquals(erfc(-x), 1 + value, 2e-15);
  }
  assertEquals([
    erf(Infinity),
    erf(-Infinity),
    erfc(Infinity),
    erfc(-Infinity),
    erf(NaN),
    erfc(NaN),
  ], [
    1,
    -1,
    0,
    2,
    NaN,
    NaN,
  ]);
});

Deno.test("gelu: the formula's values at its ends", () => {
  const x = { shape: [4], data: Float64Array.of(0, 40, -40, -Infinity) };
  assertEquals(geluReference(x).data.slice(0, 2), Float64Array.of(0, 40));
  assertAlmostEquals(geluReference(x).data[2]!, 0, 1e-300);
  assertEquals(geluReference(x).data[3], NaN);
});
