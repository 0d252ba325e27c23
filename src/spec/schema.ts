/**
 * The spec language: one zod schema for types, validation, constant defaults and documentation
 * (`spec.schema.json` is made from it). `resolve.ts` fills in what depends on other fields
 * (channels, limit, fields that do not apply). Defaults are the published ones (arXiv 2411.09174
 * and its code) except for sampling's count and batch size.
 */
import { z } from "zod";
import type { DatasetName, MetricName, Spec } from "./resolved.ts";
import { doc, integer, many, number, path, positive } from "./schema_words.ts";
import { training } from "./training_schema.ts";

export type { DatasetName };

/** The datasets, with what follows from each: channels, the published number of images, classes. */
export const datasetFacts = {
  "mnist": { channels: 1, limit: 19_999, classes: 10 },
  "mnist-m": { channels: 3, limit: 6_000, classes: 10 },
  "cifar-10": { channels: 3, limit: 10_000, classes: 10 },
  "folder": { channels: 3, limit: null, classes: null },
} as const satisfies Record<DatasetName, unknown>;

/** The scores, by the names that specs give them. */
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
    "At most so many images, the first ones; null: all. Default: mnist 19,999, mnist-m 6,000, cifar-10 10,000, folder all.",
  ).optional(),
  digest: doc(
    z.string().regex(/^[0-9a-f]{64}$/, { error: "64 lower-case hexadecimal digits" }).nullable(),
    "The data digest that the decoded images must have; the run stops on others.",
  ).default(null),
  fit: doc(
    z.enum(["crop", "squash"]),
    "What to do with images that are not square: crop at the centre, or squash.",
  )
    .default("crop"),
  flip: doc(z.boolean(), "Mirror each training image left to right at random.").default(false),
  path: doc(
    path.nullable(),
    "Where the images lie, from the working folder on; needed for the dataset `folder`. Default: data/NAME.",
  ).default(
    null,
  ),
  labels: doc(
    z.enum(["folders", "tables", "names", "first", "last", "none"]),
    "Where the classes are, for files that can be read in two ways: in the images' folders, in tables beside them or in their names; in a table's first or last column; none: no classes. Default: what the files say.",
  ).optional(),
});

const noise = z.strictObject({
  steps: integer(2, 10_000, "Timesteps of the diffusion.").default(1000),
  start: positive(0.999, "The linear schedule's first noise beta.").default(1e-4),
  end: positive(0.999, "The linear schedule's last noise beta.").default(0.02),
  schedule: doc(
    z.enum(["linear", "cosine"]),
    "The noise schedule; cosine is Nichol and Dhariwal's.",
  ).default("linear"),
});

const shift = z.strictObject({
  columns: number(-1024, 1024, "Pixels to the right.").default(0),
  rows: number(-1024, 1024, "Pixels down.").default(0),
  rule: doc(
    z.enum(["spread", "published"]),
    "spread: columns / steps a step. published: one column in the shift's direction after each step, as the code does.",
  ).default("spread"),
});

const sampling = z.strictObject({
  sampler: doc(
    z.enum(["ancestral", "ddim", "dpm-solver++"]),
    "How images are drawn; published: ancestral.",
  )
    .default("ancestral"),
  steps: integer(1, 9_999, "Sampling steps, at most noise.steps - 1, which is the default (999).")
    .optional(),
  eta: doc(
    z.number().min(0).max(1).nullable(),
    "DDIM's noise: 0 none (default), 1 as ancestral; null elsewhere.",
  )
    .optional(),
  variance: doc(
    z.enum(["beta", "posterior"]).nullable(),
    "The ancestral step's variance: the schedule's beta (default, published) or the posterior's; null elsewhere.",
  ).optional(),
  clip: doc(
    z.boolean(),
    "Clip the predicted image to [-1, 1] in each step; young networks need it.",
  ).default(false),
  count: integer(1, 10_000_000, "Images for each angle. Published: 2,000.").default(64),
  batchSize: integer(1, 65_536, "Images drawn together; part of the result. Published: 200.")
    .default(64),
  guidance: doc(
    z.number().min(0).max(100).nullable(),
    "With classes: the weight of classifier-free guidance; 1 and null: none.",
  ).default(null),
  labels: doc(
    labels,
    "With classes: the class to draw, a list to go round; null: all classes in turn.",
  ).default(null),
  rotation: doc(
    rotation,
    "Degrees that the image turns during sampling, counter-clockwise: an angle, a list, or { from, to, count }. E needs it.",
  ).optional(),
  shift: doc(shift, "Pixels that the image moves during sampling.").prefault({}),
});

