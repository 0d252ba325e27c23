/**
 * One experiment from its resolved spec to its bundle: data, network, training, sampling, bundle.
 */
import { basename, join } from "@std/path";
import { type Bundle, bundleName, createBundle } from "../bundle/bag.ts";
import { bundleReadme, type Digests, jsonText } from "../bundle/layout.ts";
import { bundleFiles, openBundle } from "../bundle/open.ts";
import { type Dataset, describeDataset, loadDataset } from "../datasets/mod.ts";
import { type Engine, type EngineName, openEngine } from "../engines/mod.ts";
import { evaluateSamples, type Evaluation } from "../evaluation/evaluate.ts";
import { counted } from "../counted.ts";
import { UserError } from "../errors.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";
import {
  METHOD_VERSION,
  type ResolvedSpec,
  runDigest,
  specDigest,
  specName,
  trainingDigest,
} from "../spec/mod.ts";
import { readCheckpoint } from "../training/checkpoint.ts";
import {
  disposeState,
  newState,
  restoreState,
  stateTensors,
  withAverage,
} from "../training/state.ts";
import { compileUNet } from "../unet/mod.ts";
import { bundleReport } from "../report/report.ts";
import { payloadFiles, previewsPng } from "./contents.ts";
import { environmentOf, provenanceOf } from "./environment.ts";
import { type Log, startLog } from "./log.ts";
import { LostLockError } from "../files/lock.ts";
import { refuseTooLarge } from "./memory.ts";
import { placeName, placeOf, readPlace } from "./place.ts";
import { type Reporter, silent } from "./reporter.ts";
import { samplePhase } from "./sample_phase.ts";
import { type Trained, trainPhase } from "./train_phase.ts";
import { startStopwatch, type Stopwatch } from "./time_spent.ts";
import { readPreviews, readStart, readTrained, sharedPlaces, trainedDigest } from "./trained.ts";
import { requireSpace, spaceFor } from "./space.ts";
import {
  explainFolder,
  explainFullDisk,
  findBundle,
  findTrained,
  freePath,
  openWork,
  type Work,
} from "./work.ts";

/** How an experiment is run; none of it is part of the result. */
export interface RunOptions {
  /** An open engine, or the name of one to open; default `auto`. */
  engine?: Engine | EngineName | "auto" | undefined;
  /** The folder of the bundles; default `out`. */
  out?: string | undefined;
  /** The folder of the datasets; default `data`. */
  dataRoot?: string | undefined;
  /** The spec's file, which names the bundle, and its text, which goes into it. */
  source?: { path: string; text: string } | undefined;
  /** Leave out images that cannot be read. */
  skipBad?: boolean | undefined;
  /** Go on with a training that was begun on another engine or kind of device. */
  elsewhere?: boolean | undefined;
  /** Compute in bfloat16 on a processor without its instructions, too, as `reproduce` does. */
  emulate?: boolean | undefined;
  /**
   * Threads of the engine `tensorflow` on the CPU; default those that began the training, else all
   * cores.
   */
  threads?: number | undefined;
  /**
   * Run once more what is finished: a second bundle beside the first one, which takes no model from
   * others.
   */
  again?: boolean | undefined;
  /** What the run's digests must be: those of the bundle that is to be reproduced. */
  expected?: Digests | undefined;
  /** Whom to tell how far it is; default nobody. */
  report?: Reporter | undefined;
  /** Stops the run; what was reached is kept, and the same run goes on there. */
  signal?: AbortSignal | undefined;
}

/**
 * The digests of a run on a dataset; where it goes on from a bundle, that one's digest is in them.
 */
export function digestsOf(spec: ResolvedSpec, data: string): Digests {
  const digest = specDigest(spec);
  const bundle = spec.training.from;
  const from = bundle === null ? undefined : trainedDigest(bundle, "training.from");
  return {
    spec: digest,
    data,
    run: runDigest(digest, data, METHOD_VERSION, from),
    training: runDigest(trainingDigest(spec), data, METHOD_VERSION, from),
    method: METHOD_VERSION,
    ...(from ? { from } : {}),
  };
}

/**
 * Runs an experiment, or finds its finished bundle. Stopped at any moment and called again, it goes
 * on where it was.
 *
 * @throws UserError for what a person can mend: data that is missing, a folder that is closed,
 *   another process at work
 */
