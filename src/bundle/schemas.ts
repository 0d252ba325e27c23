/**
 * The schemas of a bundle's JSON files and tables. Writing and reading use the same types, so they
 * cannot drift apart. Files may be somebody else's, so schemas are strict: numbers are finite,
 * texts and lists are bounded, and unknown fields are refused.
 */
import { z } from "zod";
import { UserError } from "../messages/errors.ts";
import { csvText } from "../formats/csv.ts";
import {
  evaluationSchema,
  sha256Schema as sha256,
  textSchema as text,
} from "../evaluation/schema.ts";

const count = z.int().min(0).max(2 ** 40);

/** The digests that identify a run, in data/digests.json. SHA-256 in hexadecimal. */
export interface Digests {
  /** Digest of the resolved spec. */
  spec: string;
  /** Digest of the training images and labels. */
  data: string;
  /** Digest of `spec`, `data` and `method`. */
  run: string;
  /** Version of the method. */
  method: number;
  /**
   * Digest of everything that affects training: `data`, `method`, and the spec without sampling and
   * evaluation. Runs with the same value share a model.
   */
  training?: string;
  /** Digest of the bundle that the training continues from; part of `run` and `training`. */
  from?: string;
  /** For additional samples: digest of the bundle with the model; part of `run`. */
  parent?: string;
}

/** See {@link Digests}, which is written out because it is public. The compiler compares both. */
export const digestsForm: z.ZodType<Digests> = z.strictObject(
  {
    spec: sha256,
    data: sha256,
    run: sha256,
    method: z.int().min(1).max(1_000_000),
    training: sha256.exactOptional(),
    from: sha256.exactOptional(),
    parent: sha256.exactOptional(),
  } satisfies Record<keyof Digests, z.ZodType>,
);

/** data/metrics.json: the scores, and the samples that they belong to. */
export const metricsForm = evaluationSchema.extend({
  /** SHA-256 of samples.safetensors. */
  samples: sha256,
});

/** See {@link metricsForm}. */
export type Metrics = z.infer<typeof metricsForm>;

const library = z.strictObject({
  /** The name of the file, the wheel or the driver. */
  name: text(),
  /** The version that it reports. */
  version: text(),
  /** SHA-256 of the file; absent if there is no file to read. */
  sha256: text(64).exactOptional(),
});

const engineName = z.enum(["tensorflow", "webgpu", "wasm", "cpu"]);
const threads = z.int().min(1).max(127).nullable();

/** The platform of a run: everything that its last bits depend on, apart from spec and data. */
export const platformForm = z.strictObject({
  engine: engineName,
  /** `cpu`, `cuda`, or the name of the GPU. */
  device: text(),
  /** Number of threads per operation, which determines the order of sums. Null on a GPU. */
  threads,
  /** The precision of the network; float32 if absent. */
  precision: z.enum(["float32", "tf32", "bfloat16", "bfloat16, emulated"]).optional(),
  /**
   * Name, family, model and cache of the processor, which determine how libraries divide matrix
   * products; null if unknown.
   */
  processor: text().nullable(),
  /** Its vector instructions, which determine the code that libraries run. */
  instructions: z.array(text()).max(1000),
  /** The native libraries. */
  libraries: z.array(library).max(1000),
  deno: text(),
});

/** See {@link platformForm}. */
export type Platform = z.infer<typeof platformForm>;

