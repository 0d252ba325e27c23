/**
 * The spec's types: as a person wrote it, and resolved, every choice of the method with its default
 * filled in. All other rooms read the resolved one and nothing else. `schema.ts` says ranges and
 * defaults and is held to these types.
 */

/** The dataset of a spec; `folder` takes any images. */
export type DatasetName = "mnist" | "mnist-m" | "cifar-10" | "folder";

/**
 * What a network is computed in: `float32`; `tf32` where the factors of products are rounded to 10
 * bits; `bfloat16` where products, their factors and the activations between them are bfloat16.
 */
export type Precision = "float32" | "tf32" | "bfloat16";

/** Cutoff frequencies of the low-pass kernels, in radians up to pi. */
export interface Cutoffs {
  /** Of the downsampling filter. */
  down: number;
  /** Of the upsampling filter. */
  up: number;
}

/** Which of the images, and how they are read. */
export interface DataSection {
  /** At most so many images, the first ones; null: all. */
  limit: number | null;
  /** The data digest that the decoded images must have; null: any. */
  digest: string | null;
  /** What happens to images that are not square: cut out of the centre, or squashed. */
  fit: "crop" | "squash";
  /** Whether each training image is mirrored left to right at random. */
  flip: boolean;
  /** Where the images lie; null: data/ and the dataset's name. */
  path: string | null;
  /**
   * Where the classes are, for files that can be read in two ways; left out: what the files say.
   * Of image files: in their folders, in tables beside them, in their names; of tables: in the
   * first or the last column; none: the images have no classes.
   */
  labels?: "folders" | "tables" | "names" | "first" | "last" | "none" | undefined;
}

/**
 * The noise schedule. With the cosine schedule `start` and `end` have no meaning and are the
 * defaults.
 */
export interface NoiseSection {
  /** Timesteps of the diffusion. */
  steps: number;
  /** The linear schedule's first noise beta. */
  start: number;
  /** The linear schedule's last noise beta. */
  end: number;
  /** How the noise grows. */
  schedule: "linear" | "cosine";
}

/** How the network is trained: AdamW, in steps of a batch. */
export interface TrainingSection {
  /** Passes over the data; null where `images` is a number, and only there. */
  epochs: number | null;
  /** How many images training sees; null where `epochs` is a number, and only there. */
  images: number | null;
  /** Images a step. */
  batchSize: number;
  /** The learning rate, at its highest. */
  learningRate: number;
  /** AdamW's decoupled weight decay. */
  weightDecay: number;
  /** AdamW's decay of the gradient's mean. */
  beta1: number;
  /** AdamW's decay of the squared gradient's mean. */
  beta2: number;
  /** AdamW's epsilon. */
  epsilon: number;
  /** Steps over which the learning rate rises from zero. */
  warmupSteps: number;
  /** How the learning rate falls to zero at the end. */
  decay: "none" | "linear" | "cosine";
  /** The last part of training, over which it falls, above 0 up to 1; null without decay. */
  decayFraction: number | null;
  /**
   * Decay of the weights' moving average, min(emaDecay, (1 + step) / (10 + step)); null: no
   * average.
   */
  emaDecay: number | null;
  /** With classes: the part of the labels left out in training; null without. */
  labelDropout: number | null;
  /** Eight images are drawn every so many epochs; null: never. */
  previewEveryEpochs: number | null;
  /**
   * How previews are drawn. fast: 25 steps of DPM-Solver++, clipped, and as seldom as it takes to
   * spend at most 3 % of the training on them; published: as the images of the run are.
   */
  previewSampler: "fast" | "published";
  /**
   * A finished bundle, whose training goes on here: its path, or its digest; null: from the
   * beginning.
   */
  from: string | null;
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
  /** Images for each angle. */
  count: number;
  /** Images drawn together; part of the result. */
  batchSize: number;
  /** The weight of classifier-free guidance; null: none. */
  guidance: number | null;
  /** The classes to draw, going round; null: all classes in turn, or no classes. */
  labels: number[] | null;
  /**
   * Degrees that the image turns, counter-clockwise, for each sheet of images; [0] where nothing
   * turns.
   */
  rotation: number[];
  /** How far the image moves. */
  shift: ShiftSection;
}

/** The scores by their short names. */
export type MetricName = "fid" | "kid" | "is";

