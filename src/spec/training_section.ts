/** The types of the section `training`. */

/** How far images move at random at most. */
export interface MotionSection {
  /** Pixels along each axis. */
  shift: number;
  /** Degrees either way. */
  turn: number;
}

/** The loss that asks for equivariance, and the motions it asks for. */
export interface EquivarianceSection extends MotionSection {
  /** Its weight beside the denoising loss, above 0. */
  weight: number;
}

/** How the network is trained: AdamW, one batch per step. */
export interface TrainingSection {
  /** Passes over the data; null if and only if `images` is a number. */
  epochs: number | null;
  /** The number of images that training sees; null if and only if `epochs` is a number. */
  images: number | null;
  /** Images per step. */
  batchSize: number;
  /** The maximum learning rate. */
  learningRate: number;
  /** AdamW's decoupled weight decay. */
  weightDecay: number;
  /** AdamW's decay of the gradient's mean. */
  beta1: number;
  /** AdamW's decay of the squared gradient's mean. */
  beta2: number;
  /** AdamW's epsilon. */
  epsilon: number;
  /** Steps in which the learning rate rises from zero. */
  warmupSteps: number;
  /** How the learning rate falls to zero at the end. */
  decay: "none" | "linear" | "cosine";
  /** The final fraction of training in which it falls, above 0 up to 1; null without decay. */
  decayFraction: number | null;
  /**
   * Decay of the weights' moving average, min(emaDecay, (1 + step) / (10 + step)); null: no
   * average.
   */
  emaDecay: number | null;
  /** With classes: the fraction of labels dropped in training; null without classes. */
  labelDropout: number | null;
  /** Takes the gradient of each batch in this many parts; omitted: in one. */
  accumulate?: number | undefined;
  /** The largest norm of all gradients together, above 0; omitted: gradients are not clipped. */
  clipNorm?: number | null | undefined;
  /** The fraction of values dropped in each residual block, in training; omitted: none. */
  dropout?: number | undefined;
  /** How far each training image moves at random; omitted: not at all. */
  augment?: MotionSection | undefined;
  /** The equivariance loss; omitted: none. */
  equivariance?: EquivarianceSection | undefined;
  /** Draws eight images every this many epochs; null: never. */
  previewEveryEpochs: number | null;
  /**
   * How previews are drawn. fast: 25 steps of DPM-Solver++, clipped, and rarely enough to take at
   * most 3 % of the training; published: like the images of the run.
   */
  previewSampler: "fast" | "published";
  /**
   * A finished bundle whose training continues here: its path or its digest; null: train from
   * scratch.
   */
  from: string | null;
}
