/**
 * Measures the equivariance of a trained network: of its prediction at several noise levels, and of
 * whole sampling runs.
 */
import * as tf from "@tensorflow/tfjs";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { rank1, rank4 } from "../../kernels/shared/ranks.ts";
import {
  createSampler,
  type NoisePredictor,
  noiseSchedule,
  stepDegrees,
} from "../diffusion/mod.ts";
import type { Engine } from "../engines/engine.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { confidenceInterval, type Interval } from "./confidence.ts";
import { uses } from "./draw.ts";
import {
  addErrors,
  decibels,
  drawTransformations,
  type ErrorSum,
  type Images,
  type Measure,
  measures,
  predictionError,
  resamplingOf,
  samplingError,
  type Transformation,
} from "./equivariance.ts";

/** What to measure, and how much of it. */
export interface EquivarianceOptions {
  /** The engine that runs the network. */
  engine: Pick<Engine, "jit" | "device">;
  /** The network's `apply`. */
  predict: NoisePredictor;
  /**
   * From the resolved spec. Runs use its sampling with other motions, and all images in one batch.
   */
  spec: Pick<ResolvedSpec, "imageSize" | "channels" | "classes" | "noise" | "sampling" | "seed">;
  /**
   * Images of the data in [-1, 1], a multiple of `seeds`: each seed adds noise to its own images.
   */
  images: Images;
  /**
   * The number of independent repetitions for the confidence intervals; each gets an equal share of
   * each run's images.
   */
  seeds: number;
  /** Transformations per measure and seed. */
  transformations: number;
  /** The angles of the curve in degrees, without 0. */
  angles: number[];
  /**
   * Whether to measure whole sampling runs, too: one without motion, two that shift, and one per
   * angle.
   */
  runs: boolean;
  /** Whether the network of a run sees the image moved back, as a sampler's. Default: false. */
  isUpright?: boolean;
  /** Called with the evaluations of the network done and in total. */
  onProgress?: (done: number, total: number) => void;
  /** Stops between two evaluations, and throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** One score. */
export interface EquivarianceScore {
  /** The network's prediction, or a whole sampling run. */
  of: "prediction" | "run";
  /** What was measured. */
  measure: Measure;
  /** The timestep of a prediction's noise; null for a run. */
  timestep: number | null;
  /** The angle of a point on the curve; null if the transformations were drawn at random. */
  degrees: number | null;
  /** Decibels, one value per seed. */
  decibels: number[];
  /** Their mean and its confidence interval. */
  interval: Interval;
}

/** The noise levels, as fractions of the schedule's timesteps. */
const levels = [0.05, 0.25, 0.5, 0.75, 0.95];

/** The number of network evaluations in a measurement. */
export function networkEvaluations(
  { seeds, transformations, angles, runs, spec: { sampling } }: Pick<
    EquivarianceOptions,
    "seeds" | "transformations" | "angles" | "runs" | "spec"
  >,
): number {
  const perLevel = 1 + measures.length * transformations + angles.length;
  return seeds * levels.length * perLevel + (runs ? (3 + angles.length) * sampling.steps : 0);
}

/** Measures a network. Leaves out scores for which the images are too small. */
export async function measureEquivariance(
  options: EquivarianceOptions,
): Promise<EquivarianceScore[]> {
  const { runs } = options;
  const total = networkEvaluations(options);
  let done = 0;
  const count = () => {
    options.signal?.throwIfAborted();
    options.onProgress?.(++done, total);
  };
  return [
    ...await measurePredictions(options, count),
    ...(runs ? await measureRuns(options, count) : []),
  ];
}

/** A score with its interval, or nothing if the masks left no pixel. */
function scored(
  score: Omit<EquivarianceScore, "decibels" | "interval">,
  errors: ErrorSum[],
): EquivarianceScore[] {
  const values = errors.map((error) => decibels(score.measure, error)).filter((value) =>
    value !== null
  );
  if (values.length < errors.length) return [];
  return [{ ...score, decibels: values, interval: confidenceInterval(values) }];
}

async function measurePredictions(
  options: EquivarianceOptions,
  count: () => void,
): Promise<EquivarianceScore[]> {
  const { images, seeds, angles, spec } = options;
  const schedule = noiseSchedule(spec.noise);
  const timesteps = levels.map((part) => Math.round(part * (spec.noise.steps - 1)));
  const size: [number, number] = [images.shape[1], images.shape[2]];
  const jitted = options.engine.jit((x, t) => [options.predict(rank4(x), rank1(t))]);
  // The curve's rotations are the same for each seed, and take longer to set up than to apply.
  const turns = angles.map((degrees) =>
    [degrees, [resamplingOf({ measure: "EQ-R", degrees, columns: 0, rows: 0 }, size)]] as const
  );
  // By measure, or by the angle of a point on the curve; then by level and seed.
  const errors = new Map<Measure | number, ErrorSum[][]>(
    [...measures, ...angles].map((name) => [name, timesteps.map(() => [])]),
  );
  try {
    for (let seed = 0; seed < seeds; seed++) {
      const clean = part(images, seed, seeds);
      const inputs = timesteps.map((t) =>
        noised(clean, schedule.alphaBar[t]!, t, spec.seed + seed)
      );
      const predictors = timesteps.map((t) => async (x: Images) => {
        count();
        return await predictImages(jitted, x, t);
      });
      const bases: Images[] = [];
      for (const [level, x] of inputs.entries()) bases.push(await predictors[level]!(x));
      const drawn = measures.map((measure) => {
        const transformations = drawTransformations(
          measure,
          size,
          options.transformations,
          spec.seed + seed,
        );
        return [measure, transformations.map((one) => resamplingOf(one, size))] as const;
      });
      for (const [name, resamplings] of [...drawn, ...turns]) {
        const sums: ErrorSum[][] = timesteps.map(() => []);
        for (const resampling of resamplings) {
          for (const [level, x] of inputs.entries()) {
            sums[level]!.push(
              await predictionError(predictors[level]!, x, resampling, bases[level]!),
            );
          }
        }
        sums.forEach((ofLevel, level) => errors.get(name)![level]!.push(addErrors(ofLevel)));
      }
    }
  } finally {
    jitted.dispose();
  }
  return [...errors].flatMap(([name, byLevel]) =>
    byLevel.flatMap((ofSeeds, level) =>
      scored({
        of: "prediction",
        measure: typeof name === "number" ? "EQ-R" : name,
        timestep: timesteps[level]!,
        degrees: typeof name === "number" ? name : null,
      }, ofSeeds)
    )
  );
}

/**
 * Whole runs from the same noise: without motion, shifted by an eighth and a sixteenth of the side,
 * shifted by fractions, rotated.
 */
async function measureRuns(
  options: EquivarianceOptions,
  count: () => void,
): Promise<EquivarianceScore[]> {
  const { images, seeds, angles, spec } = options;
  const [number, height, width, channels] = images.shape;
  async function draw(angleDegrees: number, columns: number, rows: number): Promise<Images> {
    const sampler = createSampler({
      engine: options.engine,
      predict: options.predict,
      imageShape: [height, width, channels],
      sampling: { ...spec.sampling, batchSize: number, shift: { columns, rows, rule: "spread" } },
      classes: spec.classes,
      schedule: noiseSchedule(spec.noise),
      seed: spec.seed,
      isUpright: options.isUpright ?? false,
    });
    try {
      const values = await sampler.sample({
        count: number,
        angleDegrees,
        onStep: ({ step }) => void (step > 0 && count()),
      });
      return {
        shape: images.shape,
        values: values.map((value) => Math.min(1, Math.max(-1, value))),
      };
    } finally {
      sampler.dispose();
    }
  }
  const still = await draw(0, 0, 0);
  const compare = (moved: Images, transformation: Transformation, degrees: number | null) =>
    scored(
      { of: "run", measure: transformation.measure, timestep: null, degrees },
      Array.from(
        { length: seeds },
        (_, seed) =>
          samplingError(part(moved, seed, seeds), part(still, seed, seeds), transformation),
      ),
    );
  const scores: EquivarianceScore[] = [];
  const columns = Math.round(width / 8);
  const rows = -Math.round(height / 16);
  const whole = { degrees: 0, columns, rows };
  scores.push(...compare(await draw(0, columns, rows), { measure: "EQ-T", ...whole }, null));
  const fractional = { degrees: 0, columns: columns - 0.5, rows: rows + 0.25 };
  const shifted = await draw(0, fractional.columns, fractional.rows);
  scores.push(...compare(shifted, { measure: "EQ-T_frac", ...fractional }, null));
  scores.push(...compare(shifted, { measure: "shift PSNR", ...fractional }, null));
  for (const angle of angles) {
    const reached = stepDegrees(angle, spec.noise.steps - 1, spec.noise.steps);
    const turn: Transformation = { measure: "EQ-R", degrees: reached, columns: 0, rows: 0 };
    scores.push(...compare(await draw(angle, 0, 0), turn, angle));
  }
  return scores;
}

/** The images of one of `parts` equal parts. */
function part({ shape, values }: Images, index: number, parts: number): Images {
  const count = shape[0] / parts;
  const elements = values.length / parts;
  if (!Number.isInteger(count)) {
    throw new RangeError(`${shape[0]} images cannot be shared among ${parts} seeds`);
  }
  return {
    shape: [count, shape[1], shape[2], shape[3]],
    values: values.subarray(index * elements, (index + 1) * elements),
  };
}

/** Adds noise to images at a timestep, as training does; seed and timestep key the noise. */
export function noised(
  { shape, values }: Images,
  alphaBar: number,
  timestep: number,
  seed: number,
): Images {
  const noise = normalNumbers(values.length, philoxKey(seed, "evaluation"), [
    0,
    timestep,
    uses.equivarianceNoise,
    0,
  ]);
  const signal = Math.sqrt(alphaBar);
  const spread = Math.sqrt(1 - alphaBar);
  return { shape, values: values.map((value, i) => signal * value + spread * noise[i]!) };
}

async function predictImages(
  jitted: ReturnType<Engine["jit"]>,
  { shape, values }: Images,
  timestep: number,
) {
  const x = tf.tensor4d(values, shape);
  const t = tf.fill([shape[0]], timestep);
  const [result] = jitted(x, t);
  const predicted: Images = { shape, values: await result!.data<"float32">() };
  tf.dispose([x, t, result!]);
  return predicted;
}
