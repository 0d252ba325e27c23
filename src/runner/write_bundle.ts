/** Writes the bundle of a run. */
import { basename } from "@std/path";
import { type Bundle, type BundleWriter, createBundle } from "../bundle/bag.ts";
import { bundleReadme, jsonText } from "../bundle/layout.ts";
import { bundleFiles } from "../bundle/open.ts";
import { runSummary } from "../bundle/summary.ts";
import type { Engine } from "../engines/mod.ts";
import { sampleSpectrum, spectrumText } from "../evaluation/sample_spectrum.ts";
import { drawnClasses } from "../spec/labels.ts";
import { specName } from "../spec/mod.ts";
import { bundleReport } from "../report/report.ts";
import { payloadFiles, type RunResults } from "./contents.ts";
import { diaryName } from "./diary.ts";
import { environmentOf, provenanceOf } from "./environment.ts";
import { platformOf } from "./platform.ts";
import type { Stopwatch } from "./time_spent.ts";
import type { TrainingResult } from "./train_phase.ts";
import { explainFolder } from "../files/results.ts";

/** Everything that goes into a bundle. */
export interface BundleInput {
  /** The folder of the finished bundle. */
  path: string;
  /** Throws if another process has taken over the run; called before the bundle is moved there. */
  checkLock: () => void;
  results: RunResults;
  engine: Engine;
  trained: TrainingResult;
  /** The sheet of previews, possibly from the run whose model was reused. */
  previews: Uint8Array | null;
  stopwatch: Stopwatch;
  /** The spec's file, which names the bundle, and its text, which goes into the bundle. */
  source: { path: string; text: string } | undefined;
  /** Where the images are, if the spec says so. */
  imagesAt: string | null;
  log: string;
  /** The text of progress.jsonl. */
  diary: string;
}

/** Writes a run's bundle. */
export async function writeBundle(input: BundleInput): Promise<Bundle> {
  // Drawn before the folder is created, so that an error leaves nothing behind.
  const payload = await payloadFiles(input.results);
  try {
    using writer = createBundle(input.path);
    for (const [name, bytes] of payload) writer.payload(name, bytes);
    const tags = tagFiles(input, writer);
    for (const [name, bytes] of tags) writer.tag(name, bytes);
    await describe(input, writer, tags.map(([name]) => name));
    input.checkLock();
    return writer.finish();
  } catch (error) {
    throw explainFolder(error, input.path);
  }
}

/** The files outside the payload, except README and report. */
function tagFiles(
  { results, engine, trained, previews, stopwatch, source, imagesAt, log, diary }: BundleInput,
  writer: BundleWriter,
): [name: string, bytes: Uint8Array | string][] {
  const { spec, digests, dataset } = results;
  const facts = {
    place: platformOf(engine),
    description: engine.description,
    dataset,
    imagesAt,
    trained,
    spent: stopwatch.spent(),
    finishedAt: stopwatch.now(),
  };
  const subjects = writer.payloadDigests();
  const files: [string, Uint8Array | string | null][] = [
    ["spec-as-written.yaml", source?.text ?? null],
    // Outside the payload, because a run that reuses a model copies the previews of another run.
    ["previews.png", previews],
    ["spectrum.csv", spectrumOf(results)],
    ["environment.json", jsonText(environmentOf(facts))],
    ["provenance.json", provenanceOf({ ...facts, spec, digests, subjects })],
    ["log.txt", log],
    [diaryName, diary],
  ];
  return files.flatMap(([name, bytes]) => bytes === null ? [] : [[name, bytes]]);
}

/** The spectra of the unrotated samples and of the dataset; null if all samples are rotated. */
function spectrumOf({ samples, dataset, spec }: RunResults): string | null {
  const upright = samples.images.get("0");
  if (!upright || !(upright.data instanceof Uint8Array)) return null;
  const { imageSize, channels } = spec;
  const drawn = { images: upright.data, count: upright.shape[0] ?? 0, imageSize, channels };
  return spectrumText(sampleSpectrum(drawn, dataset));
}

/** Adds the README and the report, which list the other files. */
async function describe(
  { path, results, source }: BundleInput,
  writer: BundleWriter,
  tags: readonly string[],
): Promise<void> {
  const { spec, digests, dataset } = results;
  const stem = basename(source?.path ?? "experiment").replace(/\.[^.]*$/, "");
  const summary = runSummary({ spec, data: dataset, steps: results.losses.length });
  const digest = writer.digest();
  const payload = writer.payloadDigests();
  const names = [...payload.map(({ name }) => name), ...tags, "report.html"];
  const title = `${stem}, ${specName(spec)}`;
  const classes = drawnClasses(spec, dataset.classNames);
  const { notes } = dataset;
  writer.tag("README.md", bundleReadme({ title, summary, digest, digests, names, classes, notes }));
  const context = { name: basename(path), payload, digest };
  writer.tag("report.html", await bundleReport(bundleFiles(writer.staging), context));
}