const commonFields = {
  /** Description of the engine. */
  engine: text(),
  place: platformForm,
  /** Operating system and processor architecture. */
  system: text(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
};

/** Names of the dataset's classes, by label; null if there are none. */
const classNames = z.array(text(200)).max(100_000).nullable();

/** environment.json of a bundle of additional samples. */
export const samplingEnvironmentForm = z.strictObject({
  ...commonFields,
  data: z.strictObject({ classNames }).exactOptional(),
});

/** environment.json of a run. */
export const environmentForm = z.strictObject({
  ...commonFields,
  /** Names of the platforms that trained, in order. */
  trainedOn: z.array(text()).max(1000),
  host: text().nullable(),
  cores: count,
  data: z.strictObject({
    source: text(4000),
    images: count,
    skipped: z.array(text(4000)).max(100_000),
    /** Notes about unused files, and about decisions on ambiguous ones. */
    notes: z.array(text(4000)).max(10_000).exactOptional(),
    classNames: classNames.exactOptional(),
    /** The path of the images in the spec; null if it has none. */
    path: text(4000).nullable().exactOptional(),
  }),
  trainingImagesPerSecond: z.number().min(0).nullable(),
  /** Number of times that the run was started. */
  starts: count,
  seconds: z.number().min(0),
});

/** See {@link environmentForm}. */
export type Environment = z.infer<typeof environmentForm>;

/** environment.json of either kind of bundle. */
export const anyEnvironmentForm = z.union([environmentForm, samplingEnvironmentForm]);

/** See {@link samplingEnvironmentForm}. */
export type SamplingEnvironment = z.infer<typeof samplingEnvironmentForm>;

const dependency = z.strictObject({
  name: text().exactOptional(),
  uri: text(4000).exactOptional(),
  /** Algorithm and hexadecimal digest. */
  digest: z.record(text(), text(200)).exactOptional(),
  annotations: z.strictObject({
    kind: z.enum(["dataset", "archive"]).exactOptional(),
    source: text(4000).exactOptional(),
    cleanWorkingTree: z.boolean().nullable().exactOptional(),
    /** Why the commit is unknown. */
    commitUnknown: text(1000).exactOptional(),
    note: text(4000).exactOptional(),
  }).exactOptional(),
});

/** See {@link provenanceForm}. */
export type Dependency = z.infer<typeof dependency>;

/** provenance.json: an in-toto statement with SLSA provenance as its predicate. */
export const provenanceForm = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  /** Each payload file. */
  subject: z.array(z.strictObject({ name: text(200), digest: z.strictObject({ sha256 }) }))
    .max(100_000),
  predicateType: z.literal("https://slsa.dev/provenance/v1"),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.literal("urn:alias-free-diffusion:run:v1"),
      /** The paper's name for the spec, and the resolved spec. */
      externalParameters: z.strictObject({ name: text(200), spec: z.unknown() }),
      internalParameters: z.strictObject({
        engine: z.strictObject({
          name: engineName,
          description: text(),
          device: text(),
          threads,
          processor: text().nullable(),
        }),
        digests: digestsForm,
      }),
      /** This project first. */
      resolvedDependencies: z.array(dependency).min(1).max(10_000),
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({
        id: z.literal("urn:alias-free-diffusion"),
        version: z.strictObject({
          "alias-free-diffusion": text(),
          deno: text(),
          v8: text(),
          typescript: text(),
          platform: text(),
        }),
      }),
      metadata: z.strictObject({
        invocationId: sha256,
        startedOn: z.iso.datetime(),
        finishedOn: z.iso.datetime(),
      }),
      /** Other notes. */
      byproducts: z.array(
        z.strictObject({ annotations: z.strictObject({ note: text(4000) }) }),
      ).max(1000).exactOptional(),
    }),
  }),
});

/** See {@link provenanceForm}. */
export type Provenance = z.infer<typeof provenanceForm>;

/**
 * Parses and checks a JSON text.
 *
 * @param where the file's name, for messages
 * @throws UserError if it is not JSON, or does not match the schema; the message says where
 */
export function parseForm<T>(form: z.ZodType<T>, json: string, where: string): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UserError(`${where}: not JSON: ${short((error as SyntaxError).message)}`);
  }
  const parsed = form.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const path = first?.path.join(".") ?? "";
  throw new UserError(`${where}: ${short(path ? `${path}: ` : "")}${short(first?.message ?? "")}`);
}

/** Shortens text from a file. */
const short = (text: string) => text.length > 200 ? `${text.slice(0, 200)}...` : text;

/** One line of loss.csv. */
export interface Loss {
  /** The first step is 1. */
  step: number;
  loss: number;
}

/** The text of loss.csv. */
export function lossesText(losses: readonly number[]): string {
  return csvText([["step", "loss"], ...losses.map((loss, i) => [i + 1, loss])]);
}

/**
 * Parses loss.csv. Accepts only what {@link lossesText} writes: one line per step, from 1.
 *
 * @throws UserError if it has another format
 */
export function parseLosses(csv: string, where: string): Loss[] {
  const head = "step,loss\n";
  if (!csv.startsWith(head)) throw new UserError(`${where}: it does not start with "step,loss"`);
  const losses: Loss[] = [];
  // Line by line, so that a long table is not in memory twice.
  for (let at = head.length; at < csv.length;) {
    const end = csv.indexOf("\n", at);
    const step = losses.length + 1;
    const text = csv.slice(at, end);
    const loss = Number(text.slice(text.indexOf(",") + 1));
    if (end < 0 || text !== `${step},${loss}` || !Number.isFinite(loss)) {
      throw new UserError(`${where}: line ${step + 1} is not step ${step} and its loss`);
    }
    losses.push({ step, loss });
    at = end + 1;
  }
  return losses;
}
