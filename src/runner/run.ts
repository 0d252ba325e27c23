/** One experiment from its resolved spec to its bundle: data, network, training, sampling, bundle. */
import { basename, join } from "@std/path";
import { type Bundle, bundleName, createBundle } from "../bundle/bag.ts";
import { bundleReadme, type Digests, files, jsonText } from "../bundle/layout.ts";
import { type Dataset, loadDataset } from "../datasets/mod.ts";
import { type Engine, type EngineName, openEngine } from "../engines/mod.ts";
import { UserError } from "../errors.ts";
import { readTensors, type TensorData } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";
import { METHOD_VERSION, type ResolvedSpec, runDigest, specDigest, specName, trainingDigest } from "../spec/mod.ts";
import { disposeState, newState, restoreState, stateTensors, withAverage } from "../training/state.ts";
import { compileUNet } from "../unet/mod.ts";
import { payloadFiles } from "./contents.ts";
import { environmentOf } from "./environment.ts";
import { type Reporter, silent } from "./reporter.ts";
import { samplePhase } from "./sample_phase.ts";
import { type Trained, trainPhase } from "./train_phase.ts";
import { explainFolder, findBundle, findTrained, openWork, type Work } from "./work.ts";

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
  /** Whom to tell how far it is; default nobody. */
  report?: Reporter | undefined;
  /** Stops the run; what was reached is kept, and the same run goes on there. */
  signal?: AbortSignal | undefined;
}

/** The digests of a run on a dataset. */
export function digestsOf(spec: ResolvedSpec, data: string): Digests {
  const digest = specDigest(spec);
  return {
    spec: digest,
    data,
    run: runDigest(digest, data),
    training: runDigest(trainingDigest(spec), data),
    method: METHOD_VERSION,
  };
}

/**
 * Runs an experiment, or finds its finished bundle. Stopped at any moment and called again, it goes on where it was.
 *
 * @throws UserError for what a person can mend: data that is missing, a folder that is closed, another process at work
 */
export async function runExperiment(spec: ResolvedSpec, options: RunOptions = {}): Promise<Bundle> {
  const { out = "out", report = silent, signal } = options, startedAt = new Date();
  const dataset = await loadDataset(spec, {
    dataRoot: options.dataRoot,
    skipBad: options.skipBad,
    onProgress: (done, all) => report.update(done, { of: all }),
  });
  report.message(`data: ${dataset.count.toLocaleString("en-US")} images, ${dataset.source}`);
  if (spec.classes !== null && dataset.classes !== null && dataset.classes > spec.classes) {
    throw new UserError(`classes: the spec has ${spec.classes}, and dataset ${dataset.name} has ${dataset.classes}`);
  }
  const digests = digestsOf(spec, dataset.digest);
  const finished = findBundle(out, digests.run);
  if (finished) {
    report.message("this run is finished; its bundle is not made again");
    return { path: finished, digest: sha256(Deno.readFileSync(join(finished, "manifest-sha256.txt"))) };
  }
  const work = openWork(out, digests.training!, `this run (${specName(spec)} on ${spec.dataset})`);
  try {
    const engine = typeof options.engine === "object"
      ? options.engine
      : await openEngine(options.engine ?? "auto", { precision: spec.precision });
    report.message(`engine: ${engine.description}`);
    try {
      return await runOn(engine, spec, dataset, digests, work, { ...options, out, report, signal }, startedAt);
    } finally {
      if (engine !== options.engine) engine.dispose();
    }
  } finally {
    work.release();
  }
}

async function runOn(
  engine: Engine,
  spec: ResolvedSpec,
  dataset: Dataset,
  digests: Digests,
  work: Work,
  options: RunOptions & { out: string; report: Reporter },
  startedAt: Date,
): Promise<Bundle> {
  const { out, report, signal } = options;
  const unet = compileUNet(spec), state = newState(unet, spec.training.emaDecay !== null);
  try {
    const shared = findTrained(out, digests.training!);
    let trained: Trained;
    if (shared) {
      report.message(`training: the same as that of ${shared}, whose model is taken`);
      const { tensors, losses } = await readTrained(shared);
      restoreState(state, tensors);
      trained = { losses, previews: null, imagesPerSecond: null, places: [`${engine.name} ${engine.device}`] };
    } else {
      const training = { engine, spec, dataset, state, work, trainingKey: digests.training!, report, signal };
      trained = await trainPhase({ ...training, elsewhere: options.elsewhere ?? false });
    }
    const tensors = await stateTensors(state);
    const samples = await withAverage(state, () =>
      samplePhase({
        engine,
        spec,
        predict: unet.apply,
        folder: join(work.path, `samples-${digests.spec.slice(0, 16)}`),
        report,
        signal,
      }));
    report.phase("writing the bundle", 1, "bundles");
    const bundle = await writeBundle({
      path: join(out, bundleName(options.source?.path ?? specName(spec), digests.run)),
      computed: { spec, digests, dataset, network: unet.summary(), tensors, samples, ...trained },
      environment: environmentOf({ engine, dataset, trained, startedAt }),
      source: options.source,
    });
    report.update(1);
    report.done();
    work.remove();
    return bundle;
  } finally {
    disposeState(state);
  }
}

async function readTrained(bundle: string): Promise<{ tensors: Map<string, TensorData>; losses: number[] }> {
  const tensors = new Map<string, TensorData>();
  const take = async (file: string, prefix: string) => {
    const path = join(bundle, "data", file);
    for (const [name, tensor] of await readTensors(path)) tensors.set(prefix + name, tensor);
  };
  await take(files.model, "model/");
  await take(files.optimizer, "");
  const names = [...Deno.readDirSync(join(bundle, "data"))].map(({ name }) => name);
  if (names.includes(files.average)) await take(files.average, "average/");
  const rows = Deno.readTextFileSync(join(bundle, "data", files.losses)).trim().split("\n").slice(1);
  return { tensors, losses: rows.map((row) => Number(row.split(",")[1])) };
}

interface BundleInput {
  path: string;
  computed: Parameters<typeof payloadFiles>[0];
  environment: Record<string, unknown>;
  source: RunOptions["source"];
}

async function writeBundle({ path, computed, environment, source }: BundleInput): Promise<Bundle> {
  const { spec, digests, dataset } = computed;
  const payload = await payloadFiles(computed);
  try {
    const writer = createBundle(path);
    try {
      for (const [name, bytes] of payload) writer.payload(name, bytes);
      const tags: [string, string][] = [
        ...(source ? [["spec-as-written.yaml", source.text] as [string, string]] : []),
        ["environment.json", jsonText(environment)],
      ];
      for (const [name, text] of tags) writer.tag(name, text);
      const names = [...payload.map(([name]) => `data/${name}`), ...tags.map(([name]) => name)];
      const title = `${basename(source?.path ?? "experiment").replace(/\.[^.]*$/, "")}, ${specName(spec)}`;
      const summary = `${specName(spec)} on ${dataset.count.toLocaleString("en-US")} images: ${dataset.source}. ` +
        `${computed.losses.length.toLocaleString("en-US")} steps of ${spec.training.batchSize} images; ` +
        `${spec.sampling.count} images drawn at ${spec.sampling.rotation.map((angle) => `${angle}°`).join(", ")}.`;
      writer.tag("README.md", bundleReadme({ title, summary, digest: writer.digest(), digests, names }));
      return writer.finish();
    } catch (error) {
      writer.discard();
      throw error;
    }
  } catch (error) {
    throw explainFolder(error, path);
  }
}
