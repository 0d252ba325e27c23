/** The resolved spec: every choice of the method with its default filled in. All other rooms read this and nothing else. */
import type { DatasetName, SpecWithDefaults } from "./schema.ts";

/**
 * A spec in which nothing is left to be chosen. What does not apply is null: the filter's fields for architecture A,
 * `eta` and `variance` of other samplers, the decay's fraction without decay, what belongs to classes without classes.
 * The fields' meaning, units and ranges are said in `schema.ts` and in experiments/spec.schema.json.
 */
export interface ResolvedSpec {
  /** E has become D, with a rotation. */
  architecture: "A" | "B" | "C" | "D";
  kaiserBeta: number | null;
  normalized: boolean | null;
  /** Only ever true for C and D. */
  normInside: boolean;
  kernelSize: number | null;
  gain: number | null;
  /** Radians. */
  cutoff: { down: number; up: number } | null;
  dataset: DatasetName;
  data: {
    /** At most so many images; null: all. */
    limit: number | null;
    digest: string | null;
    fit: "crop" | "squash";
    flip: boolean;
    path: string | null;
  };
  imageSize: number;
  channels: 1 | 3;
  baseWidth: number;
  classes: number | null;
  seed: number;
  /** With the cosine schedule `start` and `end` have no meaning and are the defaults. */
  noise: { steps: number; start: number; end: number; schedule: "linear" | "cosine" };
  precision: "float32" | "tf32";
  training: {
    /** Exactly one of `epochs` and `images` is a number. */
    epochs: number | null;
    images: number | null;
    batchSize: number;
    learningRate: number;
    weightDecay: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    warmupSteps: number;
    decay: "none" | "linear" | "cosine";
    decayFraction: number | null;
    emaDecay: number | null;
    labelDropout: number | null;
    previewEveryEpochs: number | null;
    from: string | null;
  };
  sampling: {
    sampler: "ancestral" | "ddim" | "dpm-solver++";
    steps: number;
    eta: number | null;
    variance: "beta" | "posterior" | null;
    clip: boolean;
    count: number;
    batchSize: number;
    guidance: number | null;
    labels: number[] | null;
    /** Degrees, counter-clockwise; [0] where nothing turns. */
    rotation: number[];
    shift: { columns: number; rows: number; rule: "spread" | "published" };
  };
  evaluation: SpecWithDefaults["evaluation"];
  /** Carried along, without meaning here and outside the digest. */
  [extension: `x-${string}`]: unknown;
}
