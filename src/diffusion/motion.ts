/**
 * Rotation and shift during sampling: the linear maps of each step.
 *
 * As published (`sampling.motion: state`), the state itself moves after each step, a little at a
 * time, by a spline. With `frame` the state stays where it is: the network sees it moved by what
 * has been reached so far, its prediction is moved back, and the result is what the network would
 * see next. That map is orthogonal, so nothing is lost on the way and nothing accumulates.
 */
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { SamplingStep } from "./steps.ts";
import {
  disposeMap,
  type PlaneMap,
  type Pose,
  rigidMap,
  rotationMap,
} from "../../kernels/rotate/mod.ts";
import { shiftMap } from "../../kernels/shift/mod.ts";

type Sampling = ResolvedSpec["sampling"];
type Shift = Sampling["shift"];

/** How a run moves: what the spec says in `sampling.motion`. */
export type MotionName = NonNullable<Sampling["motion"]>;
/** What the noise of the steps does meanwhile: what the spec says in `sampling.noise`. */
export type NoiseName = NonNullable<Sampling["noise"]>;

/** The linear maps of one step; none where nothing moves. */
export interface StepMaps {
  /** Applied to the state after the step, in order. */
  after: PlaneMap[];
  /** The motion reached before the step, if the step needs it. Orthogonal. */
  reached?: PlaneMap;
  /** The motion reached after the step, if the state keeps its frame. Orthogonal. */
  next?: PlaneMap;
}

/** How the image moves during sampling. */
export interface Motion {
  /** The maps of a step, by its index. They are valid until the next call. */
  mapsOf(index: number): StepMaps;
  /** Frees the maps. */
  dispose(): void;
}

/** What determines the motion of a run. */
export interface MotionOptions {
  /** Height and width in pixels. */
  size: [number, number];
  /** The total angle of a run. */
  degrees: number;
  /** The spec's way to move, and its shift; the rule `published` uses only its signs. */
  sampling: Pick<Sampling, "shift" | "motion" | "noise">;
  /** The sampler's steps. */
  steps: SamplingStep[];
  /** Timesteps of the noise schedule. */
  noiseSteps: number;
  /** Whether the network sees the state moved back. Default: false. */
  isUpright?: boolean | undefined;
}

/**
 * Creates the motion for one angle and the spec's shift. Each step rotates the image by `degrees`
 * times the timesteps that it covers / `noiseSteps`, counter-clockwise as displayed (arXiv
 * 2411.09174, Config E). The shift follows the rotation.
 */
export function samplingMotion(options: MotionOptions): Motion {
  const { degrees, sampling, steps } = options;
  const [columns, rows] = shiftAfterStep(sampling.shift, steps.length);
  if (degrees === 0 && columns === 0 && rows === 0) {
    return { mapsOf: () => ({ after: [] }), dispose: () => {} };
  }
  return motions[sampling.motion ?? "state"](options);
}

/** How each kind of motion moves. A name without an entry does not compile. */
export const motions: Record<MotionName, (options: MotionOptions) => Motion> = {
  "state": (options) => {
    const { sampling: { noise }, steps, isUpright = false } = options;
    const small = smallMotions(options);
    const carries = noise === "carried" && steps.some((step) => step.noise !== 0);
    const whole = carries || isUpright ? reachedMotions(options) : null;
    return {
      mapsOf: (index) => ({
        after: small.mapsAfter(steps[index]!),
        ...(whole ? { reached: whole.before(index) } : {}),
      }),
      dispose() {
        small.dispose();
        whole?.dispose();
      },
    };
  },
  "frame": (options) => {
    const whole = reachedMotions(options);
    return {
      mapsOf: (index) => ({
        after: [],
        reached: whole.before(index),
        next: whole.before(index + 1),
      }),
      dispose: whole.dispose,
    };
  },
};

/** The splines that move the state by the part of one step. */
function smallMotions({ size, degrees, sampling, steps, noiseSteps }: MotionOptions) {
  // Steps cover only one or two different numbers of timesteps, so a handful of maps serves them
  // all.
  const turns = new Map<number, PlaneMap>();
  const [columns, rows] = shiftAfterStep(sampling.shift, steps.length);
  const shifting = columns !== 0 || rows !== 0 ? [shiftMap(size, columns, rows)] : [];
  function turn(timesteps: number): PlaneMap {
    const map = turns.get(timesteps) ??
      rotationMap(size, stepDegrees(degrees, timesteps, noiseSteps));
    turns.set(timesteps, map);
    return map;
  }
  return {
    mapsAfter: ({ timestep, nextTimestep }: SamplingStep): PlaneMap[] => [
      ...(degrees === 0 ? [] : [turn(timestep - nextTimestep)]),
      ...shifting,
    ],
    dispose: () => [...turns.values(), ...shifting].forEach(disposeMap),
  };
}

/** The motions reached before each step; two neighbours are kept at a time. */
function reachedMotions(options: MotionOptions) {
  const poses = reachedPoses(options);
  const kept = new Map<number, PlaneMap>();
  function forget(isOld: (index: number) => boolean): void {
    for (const [index, map] of kept) {
      if (!isOld(index)) continue;
      disposeMap(map);
      kept.delete(index);
    }
  }
  return {
    before(index: number): PlaneMap {
      forget((other) => Math.abs(other - index) > 1);
      const map = kept.get(index) ?? rigidMap(options.size, poses[index]!);
      kept.set(index, map);
      return map;
    },
    dispose: () => forget(() => true),
  };
}

/** The turn and shift reached before each step, and after the last one. */
export function reachedPoses({ degrees, sampling, steps, noiseSteps }: MotionOptions): Pose[] {
  const [columns, rows] = shiftAfterStep(sampling.shift, steps.length);
  const poses: Pose[] = [{ degrees: 0, columns: 0, rows: 0 }];
  for (const { timestep, nextTimestep } of steps) {
    const before = poses.at(-1)!;
    const turned = stepDegrees(degrees, timestep - nextTimestep, noiseSteps);
    const radians = turned * Math.PI / 180;
    const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
    poses.push({
      degrees: before.degrees + turned,
      columns: cosine * before.columns + sine * before.rows + columns,
      rows: cosine * before.rows - sine * before.columns + rows,
    });
  }
  return poses;
}

/** The angle to rotate by after a step that covers a number of timesteps. */
export function stepDegrees(degrees: number, timesteps: number, noiseSteps: number): number {
  return degrees * timesteps / noiseSteps;
}

/** The shift after each step, in columns and rows. */
export function shiftAfterStep(shift: Shift, steps: number): [number, number] {
  return shiftRules[shift.rule](shift, steps);
}

/** How far each rule shifts after a step. A name without a rule does not compile. */
export const shiftRules: Record<
  Shift["rule"],
  (shift: Shift, steps: number) => [columns: number, rows: number]
> = {
  "spread": ({ columns, rows }, steps) => [columns / steps, rows / steps],
  "published": ({ columns, rows }) => [Math.sign(columns), Math.sign(rows)],
};
