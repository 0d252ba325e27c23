/**
 * The JSON schema of an evaluation, from which its types follow, so that writing and reading cannot
 * diverge. Scores in other people's files are accepted only in this form.
 */
import { z } from "zod";
import type { MetricName } from "../spec/resolved.ts";
import { metricNames } from "../spec/schema.ts";

/** The distances by their short names. */
export type Metric = MetricName;

/** The name of a score computed with a classifier of the dataset instead of Inception. */
const ofClassifier = <Name extends Metric>(name: Name): `classifier-${Name}` =>
  `classifier-${name}`;

/** SHA-256 in hexadecimal. */
export const sha256Schema: z.ZodString = z.string().regex(/^[0-9a-f]{64}$/);

/** A text of limited length. */
export const textSchema = (maxLength = 1000): z.ZodString => z.string().max(maxLength);

const count = z.int().min(0).max(2 ** 40);

/** One score. */
export const scoreSchema = z.strictObject({
  /**
   * `fid`, `kid`, `is`, or prefixed with `classifier-` if a classifier of the dataset replaced
   * Inception.
   */
  metric: z.enum([...metricNames, ...metricNames.map(ofClassifier)]),
  value: z.number(),
  /** Due to the choice of the generated images; null if there are too few to tell. */
  standardError: z.number().min(0).nullable(),
  better: z.enum(["lower", "higher"]),
  /**
   * KID: the standard deviation over its subsets, their number and size, and the estimate from all
   * images. IS: the standard deviation over its splits.
   */
  standardDeviation: z.number().min(0).exactOptional(),
  subsets: count.exactOptional(),
  subsetSize: count.exactOptional(),
  allRows: z.number().exactOptional(),
  splits: count.exactOptional(),
});

/** One score. */
export type Score = z.infer<typeof scoreSchema>;

/** The result of an evaluation; plain JSON. */
export const evaluationSchema = z.strictObject({
  scores: z.array(scoreSchema).max(16),
  /** The network that extracted the features; null if nothing was scored. */
  extractor: z.strictObject({
    name: z.enum(["inception", "classifier"]),
    /** SHA-256 of its weights. */
    digest: sha256Schema,
    /**
     * For a classifier: its accuracy, 0 ... 1, and the number of images it was tested on, which it
     * never saw.
     */
    testAccuracy: z.number().min(0).max(1).exactOptional(),
    testCount: count.exactOptional(),
  }).nullable(),
  generated: z.strictObject({ count, digest: sha256Schema }),
  reference: z.strictObject({ name: textSchema(), count, digest: sha256Schema }),
  /** Notes that must accompany the scores. */
  notes: z.array(textSchema(4000)).max(100),
});

/** The result of an evaluation; plain JSON. */
export type Evaluation = z.infer<typeof evaluationSchema>;