/** How the unturned images are scored. */
export interface EvaluationSection {
  /** The scores, in order; empty: none. */
  metrics: MetricName[];
  /** KID's random subsets. */
  kidSubsets: number;
  /** Images in each of them. */
  kidSubsetSize: number;
  /** Splits of the Inception Score. */
  isSplits: number;
  /** A few images are drawn and scored every so many epochs; left out: never. */
  everyEpochs?: number | null | undefined;
  /** Whether the prediction's equivariance is measured with them; left out: no. */
  equivariance?: boolean | undefined;
}

/**
 * A spec in which nothing is left to be chosen. What does not apply is null: the filter's fields
 * for architecture A, `eta` and `variance` of other samplers, the decay's fraction without decay,
 * what belongs to classes without classes.
 */
export interface ResolvedSpec {
  /**
   * A baseline; B filtered up- and downsampling; C filtered nonlinearities; D both. E has become D,
   * with a rotation.
   */
  architecture: "A" | "B" | "C" | "D";
  /** Beta of the low-pass kernel's Kaiser window; null for A. */
  kaiserBeta: number | null;
  /** Whether the low-pass kernel is divided by its sum; null for A. */
  normalized: boolean | null;
  /**
   * GroupNorm between the filtered upsampling and GELU, the code's fifth variant; only ever true
   * for C and D.
   */
  normInside: boolean;
  /** Taps a side of the low-pass kernel, 2 to 12; null for A. */
  kernelSize: number | null;
  /** Factor of the upsampling's kernel; null for A. */
  gain: number | null;
  /** Cutoff frequencies; null for A. */
  cutoff: Cutoffs | null;
  /** The training images. */
  dataset: DatasetName;
  /** Which of them, and how they are read. */
  data: DataSection;
  /** Pixels a side, a multiple of 8 from 8 to 128. */
  imageSize: number;
  /** Channels of the images. */
  channels: 1 | 3;
  /** Channels of the network's first layer. */
  baseWidth: number;
  /** Classes of a class-conditional network; null: without. */
  classes: number | null;
  /** Seed of everything random, an integer below 2^32. */
  seed: number;
  /** The noise schedule. */
  noise: NoiseSection;
  /** tf32 and bfloat16 are faster on GPUs or processors that have it, and less exact. */
  precision: Precision;
  /** How the network is trained. */
  training: TrainingSection;
  /** How images are drawn. */
  sampling: SamplingSection;
  /** How they are scored. */
  evaluation: EvaluationSection;
  /** Carried along, without meaning here and outside the digest. */
  [extension: `x-${string}`]: unknown;
}

/** A section as a person writes it: any field may be left out. */
export type Written<Section> = { [Field in keyof Section]?: Section[Field] | undefined };

/** What a person says differently from the resolved form. */
export interface WrittenSampling
  extends Written<Omit<SamplingSection, "labels" | "rotation" | "shift">> {
  /** A class, a list of classes, or null. */
  labels?: number | number[] | null | undefined;
  /** An angle, a list, or a range of `count` angles with both ends in it. */
  rotation?: number | number[] | { from: number; to: number; count: number } | undefined;
  /** How far the image moves. */
  shift?: Written<ShiftSection> | undefined;
}

/** What a person wrote, checked: nothing is filled in yet. */
export interface Spec extends
  Written<
    Omit<
      ResolvedSpec,
      "architecture" | "cutoff" | "data" | "noise" | "training" | "sampling" | "evaluation"
    >
  > {
  /** Another spec, by a path relative to this one; what is said here goes over it. */
  extends?: string | undefined;
  /** A grid, as a list of values for each dotted field, or a list of grids. */
  sweep?: Record<string, unknown[]> | Record<string, unknown[]>[] | undefined;
  /** A to D, or E: D that is sampled with a rotation. */
  architecture?: ResolvedSpec["architecture"] | "E" | undefined;
  /** Cutoff frequencies. */
  cutoff?: Written<Cutoffs> | null | undefined;
  /** Which of the images, and how they are read. */
  data?: Written<DataSection> | undefined;
  /** The noise schedule. */
  noise?: Written<NoiseSection> | undefined;
  /** How the network is trained. */
  training?: Written<TrainingSection> | undefined;
  /** How images are drawn. */
  sampling?: WrittenSampling | undefined;
  /** How they are scored. */
  evaluation?: Written<EvaluationSection> | undefined;
}