const evaluation = z.strictObject({
  metrics: doc(
    z.array(z.enum(metricNames)).max(metricNames.length),
    "Scores of the unturned images; an empty list: none.",
  )
    .default(["fid", "kid", "is"]),
  kidSubsets: integer(1, 10_000, "KID's random subsets.").default(100),
  kidSubsetSize: integer(2, 100_000, "Images in each of KID's subsets.").default(1000),
  isSplits: integer(1, 1_000, "Splits of the Inception Score.").default(10),
  everyEpochs: doc(
    z.int().min(1).max(many).nullable(),
    "While training: score up to 64 images, drawn in 25 steps of DPM-Solver++, every so many epochs. Default null: never.",
  ).optional(),
  equivariance: doc(
    z.boolean(),
    "With everyEpochs: measure EQ-T and EQ-R of the prediction, too. Default false.",
  ).optional(),
});

/**
 * The schema of a spec as people write it. `parse.ts` removes `x-` fields before the check and puts
 * them back afterwards.
 */
export const specSchema = z.strictObject({
  extends: doc(
    path,
    "Another spec, by a path relative to this one; what is said here goes over it.",
  ).optional(),
  architecture: doc(
    z.enum(["A", "B", "C", "D", "E"]),
    "A baseline; B filtered up- and downsampling; C filtered nonlinearities; D both; E is D sampled with a rotation.",
  ).optional(),
  kaiserBeta: doc(
    z.number().min(0).max(500).nullable(),
    "Beta of the low-pass kernel's Kaiser window; 0 is a window of ones. Default 2. Not for A.",
  ).optional(),
  normalized: doc(
    z.boolean().nullable(),
    "Divide the low-pass kernel by its sum: the N. Default true. Not for A.",
  )
    .optional(),
  normInside: doc(
    z.boolean(),
    "C and D: GroupNorm between the filtered upsampling and GELU (the code's fifth variant).",
  )
    .default(false),
  kernelSize: doc(
    z.int().min(2).max(12).nullable(),
    "Taps a side of the low-pass kernel. Default 3. Not for A.",
  )
    .optional(),
  gain: doc(
    z.number().gt(0).max(1000).nullable(),
    "Factor of the upsampling's kernel. Default 1, as published; the textbook's is 4. Not for A.",
  ).optional(),
  cutoff: doc(
    z.strictObject({
      down: positive(Math.PI, "Of the downsampling filter.").optional(),
      up: positive(Math.PI, "Of the upsampling filter.").optional(),
    }).nullable(),
    "Cutoff frequencies in radians, up to pi. Default pi / 2 both. Not for A.",
  ).optional(),
  dataset: doc(
    z.enum(Object.keys(datasetFacts) as [DatasetName, ...DatasetName[]]),
    "The training images; `folder` takes any, from data.path.",
  ).optional(),
  data: doc(data, "Which of the images, and how they are read.").prefault({}),
  imageSize: doc(z.int().min(8).max(128).multipleOf(8), "Pixels a side, a multiple of 8.").default(
    32,
  ),
  channels: doc(
    z.union([z.literal(1), z.literal(3)], { error: "1 or 3" }),
    "Follows from the dataset.",
  ).optional(),
  baseWidth: doc(
    z.int().min(4).max(512).multipleOf(4),
    "Channels of the first layer. Default: imageSize.",
  ).optional(),
  classes: doc(
    z.int().min(1).max(1000).nullable(),
    "A class-conditional network for so many classes; null: without.",
  )
    .default(null),
  seed: integer(0, 2 ** 32 - 1, "Seed of everything random.").default(42),
  noise: doc(noise, "The noise schedule.").prefault({}),
  precision: doc(
    z.enum(["float32", "tf32", "bfloat16"]),
    "tf32, bfloat16: faster on GPUs or processors that have it, less exact.",
  ).default("float32"),
  training: doc(training, "How the network is trained.").prefault({}),
  sampling: doc(sampling, "How images are drawn.").prefault({}),
  evaluation: doc(evaluation, "How they are scored.").prefault({}),
  sweep: doc(
    z.union([grid, z.array(grid).min(1).max(100)], {
      error:
        "a grid such as { kaiserBeta: [0, 1, 2], training.epochs: [50, 100] }, or a list of grids",
    }),
    "A grid: a list of values for each (dotted) key; or a list of grids. Runs every combination once.",
  ).optional(),
});

/** The schema's output: constant defaults filled in, dependent ones not. */
export type SpecWithDefaults = z.output<typeof specSchema>;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : never;
type Bare = { [Field in keyof Spec as Field extends `x-${string}` ? never : Field]: Spec[Field] };
/** Keeps the schema and the type of a written spec in step: a difference does not compile. */
export const schemaIsSpec: Same<z.input<typeof specSchema>, Bare> = true;
