/**
 * Rotation and shift during sampling: the linear maps that are applied to the image after each
 * step.
 */
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { SamplingStep } from "./steps.ts";
import { disposeMap, type PlaneMap, rotationMap } from "../../kernels/rotate/mod.ts";
import { shiftMap } from "../../kernels/shift/mod.ts";

/** How the image moves during sampling. */
export interface Motion {
  /** The maps to apply after a step, in order; empty if nothing moves. */
  mapsAfter(step: SamplingStep): PlaneMap[];
  /** Frees the maps. */
  dispose(): void;
}

/**
 * Creates the motion for one angle and the spec's shift. Each step rotates the image by `degrees`
 * times the timesteps that it covers / `noiseSteps`, counter-clockwise as displayed (arXiv
 * 2411.09174, Config E). The shift follows the rotation.
 *
 * @param size height and width in pixels
 * @param degrees the total angle of a run
 * @param shift the spec's shift; the rule `published` uses only its signs
 */
export function samplingMotion(
  size: [number, number],
  degrees: number,
  shift: ResolvedSpec["sampling"]["shift"],
  steps: number,
  noiseSteps: number,
): Motion {
  // Steps cover only one or two different numbers of timesteps, so a handful of maps serves them
  // all.
  const turns = new Map<number, PlaneMap>();
  const [columns, rows] = shiftAfterStep(shift, steps);
  const shifting = columns !== 0 || rows !== 0 ? [shiftMap(size, columns, rows)] : [];
  function turn(timesteps: number): PlaneMap {
    const map = turns.get(timesteps) ??
      rotationMap(size, stepDegrees(degrees, timesteps, noiseSteps));
    turns.set(timesteps, map);
    return map;
  }
  return {
    mapsAfter: ({ timestep, nextTimestep }) => [
      ...(degrees === 0 ? [] : [turn(timestep - nextTimestep)]),
      ...shifting,
    ],
    dispose: () => [...turns.values(), ...shifting].forEach(disposeMap),
  };
}

/** The angle to rotate by after a step that covers a number of timesteps. */
export function stepDegrees(degrees: number, timesteps: number, noiseSteps: number): number {
  return degrees * timesteps / noiseSteps;
}

/** The shift after each step, in columns and rows. */
export function shiftAfterStep(
  shift: ResolvedSpec["sampling"]["shift"],
  steps: number,
): [number, number] {
  return shiftRules[shift.rule](shift, steps);
}

type Shift = ResolvedSpec["sampling"]["shift"];

/** How far each rule shifts after a step. A name without a rule does not compile. */
export const shiftRules: Record<
  Shift["rule"],
  (shift: Shift, steps: number) => [columns: number, rows: number]
> = {
  "spread": ({ columns, rows }, steps) => [columns / steps, rows / steps],
  "published": ({ columns, rows }) => [Math.sign(columns), Math.sign(rows)],
};
