/**
 * The spec's types: as a person writes it, and resolved, with a value for every choice of the
 * method. All other rooms read only the resolved one. `schema.ts` holds ranges and defaults, and is
 * checked against these types.
 */

import type { Padding } from "../filters/mod.ts";
import type { EquivarianceSection, MotionSection, TrainingSection } from "./training_section.ts";

export type * from "./training_section.ts";

/** The dataset of a spec; `folder` takes any images. */
export type DatasetName = "mnist" | "mnist-m" | "cifar-10" | "folder";

/**
 * The number format that a network computes in. `float32`; `tf32` rounds the factors of products to
 * 10 bits; `bfloat16` uses bfloat16 for products, their factors and the activations between them.
 */
export type Precision = "float32" | "tf32" | "bfloat16";

/** Cutoff frequencies of the low-pass kernels, in radians up to pi. */
export interface Cutoffs {
  /** Of the downsampling filter. */
  down: number;
  /** Of the upsampling filter. */
  up: number;
}

/** What tells the network where in the image it is. */
export type Position = "none" | "border" | "coordinates";

/** The low-pass filters of B, C and D, where they are not the published ones. */
export interface FilterSection {
  /**
   * jinc: the published circularly symmetric kernel. ideal: the ideal low-pass of a periodic image,
   * which removes every frequency from the Nyquist frequency of the smaller image on. sinc:
   * separable, Kaiser-windowed, as in StyleGAN3.
   */
  kind: "jinc" | "ideal" | "sinc";
  /** Half the width of the sinc's transition band in radians; omitted for the others. */
  transition?: number | undefined;
  /** Whether what the filters of a nonlinearity remove goes around it; omitted: no. */
  bypass?: boolean | undefined;
}

/** Which images to use, and how to read them. */
export interface DataSection {
  /** The maximum number of images, taken from the start; null: all. */
  limit: number | null;
  /** The data digest that the decoded images must have; null: any. */
  digest: string | null;
  /** How to make images square: crop the centre, or squash. */
  fit: "crop" | "squash";
  /** Whether each training image is mirrored left to right at random. */
  flip: boolean;
  /** The location of the images; null: the folder in data/ with the dataset's name. */
  path: string | null;
  /**
   * Where the classes come from, for ambiguous files; omitted: as the files suggest. For image
   * files: their folders, tables next to them, or their names. For tables: the first or the last
   * column. none: the images have no classes.
   */
  labels?: "folders" | "tables" | "names" | "first" | "last" | "none" | undefined;
}

/**
 * The noise schedule. With the cosine schedule `start` and `end` have no effect and keep their
 * defaults.
 */
export interface NoiseSection {
  /** Timesteps of the diffusion. */
  steps: number;
  /** The first noise beta of the linear schedule. */
  start: number;
  /** The last noise beta of the linear schedule. */
  end: number;
  /** How the noise grows. */
  schedule: "linear" | "cosine";
}

/** How far the image moves during sampling. */
export interface ShiftSection {
  /** Pixels to the right. */
  columns: number;
  /** Pixels down. */
  rows: number;
  /**
   * spread: an equal part after each step; published: one column in the shift's direction after
   * each step.
   */
  rule: "spread" | "published";
}

/** How images are drawn. */
export interface SamplingSection {
  /** The method; published: ancestral. */
  sampler: "ancestral" | "ddim" | "dpm-solver++";
  /** Sampling steps, at most noise.steps - 1. */
  steps: number;
  /** DDIM's noise from 0 to 1; null for the other samplers. */
  eta: number | null;
  /** The ancestral step's variance; null for the other samplers. */
  variance: "beta" | "posterior" | null;
  /** Whether the predicted image is clipped to [-1, 1] in each step. */
  clip: boolean;
  /** Images per angle. */
  count: number;
  /** Images drawn together; it affects the result. */
  batchSize: number;
  /** The weight of classifier-free guidance; null: none. */
  guidance: number | null;
  /** The classes to draw, in a cycle; null: all classes in turn, or no classes. */
  labels: number[] | null;
  /**
   * Rotation of the image in degrees, counter-clockwise, for each sheet of images; [0] without
   * rotation.
   */
  rotation: number[];
  /** How far the image moves. */
  shift: ShiftSection;
  /**
   * How a run moves its image. state: the state itself, a little after each step, by a spline;
   * frame: the state stays, and the network sees it moved; omitted: state.
   */
  motion?: "state" | "frame" | undefined;
  /**
   * What the noise of the steps does while the image moves. fixed: it stays in the frame; carried:
   * it moves with the image; omitted: fixed.
   */
  noise?: "fixed" | "carried" | undefined;
}

/** The scores by their short names. */
export type MetricName = "fid" | "kid" | "is";

/** How the unrotated images are scored. */
export interface EvaluationSection {
  /** The scores, in order; empty for none. */
  metrics: MetricName[];
  /** The number of random subsets for KID. */
  kidSubsets: number;
  /** Images per subset. */
  kidSubsetSize: number;
  /** The number of splits for the Inception Score. */
  isSplits: number;
  /** Draws and scores a few images every this many epochs; omitted: never. */
  everyEpochs?: number | null | undefined;
  /** Whether to measure the prediction's equivariance as well; omitted: no. */
  equivariance?: boolean | undefined;
}

