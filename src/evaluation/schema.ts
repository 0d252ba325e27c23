/**
 * The form of an evaluation as JSON, from which its types follow: what is written and what is read
 * back cannot drift apart. A stranger's scores are believed only in this form.
 */
import { z } from "zod";
import type { MetricName } from "../spec/resolved.ts";
import { metricNames } from "../spec/schema.ts";

/** The distances by their short names. */
export type Metric = MetricName;

/** A score's name where a classifier of the dataset took Inception's place. */
const ofClassifier = <Name extends Metric>(name: Name): `classifier-${Name}` =>
  `classifier-${name}`;

/** SHA-256 in hexadecimal. */
export const sha256Form: z.ZodString = z.string().regex(/^[0-9a-f]{64}$/);

/** A text of people's length. */
export const textForm = (most = 1000): z.ZodString => z.string().max(most);

const count = z.int().min(0).max(2 ** 40);

/** One score. */
export const scoreForm = z.strictObject({
  /**
   * `fid`, `kid`, `is`, or with `classifier-` in front where a classifier of the dataset took
   * Inception's place.
   */
  metric: z.enum([...metricNames, ...metricNames.map(ofClassifier)]),
  value: z.number(),
  /** From the choice of the generated images; null where there are too few to tell. */
  standardError: z.number().min(0).nullable(),
  better: z.enum(["lower", "higher"]),
  /**
   * KID: the spread over its subsets, their number and size, and the estimate of all images. IS:
   * over its splits.
   */
  standardDeviation: z.number().min(0).exactOptional(),
  subsets: count.exactOptional(),
  subsetSize: count.exactOptional(),
  allRows: z.number().exactOptional(),
  splits: count.exactOptional(),
});

/** One score. */
export type Score = z.infer<typeof scoreForm>;

/** What an evaluation found; plain JSON. */
export const evaluationForm = z.strictObject({
  scores: z.array(scoreForm).max(16),
  /** The network whose features were compared; null where nothing was scored. */
  extractor: z.strictObject({
    name: z.enum(["inception", "classifier"]),
    /** SHA-256 of its weights. */
    digest: sha256Form,
    /**
     * Of a classifier: its share of right answers, 0 ... 1, among so many images that it never saw.
     */
    testAccuracy: z.number().min(0).max(1).exactOptional(),
    testCount: count.exactOptional(),
  }).nullable(),
  generated: z.strictObject({ count, digest: sha256Form }),
  reference: z.strictObject({ name: textForm(), count, digest: sha256Form }),
  /** What must be said beside the scores. */
  notes: z.array(textForm(4000)).max(100),
});

/** What an evaluation found; plain JSON. */
export type Evaluation = z.infer<typeof evaluationForm>;
