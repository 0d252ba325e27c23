/** Rotation and shift while sampling: which linear maps the image goes through after each step. */
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { SamplingStep } from "./steps.ts";
import { disposeMap, type PlaneMap, rotationMap } from "../../kernels/rotate/mod.ts";
import { shiftMap } from "../../kernels/shift/mod.ts";

/** How the image moves during sampling. */
export interface Motion {
  /** The maps after a step, in the order in which they are applied; none where nothing moves. */
  mapsAfter(step: SamplingStep): PlaneMap[];
  /** Frees the maps. */
  dispose(): void;
}

/**
 * The motion of one angle and the spec's shift. Each step turns the image by `degrees` x the
 * timesteps that it covers / `noiseSteps`, counter-clockwise as displayed (arXiv 2411.09174, Config
 * E); then it shifts.
 *
 * @param size height and width in pixels
 * @param degrees of the whole run
 * @param shift the spec's; of the rule `published` only the signs matter
 */
export function samplingMotion(
  size: [number, number],
  degrees: number,
  shift: ResolvedSpec["sampling"]["shift"],
  steps: number,
  noiseSteps: number,
): Motion {
  // Steps cover one or two different numbers of timesteps, so that a handful of maps serves them
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

/** The turn after a step that covers so many timesteps. */
export function stepDegrees(degrees: number, timesteps: number, noiseSteps: number): number {
  return degrees * timesteps / noiseSteps;
}

/** Columns and rows after each step. */
export function shiftAfterStep(
  shift: ResolvedSpec["sampling"]["shift"],
  steps: number,
): [number, number] {
  return shiftRules[shift.rule](shift, steps);
}

type Shift = ResolvedSpec["sampling"]["shift"];

/** What each rule moves after a step. A name without its rule does not compile. */
export const shiftRules: Record<
  Shift["rule"],
  (shift: Shift, steps: number) => [columns: number, rows: number]
> = {
  "spread": ({ columns, rows }, steps) => [columns / steps, rows / steps],
  "published": ({ columns, rows }) => [Math.sign(columns), Math.sign(rows)],
};
