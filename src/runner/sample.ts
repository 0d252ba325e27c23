/**
 * More images from a trained model: a small bundle of its own, which names the bundle with the
 * model by its digest.
 */
import { basename, join, resolve } from "@std/path";
import { type Bundle, bundleName, createBundle } from "../bundle/bag.ts";
import { exists } from "../files/create.ts";
import { bundleReadme, type Digests, files, jsonText, resolvedSpecYaml } from "../bundle/layout.ts";
import { openBundle } from "../bundle/open.ts";
import type { SamplingEnvironment } from "../bundle/schemas.ts";
import { samplesSummary } from "../bundle/summary.ts";
import {
  drawingWeights,
  readBundleDigests,
  readBundleSpec,
  readClassNames,
} from "../bundle/read.ts";
import { type Engine, type EngineName, openEngine } from "../engines/mod.ts";
import { UserError } from "../errors.ts";
import { METHOD_VERSION, type ResolvedSpec, runDigest, specDigest, specName } from "../spec/mod.ts";
import { className, drawnClasses } from "../spec/labels.ts";
import { compileUNet } from "../unet/mod.ts";
import { setWeights } from "../unet/weights.ts";
import { sampleFiles } from "./contents.ts";
import { placeOf } from "./place.ts";
import { silent } from "./reporter.ts";
import type { RunOptions } from "./run.ts";
import { samplePhase } from "./sample_phase.ts";
import { samplingSpec } from "./sampling_spec.ts";
import { trainedDigest } from "./trained.ts";
import { openWork } from "./work.ts";
import { explainFolder, explainFullDisk } from "../files/results.ts";

/** How more images are drawn. */
export interface SampleRunOptions
  extends Pick<RunOptions, "threads" | "out" | "report" | "signal"> {
  /** An open engine, or the name of one to open; default `auto`. */
  engine?: Engine | EngineName | "auto" | undefined;
}

/** Classes in a bundle's name at most. */
const mostNamed = 3;

/** The chosen classes as words of a bundle's name; none where there are many, or all are drawn. */
function classWords(
  { sampling: { labels } }: ResolvedSpec,
  names: readonly string[] | null,
): string[] {
  const distinct = [...new Set(labels ?? [])];
  if (distinct.length > mostNamed) return [];
  return distinct.map((label) => className(label, names));
}

/**
 * Draws images from a bundle's model as a spec says, and writes them as a bundle of their own, or
 * finds it. The noise is keyed by the image's index: the first images of two counts are the same,
 * where the batch size is.
 *
 * @param parent the bundle with the model
 * @param overrides see {@link samplingSpec}
 * @throws UserError where the bundle is damaged or has no model
 */
export async function sampleBundle(
  parent: string,
  overrides: readonly string[],
  options: SampleRunOptions = {},
): Promise<Bundle> {
  const { out = "out", report = silent, signal } = options;
  const digest = trainedDigest(parent, "sample");
  const model = openBundle(parent);
  const own = readBundleDigests(model);
  const classNames = readClassNames(model);
  const spec = samplingSpec(readBundleSpec(model), overrides, classNames);
  const specIs = specDigest(spec);
  const digests: Digests = {
    spec: specIs,
    data: own.data,
    run: runDigest(specIs, own.data, METHOD_VERSION, digest),
    method: METHOD_VERSION,
    parent: digest,
  };
  const stem = basename(resolve(parent)).replace(/-[0-9a-f]{12}(-\d+)?$/, "");
  const words = ["samples", stem, ...classWords(spec, classNames)];
  const path = join(out, bundleName(`${words.join("-")}.yaml`, digests.run));
  const finished = () => {
    if (!exists(path)) return null;
    report.message("these images are drawn already; their bundle is not made again");
    const drawn = openBundle(path);
    if (readBundleDigests(drawn).run !== digests.run) {
      throw new UserError(`${path}: this is a bundle of another run; move it away`);
    }
    return { path, digest: drawn.digest };
  };
  const found = finished();
  if (found) return found;
  const work = await openWork(out, digests.run, "drawing these images", {
    say: report.message,
    signal,
  });
  try {
    const bundle = finished() ?? await draw();
    work.remove();
    return bundle;
  } catch (error) {
    throw explainFullDisk(error, out);
  } finally {
    work.release();
  }

  async function draw(): Promise<Bundle> {
    const startedAt = new Date();
    const engine = typeof options.engine === "object"
      ? options.engine
      : await openEngine(options.engine ?? "auto", {
        precision: spec.precision,
        threads: options.threads,
      });
    report.message(`engine: ${engine.description}`);
    try {
      const unet = compileUNet(spec);
      try {
        const weights = drawingWeights(model);
        if (weights === null) throw new UserError(`${parent}: it has no model`);
        setWeights(unet, await model.tensors(weights), join(parent, weights));
        const samples = await samplePhase({
          engine,
          spec,
          predict: unet.apply,
          folder: join(work.path, "samples"),
          mayKeep: work.check,
          report,
          signal,
        });
        const environment: SamplingEnvironment = {
          engine: engine.description,
          place: placeOf(engine),
          system: `${Deno.build.os} ${Deno.build.arch}`,
          data: { classNames },
          startedAt: startedAt.toISOString(),
          finishedAt: new Date().toISOString(),
        };
        return await write(await sampleFiles({ spec, samples, evaluation: null }), environment);
      } finally {
        unet.dispose();
      }
    } finally {
      if (engine !== options.engine) engine.dispose();
    }
  }

  async function write(
    drawn: Awaited<ReturnType<typeof sampleFiles>>,
    environment: SamplingEnvironment,
  ): Promise<Bundle> {
    try {
      const writer = createBundle(path);
      try {
        for (const [name, bytes] of [[files.spec, resolvedSpecYaml(spec)] as const, ...drawn]) {
          writer.payload(name, bytes);
        }
        writer.payload(files.digests, jsonText(digests));
        writer.tag("environment.json", jsonText(environment));
        const names = [...writer.payloadDigests().map(({ name }) => name), "environment.json"];
        const summary = samplesSummary(spec, { name: basename(resolve(parent)), digest });
        const title = `Samples of ${specName(spec)}`;
        writer.tag(
          "README.md",
          bundleReadme({
            title,
            summary,
            digest: writer.digest(),
            digests,
            names,
            classes: drawnClasses(spec, classNames),
          }),
        );
        work.check();
        return await Promise.resolve(writer.finish());
      } catch (error) {
        writer.discard();
        throw error;
      }
    } catch (error) {
      throw explainFolder(error, path);
    }
  }
}
