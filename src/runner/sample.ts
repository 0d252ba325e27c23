/**
 * Draws more images from a trained model, and writes them as a small bundle of their own. It names
 * the bundle with the model by its digest.
 */
import { basename, join, resolve } from "@std/path";
import { type Bundle, bundleName, createBundle } from "../bundle/bag.ts";
import { exists } from "../files/create.ts";
import { bundleReadme, type Digests, files, jsonText, resolvedSpecYaml } from "../bundle/layout.ts";
import { type CheckedBundle, openBundle } from "../bundle/open.ts";
import type { SamplingEnvironment } from "../bundle/schemas.ts";
import { samplesSummary } from "../bundle/summary.ts";
import {
  drawingWeights,
  readBundleDigests,
  readBundleSpec,
  readClassNames,
} from "../bundle/read.ts";
import { type Engine, type EngineName, openEngine } from "../engines/mod.ts";
import { UserError } from "../messages/errors.ts";
import { METHOD_VERSION, type ResolvedSpec, runDigest, specDigest, specName } from "../spec/mod.ts";
import { className, drawnClasses } from "../spec/labels.ts";
import { compileUNet } from "../unet/mod.ts";
import { setWeights } from "../unet/weights.ts";
import { sampleFiles } from "./contents.ts";
import { platformOf } from "./platform.ts";
import { requireSamplingMemory } from "./memory.ts";
import { type Progress, silentProgress } from "../messages/progress.ts";
import type { RunOptions } from "./run.ts";
import { samplePhase } from "./sample_phase.ts";
import { samplingSpec } from "./sampling_spec.ts";
import { trainedDigest } from "./trained.ts";
import { openWorkFolder, type WorkFolder } from "./work.ts";
import { explainFolder, explainFullDisk } from "../files/results.ts";

/** How to draw more images. */
export interface SampleRunOptions
  extends Pick<RunOptions, "threads" | "out" | "progress" | "signal"> {
  /** An open engine, or the name of one to open; default `auto`. */
  engine?: Engine | EngineName | "auto" | undefined;
}

/** Maximum number of classes in a bundle's name. */
const maxNamedClasses = 3;

/** The chosen classes for a bundle's name; none if there are many, or if all are drawn. */
function classesForName(
  { sampling: { labels } }: ResolvedSpec,
  names: readonly string[] | null,
): string[] {
  const distinct = [...new Set(labels ?? [])];
  if (distinct.length > maxNamedClasses) return [];
  return distinct.map((label) => className(label, names));
}

/** What to draw: from which model, how, and where to. */
interface Drawing {
  /** The bundle with the model. */
  model: CheckedBundle;
  spec: ResolvedSpec;
  digests: Digests & { parent: string };
  classNames: string[] | null;
  /** The folder of the new bundle. */
  path: string;
}

/**
 * Draws images from a bundle's model and writes them as a bundle of their own, or finds that
 * bundle. Noise depends on the index of an image, so a larger count at the same batch size begins
 * with the same images.
 *
 * @param parent the bundle with the model
 * @param overrides see {@link samplingSpec}
 * @throws UserError if the bundle is damaged or has no model
 */
export async function sampleBundle(
  parent: string,
  overrides: readonly string[],
  options: SampleRunOptions = {},
): Promise<Bundle> {
  const { out = "out", progress = silentProgress, signal } = options;
  const drawing = prepareDrawing(parent, overrides, out);
  const found = findDrawn(drawing, progress);
  if (found) return found;
  const waiting = { onMessage: progress.message, signal };
  using work = await openWorkFolder(out, drawing.digests.run, "drawing these images", waiting);
  try {
    // Another process may have drawn them before this one got the lock.
    const bundle = findDrawn(drawing, progress) ?? await draw(drawing, work, options);
    work.remove();
    return bundle;
  } catch (error) {
    throw explainFullDisk(error, out);
  }
}

