/** What a run came to, as its bundle. */
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
import { type Computed, payloadFiles } from "./contents.ts";
import { diaryName } from "./diary.ts";
import { environmentOf, provenanceOf } from "./environment.ts";
import { platformOf } from "./platform.ts";
import type { Stopwatch } from "./time_spent.ts";
import type { TrainingResult } from "./train_phase.ts";
import { explainFolder } from "../files/results.ts";

/** All that goes into a bundle. */
export interface BundleInput {
  /** Where it will be. */
  path: string;
  /** Is called before it is put there, and throws where it must not be. */
  checkLock: () => void;
  computed: Computed;
  engine: Engine;
  trained: TrainingResult;
  /** The sheet of images drawn while training, which may have been another run's. */
  previews: Uint8Array | null;
  stopwatch: Stopwatch;
  /** The spec's file, which names the bundle, and the text that goes into it. */
  source: { path: string; text: string } | undefined;
  /** Where the images lie, where the spec says so. */
  imagesAt: string | null;
  log: string;
  /** See `diary.ts`. */
  diary: string;
}

/** Writes a run's bundle. */
export async function writeBundle(input: BundleInput): Promise<Bundle> {
  // Made before the folder is: what cannot be drawn leaves nothing behind.
  const payload = await payloadFiles(input.computed);
  try {
    const writer = createBundle(input.path);
    try {
      for (const [name, bytes] of payload) writer.payload(name, bytes);
      const tags = tagFiles(input, writer);
      for (const [name, bytes] of tags) writer.tag(name, bytes);
      await describe(input, writer, tags.map(([name]) => name));
      input.checkLock();
      return writer.finish();
    } catch (error) {
      writer.discard();
      throw error;
    }
  } catch (error) {
    throw explainFolder(error, input.path);
  }
}

/** The files outside the payload: what was told, where and when. */
function tagFiles(
  { computed, engine, trained, previews, stopwatch, source, imagesAt, log, diary }: BundleInput,
  writer: BundleWriter,
): [name: string, bytes: Uint8Array | string][] {
  const { spec, digests, dataset } = computed;
  const told = {
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
    // Not in the payload: a run that takes another one's model has the other's.
    ["previews.png", previews],
    ["spectrum.csv", spectrumOf(computed)],
    ["environment.json", jsonText(environmentOf(told))],
    ["provenance.json", provenanceOf({ ...told, spec, digests, subjects })],
    ["log.txt", log],
    [diaryName, diary],
  ];
  return files.flatMap(([name, bytes]) => bytes === null ? [] : [[name, bytes]]);
}

/** The spectrum of the upright samples beside the dataset's; null where none are upright. */
function spectrumOf({ samples, dataset, spec }: Computed): string | null {
  const upright = samples.images.get("0");
  if (!upright || !(upright.data instanceof Uint8Array)) return null;
  const { imageSize, channels } = spec;
  const drawn = { images: upright.data, count: upright.shape[0] ?? 0, imageSize, channels };
  return spectrumText(sampleSpectrum(drawn, dataset));
}

/** Adds the README and the report, which name the others. */
async function describe(
  { path, computed, source }: BundleInput,
  writer: BundleWriter,
  tags: readonly string[],
): Promise<void> {
  const { spec, digests, dataset } = computed;
  const stem = basename(source?.path ?? "experiment").replace(/\.[^.]*$/, "");
  const summary = runSummary({ spec, data: dataset, steps: computed.losses.length });
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
