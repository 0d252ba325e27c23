/** The low-pass kernels of a network's filtered layers, as plain data. */
import { lowpassKernel } from "../filters/mod.ts";
import type { Constant } from "./layer.ts";

/** The design of a network's two low-pass kernels. */
export interface Filters {
  /** Taps per side, 2-12. */
  kernelSize: number;
  /** Beta of the Kaiser window; null means no window. */
  kaiserBeta: number | null;
  /** Whether the coefficients are divided by their sum. */
  normalized: boolean;
  /** Cutoff frequencies in radians. */
  cutoff: { down: number; up: number };
  /**
   * Factor of the upsampling filter. 4 preserves an image's brightness; the published value is 1.
   */
  gain: number;
}

/** The constant `up` or `down`, of shape [taps, taps]. */
export function filterConstant(
  name: "up" | "down",
  { kernelSize, kaiserBeta, normalized, cutoff, gain }: Filters,
): Constant {
  const values = lowpassKernel({ size: kernelSize, kaiserBeta, normalized, cutoff: cutoff[name] });
  return {
    name,
    shape: [kernelSize, kernelSize],
    values: Array.from(values, (value) => name === "up" ? value * gain : value),
  };
}
