/** `deno task evaluate`: FID, KID and IS of one set of images against another. */
import { basename } from "@std/path";
import { isBundle, readSamples, readSpecWithImages } from "../bundle/read.ts";
import { counted } from "../messages/counted.ts";
import { type Dataset, loadDataset } from "../datasets/mod.ts";
import { openEngine } from "../engines/mod.ts";
import { UserError } from "../messages/errors.ts";
import {
  chooseExtractor,
  type Evaluation,
  fewImagesWarning,
  type Score,
  score,
} from "../evaluation/evaluate.ts";
import { imagesInMemory, type ImageSource } from "../evaluation/extract.ts";
import { imagesInFolder } from "../evaluation/folder.ts";
import { metricLabel, scoreHalf } from "../evaluation/table.ts";
import { scoreText } from "../evaluation/table_text.ts";
import { inColumns } from "../formats/columns.ts";
import { sha256 } from "../formats/sha256.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { defaultFolder } from "./folders.ts";
import { createProgress } from "./progress.ts";
import { print, printError } from "../messages/terminal.ts";
import { figureText } from "../tables/figure.ts";

/** What `--help` prints. */
export const help =
  `Score the images of A against those of B: FID, KID and Inception Score, with 95 %
intervals.

Usage: deno task evaluate A B

  A, B  bundles, or folders of PNG or JPEG images, in any combination

The features of B are cached in data/.cache for the next evaluation. The Inception
weights are downloaded once from torch-fidelity's release page. Without a network,
put the file weights-inception-2015-12-05-6726825d.pth into data/, or name it in
INCEPTION_WEIGHTS. If the weights are not available and A or B is a bundle, a
classifier trained on its dataset replaces Inception, and the scores get other names.`;

/** The published settings, for folders; a bundle's spec has its own. */
const published = {
  metrics: ["fid", "kid", "is"],
  kidSubsets: 100,
  kidSubsetSize: 1000,
  isSplits: 10,
} as const;

/** Scores A against B and prints the scores. */
export async function run(args: string[]): Promise<number> {
  const [a, b, ...more] = args;
  if (a === undefined || b === undefined || more.length > 0) {
    throw new UserError(
      `evaluate takes two bundles or folders of images; got ${args.length}\n\n${help}`,
    );
  }
  const generated = await openImages(a);
  const reference = await openImages(b);
  const spec = generated.spec ?? reference.spec;
  const progress = createProgress();
  const dataRoot = defaultFolder("data");
  const engine = await openEngine("auto");
  try {
    const dataset = spec && await datasetOf(spec, progress.message);
    const chosen = await chooseExtractor(engine, dataset, { dataRoot, progress });
    if (!chosen) {
      throw new UserError(
        "without the Inception weights, only bundles of datasets with labels can be scored (see above)",
      );
    }
    const evaluation = spec?.evaluation.metrics.length
      ? spec.evaluation
      : { ...published, metrics: [...published.metrics] };
    const options = { ...evaluation, seed: spec?.seed ?? 0 };
    const found = await score(chosen, generated.images, reference.images, options, {
      dataRoot,
      progress,
    });
    progress.done();
    const warning = fewImagesWarning(generated.images.count, reference.images.count);
    if (warning) progress.message(warning);
    print(scoreLines(found).join("\n"));
  } finally {
    engine.dispose();
  }
  return 0;
}

/** A bundle's unrotated samples, or a folder's images. */
async function openImages(
  path: string,
): Promise<{ images: ImageSource; spec: ResolvedSpec | null }> {
  if (!isBundle(path)) {
    const images = await imagesInFolder(path);
    for (const note of images.notes) printError(note);
    return { images, spec: null };
  }
  const samples = await readSamples(path);
  const digest = sha256(samples.images);
  return {
    images: imagesInMemory({ name: basename(path), digest, ...samples }),
    spec: readSpecWithImages(path),
  };
}

/** The dataset of a spec; null if it is not available, because Inception does not need it. */
async function datasetOf(
  spec: ResolvedSpec,
  onMessage: (text: string) => void,
): Promise<Dataset | null> {
  try {
    return await loadDataset(spec, { dataRoot: defaultFolder("data") });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onMessage(`the bundle's dataset is not available: ${error.message}`);
    return null;
  }
}

const scoreError = "± is half the 95 % confidence interval, due to the choice of the images";

/** The scores as lines of text. */
export function scoreLines(
  { scores, generated, reference, notes, extractor }: Evaluation,
): string[] {
  const rows = scores.map((one) => {
    const { label, text } = scoreText(one);
    return [label, text, detail(one)];
  });
  return [
    `${counted(generated.count, "image")} against ${reference.count} of ${reference.name}` +
    (extractor
      ? `, seen by ${extractor.name} ${extractor.digest.slice(0, 12)}; ${scoreError}`
      : ""),
    ...inColumns(rows).map((row) => `  ${row}`),
    ...notes.map((note) => `- ${note}`),
  ];
}

/** Details of a score, with as many decimals. */
function detail(one: Score): string {
  const { subsets, subsetSize, allRows, splits, standardDeviation } = one;
  const figure = (value: number) => figureText(value, scoreHalf(one), metricLabel(one).times).value;
  if (subsets !== undefined && allRows !== undefined) {
    return `${counted(subsets, "subset")} of ${subsetSize}, spread ${
      figure(standardDeviation!)
    }; all images ${figure(allRows)}`;
  }
  if (splits === undefined) return "";
  // A single split has no spread.
  return counted(splits, "split") + (splits === 1 ? "" : `, spread ${figure(standardDeviation!)}`);
}