/** Verifies the bundle with the model, and finds out what to draw. */
function prepareDrawing(parent: string, overrides: readonly string[], out: string): Drawing {
  const digest = trainedDigest(parent, "sample");
  const model = openBundle(parent);
  const { data } = readBundleDigests(model);
  const classNames = readClassNames(model);
  const spec = samplingSpec(readBundleSpec(model), overrides, classNames);
  const own = specDigest(spec);
  const digests = {
    spec: own,
    data,
    run: runDigest(own, data, METHOD_VERSION, digest),
    method: METHOD_VERSION,
    parent: digest,
  };
  const stem = basename(resolve(parent)).replace(/-[0-9a-f]{12}(-\d+)?$/, "");
  const words = ["samples", stem, ...classesForName(spec, classNames)];
  const path = join(out, bundleName(`${words.join("-")}.yaml`, digests.run));
  return { model, spec, digests, classNames, path };
}

/** The bundle of these images, if they have been drawn already. */
function findDrawn({ path, digests }: Drawing, progress: Progress): Bundle | null {
  if (!exists(path)) return null;
  progress.message("these images have already been drawn");
  const drawn = openBundle(path);
  if (readBundleDigests(drawn).run !== digests.run) {
    throw new UserError(`${path}: this bundle belongs to another run; move it away`);
  }
  return { path, digest: drawn.digest };
}

/** Draws the images, and writes their bundle. */
async function draw(
  drawing: Drawing,
  work: WorkFolder,
  options: SampleRunOptions,
): Promise<Bundle> {
  const { model, spec, classNames } = drawing;
  const { progress = silentProgress, signal, threads } = options;
  const startedAt = new Date();
  using held = new DisposableStack();
  const engine = typeof options.engine === "object"
    ? options.engine
    : await openEngine(options.engine ?? "auto", { precision: spec.precision, threads });
  if (engine !== options.engine) held.defer(() => engine.dispose());
  progress.message(`engine: ${engine.description}`);
  requireSamplingMemory(spec, engine);
  const unet = compileUNet(spec);
  held.defer(() => unet.dispose());
  const weights = drawingWeights(model);
  if (weights === null) throw new UserError(`${model.path}: it has no model`);
  setWeights(unet, await model.tensors(weights), join(model.path, weights));
  const folder = join(work.path, "samples");
  const phase = {
    engine,
    spec,
    predict: unet.apply,
    folder,
    checkLock: work.check,
    progress,
    signal,
  };
  const samples = await samplePhase(phase);
  const environment: SamplingEnvironment = {
    engine: engine.description,
    place: platformOf(engine),
    system: `${Deno.build.os} ${Deno.build.arch}`,
    data: { classNames },
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
  };
  const drawn = await sampleFiles({ spec, samples, evaluation: null });
  return writeSampleBundle(drawing, { drawn, environment, checkLock: work.check });
}

/** Writes the bundle of the drawn images. */
function writeSampleBundle(
  { model, spec, digests, classNames, path }: Drawing,
  { drawn, environment, checkLock }: {
    drawn: Awaited<ReturnType<typeof sampleFiles>>;
    environment: SamplingEnvironment;
    checkLock: () => void;
  },
): Bundle {
  try {
    using writer = createBundle(path);
    writer.payload(files.spec, resolvedSpecYaml(spec));
    for (const [name, bytes] of drawn) writer.payload(name, bytes);
    writer.payload(files.digests, jsonText(digests));
    writer.tag("environment.json", jsonText(environment));
    const names = [...writer.payloadDigests().map(({ name }) => name), "environment.json"];
    const parent = { name: basename(resolve(model.path)), digest: digests.parent };
    const readme = {
      title: `Samples of ${specName(spec)}`,
      summary: samplesSummary(spec, parent),
      digest: writer.digest(),
      digests,
      names,
      classes: drawnClasses(spec, classNames),
    };
    writer.tag("README.md", bundleReadme(readme));
    checkLock();
    return writer.finish();
  } catch (error) {
    throw explainFolder(error, path);
  }
}
