/**
 * The spec language: one zod schema for types, validation, constant defaults and documentation
 * (`spec.schema.json` is generated from it). `resolve.ts` fills in what depends on other fields
 * (channels, limit, fields that do not apply). Defaults are the published ones (arXiv 2411.09174
 * and its code), except for the count and batch size of sampling.
 */
import { z } from "zod";
import type { DatasetName, MetricName, Spec } from "./resolved.ts";
import { doc, integer, many, number, path, positive } from "./schema_words.ts";
import { training } from "./training_schema.ts";

export type { DatasetName };

/** The datasets, with the channels, the published number of images and the classes of each. */
export const datasetFacts = {
  "mnist": { channels: 1, limit: 19_999, classes: 10 },
  "mnist-m": { channels: 3, limit: 6_000, classes: 10 },
  "cifar-10": { channels: 3, limit: 10_000, classes: 10 },
  "folder": { channels: 3, limit: null, classes: null },
} as const satisfies Record<DatasetName, unknown>;

/** The scores, by their names in specs. */
export const metricNames = ["fid", "kid", "is"] as const satisfies readonly MetricName[];

const degrees = z.number().min(-3600).max(3600);
const rotation = z.union([
  degrees,
  z.array(degrees).min(1).max(360),
  z.strictObject({ from: degrees, to: degrees, count: z.int().min(1).max(360) }),
], {
  error: "an angle in degrees (-3600 to 3600), a list of angles, or a range { from, to, count }",
});

const label = z.int().min(0).max(999);
const labels = z.union([z.array(label).min(1).max(100_000), label, z.null()], {
  error: "a class (from 0), a list of classes, or null for all classes in turn",
});

const axis = z.array(z.unknown()).min(1).max(1000);
const grid = z.record(z.string(), axis);

const data = z.strictObject({
  limit: doc(
    z.int().min(1).max(many).nullable(),
    "Maximum number of images, taken from the start; null: all. Default: mnist 19,999, mnist-m 6,000, cifar-10 10,000, folder all.",
  ).optional(),
  digest: doc(
    z.string().regex(/^[0-9a-f]{64}$/, { error: "64 lower-case hexadecimal digits" }).nullable(),
    "The data digest that the decoded images must have; the run stops if it differs.",
  ).default(null),
  fit: doc(
    z.enum(["crop", "squash"]),
    "How to make images square: crop the centre, or squash.",
  )
    .default("crop"),
  flip: doc(z.boolean(), "Mirror each training image left to right at random.").default(false),
  path: doc(
    path.nullable(),
    "Where the images are, relative to the current folder; required for the dataset `folder`. Default: data/NAME.",
  ).default(
    null,
  ),
  labels: doc(
    z.enum(["folders", "tables", "names", "first", "last", "none"]),
    "Where the classes come from, for ambiguous files: the images' folders, tables next to them, or their names; a table's first or last column; none: no classes. Default: as the files suggest.",
  ).optional(),
});

const noise = z.strictObject({
  steps: integer(2, 10_000, "Timesteps of the diffusion.").default(1000),
  start: positive(0.999, "The first noise beta of the linear schedule.").default(1e-4),
  end: positive(0.999, "The last noise beta of the linear schedule.").default(0.02),
  schedule: doc(
    z.enum(["linear", "cosine"]),
    "How the noise grows; cosine as in Nichol and Dhariwal.",
  ).default("linear"),
});

const shift = z.strictObject({
  columns: number(-1024, 1024, "Pixels to the right.").default(0),
  rows: number(-1024, 1024, "Pixels down.").default(0),
  rule: doc(
    z.enum(["spread", "published"]),
    "spread: an equal part after each step. published: one column in the shift's direction after each step, as in the published code.",
  ).default("spread"),
});

