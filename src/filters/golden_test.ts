/**
 * Compares the window, the low-pass kernel and the response with NumPy and SciPy, and the Bessel
 * functions with known values.
 */
import { assert, assertThrows } from "@std/assert";
import { assertClose, goldenCases } from "../golden/golden.ts";
import { besselI0Scaled, besselJ1 } from "./bessel.ts";
import { frequencyResponse, kaiserWindow, lowpassKernel } from "./mod.ts";

/** `[x, value]`, computed by mpmath with 40 digits. */
const knownJ1: [number, number][] = [
  [1e-08, 5e-09],
  [0.001, 0.0004999999375000026],
  [0.1, 0.049937526036242],
  [0.5, 0.2422684576748739],
  [1.5707963267948966, 0.5668240889058739],
  [2.5, 0.49709410246427405],
  [3.8, 0.0128210029267317],
  [7.25, 0.06858170065313174],
  [12.5, -0.16548380461475973],
  [24.4, -0.1612042074394492],
  [50, -0.09751182812517514],
  [120, -0.01180521143300189],
  [1000, 0.004728311907089524],
];
const knownI0Scaled: [number, number][] = [
  [0, 1.0],
  [1e-06, 0.99999900000075],
  [0.25, 0.7910171621397194],
  [1, 0.46575960759364043],
  [2, 0.30850832255367105],
  [5.5, 0.17448325638192988],
  [14, 0.10761525167069509],
  [40, 0.06327827987523534],
  [100, 0.03994437929909668],
  [500, 0.017845706500153168],
  [700, 0.015081295651531358],
  [5000, 0.005642036898744589],
];

Deno.test("besselJ1: known values", () => {
  for (const [x, value] of knownJ1) {
    const scale = Math.max(Math.abs(value), x < 3 ? 0 : 0.1);
    const off = Math.abs(besselJ1(x) - value) / scale;
    assert(off < 3e-15 * Math.max(1, x / 10), `J1(${x}) is off by ${off}`);
    assert(besselJ1(-x) === -besselJ1(x), "J1 is odd");
  }
});

Deno.test("besselI0Scaled: known values", () => {
  for (const [x, value] of knownI0Scaled) {
    const off = Math.abs(besselI0Scaled(x) / value - 1);
    assert(off < 3e-15, `exp(-x) I0(x) at ${x} is off by ${off}`);
  }
});

for (const { case: name, params, tolerance, tensors } of goldenCases("kaiser")) {
  Deno.test(`kaiserWindow: ${name}`, () => {
    assertClose(kaiserWindow(params.size, params.beta), tensors.window!.data, tolerance);
  });
}

for (const { case: name, params, tolerance, tensors } of goldenCases("lowpass")) {
  Deno.test(`lowpassKernel and frequencyResponse: ${name}`, () => {
    const { size, beta, normalized, cutoff } = params;
    const kernel = lowpassKernel({ size, kaiserBeta: beta, normalized, cutoff });
    assertClose(kernel, tensors.kernel!.data, tolerance, "kernel");
    assertClose(frequencyResponse(kernel, size, 64), tensors.response!.data, tolerance, "response");
  });
}

Deno.test("filters: arguments out of range are refused by name", () => {
  const design = { size: 3, kaiserBeta: 2, normalized: true };
  assertThrows(() => lowpassKernel({ ...design, size: 2.5 }), RangeError, "size");
  assertThrows(() => lowpassKernel({ ...design, size: 0 }), RangeError, "size");
  assertThrows(() => lowpassKernel({ ...design, kaiserBeta: -1 }), RangeError, "beta");
  assertThrows(() => lowpassKernel({ ...design, kaiserBeta: NaN }), RangeError, "beta");
  assertThrows(() => lowpassKernel({ ...design, cutoff: 0 }), RangeError, "cutoff");
  assertThrows(() => lowpassKernel({ ...design, cutoff: 3.2 }), RangeError, "cutoff");
  assertThrows(() => kaiserWindow(3, Infinity), RangeError, "beta");
  assertThrows(() => frequencyResponse(new Float64Array(8), 3, 16), RangeError, "8 coefficients");
  assertThrows(() => frequencyResponse(new Float64Array(9), 3, 0), RangeError, "points");
});