/**
 * A spec with every choice made. Fields that do not apply are null: the filter's fields for
 * architecture A, those of the jinc for other filters, `eta` and `variance` for other samplers, the
 * decay's fraction without decay, and class fields without classes. Fields that joined later are
 * left out at their defaults, so that they change no digest.
 */
export interface ResolvedSpec {
  /**
   * A baseline; B filtered up- and downsampling; C filtered nonlinearities; D both. E is resolved
   * to D with a rotation.
   */
  architecture: "A" | "B" | "C" | "D";
  /** Beta of the low-pass kernel's Kaiser window; null without a jinc. */
  kaiserBeta: number | null;
  /** Whether the low-pass kernel is divided by its sum; null without a jinc. */
  normalized: boolean | null;
  /**
   * GroupNorm between the filtered upsampling and GELU, the fifth variant in the published code;
   * true only for C and D.
   */
  normInside: boolean;
  /** Taps per side of the low-pass kernel, 2 to 12; null for A and the ideal filter. */
  kernelSize: number | null;
  /** Gain of the upsampling kernel; null without a jinc. */
  gain: number | null;
  /** Cutoff frequencies; null for A and the ideal filter. */
  cutoff: Cutoffs | null;
  /** The low-pass filters; omitted: the published jinc, without a bypass. */
  filter?: FilterSection | undefined;
  /** What lies beyond the border of images; omitted: zeros, as published. */
  padding?: Padding | undefined;
  /** What tells the network where it is; omitted: none. */
  position?: Position | undefined;
  /** The training images. */
  dataset: DatasetName;
  /** Which of them, and how to read them. */
  data: DataSection;
  /** Pixels per side, a multiple of 8 from 8 to 128. */
  imageSize: number;
  /** Channels of the images. */
  channels: 1 | 3;
  /** Channels of the network's first layer. */
  baseWidth: number;
  /** Classes of a class-conditional network; null without classes. */
  classes: number | null;
  /** Seed of all random numbers, an integer below 2^32. */
  seed: number;
  /** The noise schedule. */
  noise: NoiseSection;
  /** tf32 and bfloat16 are faster on GPUs or processors that support them, and less exact. */
  precision: Precision;
  /** How the network is trained. */
  training: TrainingSection;
  /** How images are drawn. */
  sampling: SamplingSection;
  /** How they are scored. */
  evaluation: EvaluationSection;
  /** Kept as written; has no meaning here and stays out of the digest. */
  [extension: `x-${string}`]: unknown;
}

/** A section as a person writes it: every field is optional. */
export type Written<Section> = { [Field in keyof Section]?: Section[Field] | undefined };

/** The sampling fields that a person writes differently from the resolved form. */
export interface WrittenSampling
  extends Written<Omit<SamplingSection, "labels" | "rotation" | "shift">> {
  /** A class, a list of classes, or null. */
  labels?: number | number[] | null | undefined;
  /** An angle, a list, or a range of `count` angles including both ends. */
  rotation?: number | number[] | { from: number; to: number; count: number } | undefined;
  /** How far the image moves. */
  shift?: Written<ShiftSection> | undefined;
}

/** The training fields that a person writes differently from the resolved form. */
export interface WrittenTraining
  extends Written<Omit<TrainingSection, "augment" | "equivariance">> {
  /** How far each training image moves at random. */
  augment?: Written<MotionSection> | undefined;
  /** The equivariance loss. */
  equivariance?: Written<EquivarianceSection> | undefined;
}

/** A spec as a person wrote it, checked, without defaults. */
export interface Spec extends
  Written<
    Omit<
      ResolvedSpec,
      | "architecture"
      | "cutoff"
      | "filter"
      | "data"
      | "noise"
      | "training"
      | "sampling"
      | "evaluation"
    >
  > {
  /** The path of another spec, relative to this one; fields in this spec override it. */
  extends?: string | undefined;
  /** A grid, as a list of values for each dotted field, or a list of grids. */
  sweep?: Record<string, unknown[]> | Record<string, unknown[]>[] | undefined;
  /** A to D, or E: D sampled with a rotation. */
  architecture?: ResolvedSpec["architecture"] | "E" | undefined;
  /** Cutoff frequencies. */
  cutoff?: Written<Cutoffs> | null | undefined;
  /** The low-pass filters. */
  filter?: Written<FilterSection> | undefined;
  /** Which images to use, and how to read them. */
  data?: Written<DataSection> | undefined;
  /** The noise schedule. */
  noise?: Written<NoiseSection> | undefined;
  /** How the network is trained. */
  training?: WrittenTraining | undefined;
  /** How images are drawn. */
  sampling?: WrittenSampling | undefined;
  /** How they are scored. */
  evaluation?: Written<EvaluationSection> | undefined;
}
