/**
 * The forms of a bundle's JSON files and tables. Types follow from them, and those who write use
 * the types: what is written and what is read back cannot drift apart. A stranger's file is
 * believed only in its form: numbers are finite, texts and lists are bounded, other fields than
 * these are refused.
 */
import { z } from "zod";
import { UserError } from "../messages/errors.ts";
import { csvText } from "../formats/csv.ts";
import { evaluationForm, sha256Form as sha256, textForm as text } from "../evaluation/schema.ts";

const count = z.int().min(0).max(2 ** 40);

/** What identifies a run, in data/digests.json. SHA-256 in hexadecimal. */
export interface Digests {
  /** Of the resolved spec. */
  spec: string;
  /** Of the training images and labels. */
  data: string;
  /** Of both and the method's version. */
  run: string;
  /** The method's version. */
  method: number;
  /**
   * Of what training saw: the spec without sampling and evaluation, data and method. Runs that
   * share it share a model.
   */
  training?: string;
  /**
   * Where the training went on from a finished one: the digest of that bundle. Part of `run` and
   * `training`.
   */
  from?: string;
  /**
   * For a bundle of further samples: the digest of the bundle that was sampled. It has no model of
   * its own. Part of `run`.
   */
  parent?: string;
}

/** See {@link Digests}, which is public and so written out; a field that differs does not compile. */
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

/** data/metrics.json: the scores, and the samples that they are of. */
export const metricsForm = evaluationForm.extend({
  /** SHA-256 of samples.safetensors. */
  samples: sha256,
});

/** See {@link metricsForm}. */
export type Metrics = z.infer<typeof metricsForm>;

const library = z.strictObject({
  /** The file's, the wheel's or the driver's name. */
  name: text(),
  /** As it tells it itself. */
  version: text(),
  /** Of the file; absent where there is no file to read. */
  sha256: text(64).exactOptional(),
});

const engineName = z.enum(["tensorflow", "webgpu", "wasm", "cpu"]);
const threads = z.int().min(1).max(127).nullable();

/** Where a run computes: all that the last bits of its results depend on besides spec and data. */
export const placeForm = z.strictObject({
  engine: engineName,
  /** `cpu`, `cuda`, or what the GPU calls itself. */
  device: text(),
  /** Threads that share an operation: they decide in which order it adds. Null on a GPU. */
  threads,
  /** What it computes networks in; absent: float32. */
  precision: z.enum(["float32", "tf32", "bfloat16", "bfloat16, emulated"]).optional(),
  /**
   * Name, family, model and cache of the processor, by which libraries cut products into blocks;
   * null where unknown.
   */
  processor: text().nullable(),
  /** Its vector instructions, by which libraries choose their code. */
  instructions: z.array(text()).max(1000),
  /** The native code. */
  libraries: z.array(library).max(1000),
  deno: text(),
});

/** See {@link placeForm}. */
export type Platform = z.infer<typeof placeForm>;

const place = {
  /** The engine's, for people. */
  engine: text(),
  place: placeForm,
  /** Operating system and processor's family. */
  system: text(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
};

/** Names of the dataset's classes, by label; null where it has none. */
const classNames = z.array(text(200)).max(100_000).nullable();

/** environment.json of a bundle of further samples. */
export const samplingEnvironmentForm = z.strictObject({
  ...place,
  data: z.strictObject({ classNames }).exactOptional(),
});

/** environment.json of a run. */
export const environmentForm = z.strictObject({
  ...place,
  /** Names of the places that trained, one after the other. */
  trainedOn: z.array(text()).max(1000),
  host: text().nullable(),
  cores: count,
  data: z.strictObject({
    source: text(4000),
    images: count,
    skipped: z.array(text(4000)).max(100_000),
    /** What was found and is not used, and what was decided where files leave it open. */
    notes: z.array(text(4000)).max(10_000).exactOptional(),
    classNames: classNames.exactOptional(),
    /** Where the spec said that they lie; null where it said nothing. */
    path: text(4000).nullable().exactOptional(),
  }),
  trainingImagesPerSecond: z.number().min(0).nullable(),
  /** How many times the run was started. */
  starts: count,
  seconds: z.number().min(0),
});

/** See {@link environmentForm}. */
export type Environment = z.infer<typeof environmentForm>;

/** environment.json of either. */
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
    /** Why the commit is not known, where it is not. */
    commitUnknown: text(1000).exactOptional(),
    note: text(4000).exactOptional(),
  }).exactOptional(),
});

/** See {@link provenanceForm}. */
export type Dependency = z.infer<typeof dependency>;

/** provenance.json: an in-toto statement with SLSA's provenance as its predicate. */
export const provenanceForm = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  /** Each payload file. */
  subject: z.array(z.strictObject({ name: text(200), digest: z.strictObject({ sha256 }) }))
    .max(100_000),
  predicateType: z.literal("https://slsa.dev/provenance/v1"),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.literal("urn:alias-free-diffusion:run:v1"),
      /** The paper's name of the spec, and the resolved spec. */
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
      /** What else a reader should know. */
      byproducts: z.array(
        z.strictObject({ annotations: z.strictObject({ note: text(4000) }) }),
      ).max(1000).exactOptional(),
    }),
  }),
});

/** See {@link provenanceForm}. */
export type Provenance = z.infer<typeof provenanceForm>;

/**
 * A JSON text in a form.
 *
 * @param where what to call the file in messages
 * @throws UserError where it is no JSON, or has another form; it says where in it
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

/** What a file says may be long. */
const short = (words: string) => words.length > 200 ? `${words.slice(0, 200)}...` : words;

/** One line of loss.csv. */
export interface Loss {
  /** From 1. */
  step: number;
  loss: number;
}

/** The text of loss.csv. */
export function lossesText(losses: readonly number[]): string {
  return csvText([["step", "loss"], ...losses.map((loss, i) => [i + 1, loss])]);
}

/**
 * The losses of loss.csv, as {@link lossesText} writes them and in no other form: a line a step,
 * from 1.
 *
 * @throws UserError where it has another form
 */
export function parseLosses(csv: string, where: string): Loss[] {
  const head = "step,loss\n";
  if (!csv.startsWith(head)) throw new UserError(`${where}: it does not begin with "step,loss"`);
  const losses: Loss[] = [];
  // Line by line: a long training's table is not held twice.
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
