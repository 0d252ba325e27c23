/** The angles at which a run draws its images. */
import type { ResolvedSpec } from "./resolved.ts";

/** The angles that a run draws, in degrees: those of the spec, and 0 if there are scores. */
export function drawnAngles(
  { sampling, evaluation }: Pick<ResolvedSpec, "sampling" | "evaluation">,
): number[] {
  return evaluation.metrics.length > 0 && !sampling.rotation.includes(0)
    ? [0, ...sampling.rotation]
    : sampling.rotation;
}