export async function runExperiment(spec: ResolvedSpec, options: RunOptions = {}): Promise<Bundle> {
  const { out = "out", signal, again = false } = options;
  const log = startLog(options.report ?? silent);
  const { report } = log;
  const stopwatch = startStopwatch();
  const dataset = await loadDataset(spec, {
    dataRoot: options.dataRoot,
    skipBad: options.skipBad,
    onProgress: (done, all) => report.update(done, { of: all }),
  });
  report.message(`data: ${describeDataset(dataset)}`);
  if (spec.classes !== null && dataset.classes !== null && dataset.classes > spec.classes) {
    throw new UserError(
      `classes: the spec has ${spec.classes}, and dataset ${dataset.name} has ${dataset.classes}`,
    );
  }
  const digests = digestsOf(spec, dataset.digest);
  if (options.expected) refuseOthers(digests, options.expected);
  const finished = again ? null : finishedBundle(out, digests, report);
  if (finished) return finished;
  const what = `this run (${specName(spec)} on ${spec.dataset})`;
  const work = await openWork(out, digests.training!, what, { say: report.message, signal });
  try {
    // Between the look and the lock another process may have finished it.
    const meanwhile = again ? null : finishedBundle(out, digests, report);
    if (meanwhile) {
      work.remove();
      return meanwhile;
    }
    requireSpace(out, spaceFor(spec), work);
    log.keepIn(join(work.path, `log-${digests.spec.slice(0, 16)}.txt`));
    stopwatch.keepIn(join(work.path, "time.json"));
    const engine = typeof options.engine === "object"
      ? options.engine
      : await openEngine(options.engine ?? "auto", {
        precision: spec.precision,
        emulate: options.emulate,
        // The order in which threads add is in the last bits: a training goes on with as many as it
        // began with.
        threads: options.threads ??
          (await readCheckpoint(work.checkpoint))?.places.at(-1)?.threads ?? undefined,
      });
    report.message(`engine: ${engine.description}`);
    try {
      refuseTooLarge(spec, engine, { images: dataset.count });
      return await runOn(
        engine,
        spec,
        dataset,
        digests,
        work,
        { ...options, out, report, signal },
        stopwatch,
        log,
      );
    } finally {
      if (engine !== options.engine) engine.dispose();
    }
  } catch (error) {
    try {
      if (!(error instanceof LostLockError)) stopwatch.keep();
    } catch {
      // What stopped the run, a full disk say, is what people must hear.
    }
    throw explainFullDisk(error, out);
  } finally {
    work.release();
  }
}

function finishedBundle(out: string, { run }: Digests, report: Reporter): Bundle | null {
  const path = findBundle(out, run);
  if (!path) return null;
  // Who asks for another engine must not take this for what that one gave.
  const told = readPlace(path)?.place;
  const where = told ? ` (${placeName({ ...told, name: told.engine })})` : "";
  report.message(
    `this run is finished${where}; its bundle is not made again; --again makes another beside it`,
  );
  return { path, digest: openBundle(path).digest };
}

/**
 * Refuses to reproduce a bundle with other data, or with a release that computes otherwise on
 * purpose.
 */
function refuseOthers(digests: Digests, expected: Digests): void {
  const reasons: [keyof Digests, string][] = [
    [
      "method",
      "it was made by another version of the method; take the release that provenance.json names",
    ],
    [
      "spec",
      "this release resolves its spec otherwise; take the release that provenance.json names",
    ],
    [
      "data",
      "the images here are not those that it was made of; --data FOLDER names the place of the datasets",
    ],
    ["run", "it was trained from another bundle than the one that lies here"],
  ];
  for (const [field, reason] of reasons) {
    if (digests[field] === expected[field]) continue;
    throw new UserError(
      `it cannot be reproduced: ${reason} (${field} ${expected[field]}, here ${digests[field]})`,
    );
  }
}

async function runOn(
  engine: Engine,
  spec: ResolvedSpec,
  dataset: Dataset,
  digests: Digests,
  work: Work,
  options: RunOptions & { out: string; report: Reporter },
  stopwatch: Stopwatch,
  log: Log,
): Promise<Bundle> {
  const { out, report, signal, again } = options;
  const unet = compileUNet(spec);
  const state = newState(unet, spec.training.emaDecay !== null);
  try {
    const shared = again ? null : findTrained(out, digests.training!);
    let trained: Trained;
    let previews: Uint8Array | null;
    if (shared) {
      report.message(`training: the same as that of ${shared}, whose model is taken`);
      const { tensors, losses } = await readTrained(shared);
      restoreState(state, tensors);
      const notes = [`the model was taken from ${basename(shared)}, a run of the same training`];
      trained = { losses, previews: null, places: sharedPlaces(shared), notes };
      previews = readPreviews(shared);
    } else {
      const from = spec.training.from;
      const start = from === null ? null : await readStart(from, spec);
      const training = {
        engine,
        spec,
        dataset,
        state,
        start,
        work,
        trainingKey: digests.training!,
        report,
        signal,
      };
      trained = await trainPhase({ ...training, stopwatch, elsewhere: options.elsewhere ?? false });
      previews = await previewsPng(spec, trained.previews);
    }
    const tensors = await stateTensors(state);
    const samples = await withAverage(state, () =>
      samplePhase({
        engine,
        spec,
        predict: unet.apply,
        folder: join(work.path, `samples-${digests.spec.slice(0, 16)}`),
        mayKeep: work.check,
        onKept: stopwatch.keep,
        report,
        signal,
      }));
    const evaluation = await evaluate(engine, spec, dataset, samples.images.get("0"), options);
    signal?.throwIfAborted();
    report.message("writing the bundle");
    const name = bundleName(options.source?.path ?? specName(spec), digests.run);
    const bundle = await writeBundle({
      work,
      path: again ? freePath(join(out, name)) : join(out, name),
      computed: {
        spec,
        digests,
        dataset,
        network: unet.summary(),
        tensors,
        samples,
        evaluation,
        ...trained,
      },
      engine,
      trained,
      previews,
      stopwatch,
      source: options.source,
      log: log.text(),
    });
    work.remove();
    return bundle;
  } finally {
    disposeState(state);
  }
}