const sampling = z.strictObject({
  sampler: doc(
    z.enum(["ancestral", "ddim", "dpm-solver++"]),
    "How images are drawn. Published: ancestral.",
  )
    .default("ancestral"),
  steps: integer(1, 9_999, "Sampling steps. Maximum and default: noise.steps - 1 (999).")
    .optional(),
  eta: doc(
    z.number().min(0).max(1).nullable(),
    "DDIM's noise, from 0 (none, the default) to 1 (as ancestral); null for other samplers.",
  )
    .optional(),
  variance: doc(
    z.enum(["beta", "posterior"]).nullable(),
    "Variance of the ancestral step: the schedule's beta (published, the default) or the posterior's; null for other samplers.",
  ).optional(),
  clip: doc(
    z.boolean(),
    "Clip the predicted image to [-1, 1] in each step. Networks with little training need it.",
  ).default(false),
  count: integer(1, 10_000_000, "Images per angle. Published: 2,000.").default(64),
  batchSize: integer(1, 65_536, "Images drawn together; it affects the result. Published: 200.")
    .default(64),
  guidance: doc(
    z.number().min(0).max(100).nullable(),
    "With classes: weight of classifier-free guidance; 1 and null: none.",
  ).default(null),
  labels: doc(
    labels,
    "With classes: the class to draw, or a list to cycle through; null: all classes in turn.",
  ).default(null),
  rotation: doc(
    rotation,
    "Rotation of the image during sampling, in degrees counter-clockwise: an angle, a list, or { from, to, count }. Required for E.",
  ).optional(),
  shift: doc(shift, "How far the image moves during sampling.").prefault({}),
  motion: doc(
    z.enum(["state", "frame"]),
    "With rotation or shift. state (published, the default): the state moves a little after each step, by a spline. frame: the state stays, and the network sees it moved, without losses.",
  ).optional(),
  noise: doc(
    z.enum(["fixed", "carried"]),
    "With rotation or shift, and a sampler that draws noise. fixed (published, the default): the noise of the steps does not move. carried: it moves with the image.",
  ).optional(),
});

const evaluation = z.strictObject({
  metrics: doc(
    z.array(z.enum(metricNames)).max(metricNames.length),
    "Scores of the unrotated images; an empty list: none.",
  )
    .default(["fid", "kid", "is"]),
  kidSubsets: integer(1, 10_000, "Number of random subsets for KID.").default(100),
  kidSubsetSize: integer(2, 100_000, "Images per subset for KID.").default(1000),
  isSplits: integer(1, 1_000, "Number of splits for the Inception Score.").default(10),
  everyEpochs: doc(
    z.int().min(1).max(many).nullable(),
    "While training: score up to 64 images, drawn in 25 steps of DPM-Solver++, every this many epochs. Default: null (never).",
  ).optional(),
  equivariance: doc(
    z.boolean(),
    "With everyEpochs: measure EQ-T and EQ-R of the prediction as well. Default: false.",
  ).optional(),
});

const filter = z.strictObject({
  kind: doc(
    z.enum(["jinc", "ideal", "sinc"]),
    "jinc: the published kernel (default). ideal: the ideal low-pass of a periodic image. sinc: separable, Kaiser-windowed, as in StyleGAN3.",
  ).optional(),
  transition: positive(
    Math.PI,
    "sinc: half the width of the transition band in radians, which determines the window. Default: (sqrt 2 - 1) pi / 2.",
  ).optional(),
  bypass: doc(
    z.boolean(),
    "C and D: what the filters of a nonlinearity remove bypasses it, through the linear half of GELU. Default: false.",
  ).optional(),
});

/**
 * The schema of a spec as people write it. `parse.ts` removes `x-` fields before validation and
 * puts them back afterwards.
 */