/** Scores the unturned samples, where the spec asks for scores. */
async function evaluate(
  engine: Engine,
  spec: ResolvedSpec,
  dataset: Dataset,
  upright: TensorData | undefined,
  { dataRoot, report = silent }: RunOptions,
): Promise<Evaluation | null> {
  if (spec.evaluation.metrics.length === 0 || !upright) return null;
  const images = upright.data as Uint8Array;
  const { imageSize, channels, evaluation, seed } = spec;
  const samples = { images, count: upright.shape[0]!, imageSize, channels, digest: sha256(images) };
  const found = await evaluateSamples({
    engine,
    samples,
    dataset,
    evaluation,
    seed,
    dataRoot,
    progress: report,
  });
  report.done();
  for (const { metric, value, standardError } of found.scores) {
    report.message(
      `${metric}: ${value.toPrecision(5)}${
        standardError === null ? "" : ` ± ${standardError.toPrecision(2)}`
      }`,
    );
  }
  for (const note of found.notes) report.message(note);
  return found;
}

interface BundleInput {
  work: Work;
  path: string;
  computed: Parameters<typeof payloadFiles>[0];
  engine: Engine;
  trained: Trained;
  /** Of the training, which may be another run's. */
  previews: Uint8Array | null;
  stopwatch: Stopwatch;
  source: RunOptions["source"];
  log: string;
}

async function writeBundle(
  { work, path, computed, engine, trained, previews, stopwatch, source, log }: BundleInput,
): Promise<Bundle> {
  const { spec, digests, dataset } = computed;
  const payload = await payloadFiles(computed);
  try {
    const writer = createBundle(path);
    try {
      for (const [name, bytes] of payload) writer.payload(name, bytes);
      const told = { place: placeOf(engine), description: engine.description, dataset, trained };
      const times = { spent: stopwatch.spent(), finishedAt: stopwatch.now() };
      const tags: [string, Uint8Array | string][] = [
        ...(source ? [["spec-as-written.yaml", source.text] as [string, string]] : []),
        // Not in the payload: a run that takes another one's model has the other's, drawn by its
        // spec's sampling.
        ...(previews ? [["previews.png", previews] as [string, Uint8Array]] : []),
        ["environment.json", jsonText(environmentOf({ ...told, ...times }))],
        [
          "provenance.json",
          provenanceOf({ ...told, ...times, spec, digests, subjects: writer.payloadDigests() }),
        ],
        ["log.txt", log],
      ];
      for (const [name, bytes] of tags) writer.tag(name, bytes);
      const names = [
        ...payload.map(([name]) => `data/${name}`),
        ...tags.map(([name]) => name),
        "report.html",
      ];
      const title = `${basename(source?.path ?? "experiment").replace(/\.[^.]*$/, "")}, ${
        specName(spec)
      }`;
      const batchSize = Math.min(spec.training.batchSize, dataset.count);
      const summary = `${specName(spec)} on ${describeDataset(dataset)}. ` +
        `${counted(computed.losses.length, "step")} of ${counted(batchSize, "image")}` +
        `${dataset.count % batchSize === 0 ? "; " : ", fewer in an epoch's last; "}` +
        `${counted(spec.sampling.count, "image")} drawn at ${
          spec.sampling.rotation.map((angle) => `${angle}°`).join(", ")
        }.`;
      const digest = writer.digest();
      writer.tag("README.md", bundleReadme({ title, summary, digest, digests, names }));
      const context = { name: basename(path), summary, payload: writer.payloadDigests(), digest };
      writer.tag("report.html", await bundleReport(bundleFiles(writer.staging), context));
      work.check();
      return writer.finish();
    } catch (error) {
      writer.discard();
      throw error;
    }
  } catch (error) {
    throw explainFolder(error, path);
  }
}