export const specSchema = z.strictObject({
  extends: doc(
    path,
    "Path of another spec, relative to this file. Fields in this file override it.",
  ).optional(),
  architecture: doc(
    z.enum(["A", "B", "C", "D", "E"]),
    "A baseline; B filtered up- and downsampling; C filtered nonlinearities; D both; E is D sampled with a rotation.",
  ).optional(),
  kaiserBeta: doc(
    z.number().min(0).max(500).nullable(),
    "Beta of the low-pass kernel's Kaiser window; 0 is a window of ones. Default: 2. Not for A.",
  ).optional(),
  normalized: doc(
    z.boolean().nullable(),
    "Divide the low-pass kernel by its sum: the N in D-2N. Default: true. Not for A.",
  )
    .optional(),
  normInside: doc(
    z.boolean(),
    "C and D: GroupNorm between the filtered upsampling and GELU, the fifth variant in the published code.",
  )
    .default(false),
  kernelSize: doc(
    z.int().min(2).max(12).nullable(),
    "Taps per side of the low-pass kernel. Default: 3. Not for A.",
  )
    .optional(),
  gain: doc(
    z.number().gt(0).max(1000).nullable(),
    "Gain of the upsampling kernel. Default: 1, as published; the textbook value is 4. Not for A.",
  ).optional(),
  cutoff: doc(
    z.strictObject({
      down: positive(Math.PI, "Cutoff of the downsampling filter.").optional(),
      up: positive(Math.PI, "Cutoff of the upsampling filter.").optional(),
    }).nullable(),
    "Cutoff frequencies in radians, up to pi. Default: pi / 2 for both. Not for A.",
  ).optional(),
  filter: doc(filter, "The low-pass filters. Default: the published jinc. Not for A.").optional(),
  padding: doc(
    z.enum(["zero", "circular", "reflect"]),
    "What lies beyond the border of an image that is convolved or filtered. zero (published, the default): zeros; circular: the image, repeated; reflect: its reflection, without the border pixel.",
  ).optional(),
  position: doc(
    z.enum(["none", "border", "coordinates"]),
    "What tells the network where in the image it is. border: the first convolution pads with zeros, whatever padding says; coordinates: four more input channels, the sine and cosine of each axis. Default: none.",
  ).optional(),
  dataset: doc(
    z.enum(Object.keys(datasetFacts) as [DatasetName, ...DatasetName[]]),
    "The training images; `folder` takes any images, from data.path.",
  ).optional(),
  data: doc(data, "Which images to use, and how to read them.").prefault({}),
  imageSize: doc(z.int().min(8).max(128).multipleOf(8), "Pixels per side, a multiple of 8.")
    .default(
      32,
    ),
  channels: doc(
    z.union([z.literal(1), z.literal(3)], { error: "1 or 3" }),
    "Channels of the images; follows from the dataset.",
  ).optional(),
  baseWidth: doc(
    z.int().min(4).max(512).multipleOf(4),
    "Channels of the first layer. Default: imageSize.",
  ).optional(),
  classes: doc(
    z.int().min(1).max(1000).nullable(),
    "Number of classes of a class-conditional network; null: not class-conditional.",
  )
    .default(null),
  seed: integer(0, 2 ** 32 - 1, "Seed of all random numbers.").default(42),
  noise: doc(noise, "The noise schedule.").prefault({}),
  precision: doc(
    z.enum(["float32", "tf32", "bfloat16"]),
    "tf32 and bfloat16 are faster on GPUs or processors that support them, and less exact.",
  ).default("float32"),
  training: doc(training, "How the network is trained.").prefault({}),
  sampling: doc(sampling, "How images are drawn.").prefault({}),
  evaluation: doc(evaluation, "How images are scored.").prefault({}),
  sweep: doc(
    z.union([grid, z.array(grid).min(1).max(100)], {
      error:
        "a grid such as { kaiserBeta: [0, 1, 2], training.epochs: [50, 100] }, or a list of grids",
    }),
    "A grid, with a list of values for each dotted field; or a list of grids. Every combination is run once.",
  ).optional(),
});

/** The schema's output: constant defaults filled in, dependent ones not. */
export type SpecWithDefaults = z.output<typeof specSchema>;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : never;
type Bare = { [Field in keyof Spec as Field extends `x-${string}` ? never : Field]: Spec[Field] };
/** Keeps the schema in step with the type of a written spec: a difference does not compile. */
export const schemaIsSpec: Same<z.input<typeof specSchema>, Bare> = true;
