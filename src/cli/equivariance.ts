/** `deno task equivariance`: how equivariant networks are to rotation and shift, in decibels. */
import { join } from "@std/path";
import { fillBatch, loadDataset } from "../datasets/mod.ts";
import { type Engine, type EngineName, openEngine } from "../engines/mod.ts";
import { UserError } from "../messages/errors.ts";
import type { Images } from "../evaluation/equivariance.ts";
import { type EquivarianceScore, measureEquivariance } from "../evaluation/equivariance_study.ts";
import {
  foldingTable,
  type NetworkSpectra,
  networkSpectra,
} from "../evaluation/network_spectra.ts";
import type { StudiedNetwork } from "../evaluation/trainings.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { setWeights } from "../unet/weights.ts";
import { readQualities, type StudiedBundle, studiedBundles } from "./equivariance_bundles.ts";
import { type Results, tellResults } from "./equivariance_files.ts";
import { dataFolder, parseOptions } from "./options.ts";
import type { Progress } from "../messages/progress.ts";
import { createProgress } from "./progress.ts";
import { print, printError } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Measure how equivariant trained networks are to rotation and shift, in decibels: more
is better.

Usage: deno task equivariance BUNDLE... [field=value ...] [options]

  BUNDLE         a bundle, or a folder of bundles
  field=value    override a field of each bundle's spec: sampling.sampler=ddim
                 sampling.steps=50

Options:
  --seeds N      independent repetitions, from which the 95 % intervals follow
                 (default: 5); for bundles that differ only in their seed, the
                 intervals are over these trainings
  --images N     images per repetition (default: 4)
  --angles=LIST  angles of the curve, in degrees (default: -90,-60,-30,30,60,90)
  --spectra      also measure the spectrum of each layer's image before and after its
                 nonlinearity, and the share of energy above the layer's Nyquist
                 frequency, which folds back (docs/spectra.md)
  --no-runs      measure only the network's prediction; whole sampling runs take
                 longest
  --upright      show the network of a run the image turned and shifted back: what the
                 run then loses is not the network's
  --quality NAME what equivariance is compared with: loss (default), the mean over
                 the last tenth of the training, or a score of the samples, such as
                 classifier-fid
  --engine NAME  auto (default), tensorflow, webgpu, wasm, cpu
  --data FOLDER  where the datasets are (default: data)
  --out FOLDER   write the tables there as Markdown, CSV and LaTeX, every score as
                 CSV, and the figures as SVG and PNG: EQ-R over the angle, and
                 quality against equivariance (docs/equivariance.md lists the files)

EQ-T (whole pixels), EQ-T_frac and EQ-R (rotation) are StyleGAN3's; the shift PSNR is
that of Alias-Free Latent Diffusion. The score of a prediction compares f(rotated x)
with rotated f(x) at five noise levels. The score of a run compares the image of a
run with rotation or shift with the transformed image of a run without. Rotation
needs images of at least 16 pixels.

Examples:
  deno task equivariance out sampling.steps=100 --out equivariance
  deno task equivariance out --no-runs --quality classifier-fid --out equivariance`;

const defaultAngles = "-90,-60,-30,30,60,90";

/** Measures the bundles' networks and prints tables. */
export async function run(args: string[]): Promise<number> {
  const { values, flags, words } = parseOptions(
    args,
    ["seeds", "images", "angles", "engine", "data", "out", "quality"],
    ["no-runs", "spectra", "upright"],
  );
  const overrides = words.filter((word) => word.includes("="));
  const paths = words.filter((word) => !word.includes("="));
  if (paths.length === 0) {
    throw new UserError("equivariance needs bundles. For example: deno task equivariance out");
  }
  const angles = anglesOf(values.angles ?? defaultAngles);
  // The measured runs turn by these angles, whatever the bundle's own runs do.
  const rotation = `sampling.rotation=[${angles.join(", ")}]`;
  const bundles = studiedBundles(paths, [rotation, ...overrides]);
  const judge = qualitiesOf(bundles, values.quality);
  const measuring: Measuring = {
    seeds: wholeNumber(values.seeds ?? "5", "--seeds"),
    perSeed: wholeNumber(values.images ?? "4", "--images"),
    angles,
    runs: !flags["no-runs"],
    isUpright: flags.upright,
    hasSpectra: flags.spectra,
    data: dataFolder(values.data),
    progress: createProgress(),
  };
  const networks = new Map<StudiedBundle, StudiedNetwork>();
  const spectra: NetworkSpectra[] = [];
  const engine = await openEngine((values.engine ?? "auto") as EngineName | "auto");
  try {
    for (const bundle of bundles) {
      const found = await measureBundle(bundle, engine, measuring);
      networks.set(bundle, found.network);
      if (found.spectra) spectra.push(found.spectra);
    }
  } finally {
    engine.dispose();
  }
  const measured = [...networks.values()];
  await tellResults({ networks: measured, judged: judge(networks), spectra }, values.out);
  if (spectra.length > 0) print(`\n${foldingTable(spectra)}`);
  return 0;
}

/**
 * Reads the bundles' quality before anything is measured. Without being asked for, a comparison
 * that is not possible is left out.
 */
function qualitiesOf(
  bundles: readonly StudiedBundle[],
  name: string | undefined,
): (networks: ReadonlyMap<StudiedBundle, StudiedNetwork>) => Results["judged"] {
  try {
    const { of, ...quality } = readQualities(bundles, name ?? "loss");
    return (networks) => ({
      ...quality,
      networks: [...networks].flatMap(([bundle, network]) => {
        const known = of.get(bundle);
        return known ? [{ ...network, quality: known }] : [];
      }),
    });
  } catch (error) {
    if (name !== undefined || !(error instanceof UserError)) throw error;
    printError(`quality and equivariance are not compared: ${error.message}`);
    return () => null;
  }
}

/** How the networks are measured. */
interface Measuring {
  seeds: number;
  /** Images for each of them. */
  perSeed: number;
  angles: number[];
  /** Whether whole sampling runs are measured, too. */
  runs: boolean;
  /** Whether their network sees the image moved back. */
  isUpright: boolean;
  hasSpectra: boolean;
  /** Where datasets lie. */
  data: string;
  progress: Progress;
}

async function measureBundle(
  { bundle, weights, spec, name, folder, configuration, data }: StudiedBundle,
  engine: Engine,
  { seeds, perSeed, angles, runs, isUpright, hasSpectra, data: dataRoot, progress }: Measuring,
): Promise<{ network: StudiedNetwork; spectra: NetworkSpectra | null }> {
  const images = await imagesOf(spec, seeds * perSeed, dataRoot);
  const unet = compileUNet(spec);
  try {
    setWeights(unet, await bundle.tensors(weights), join(bundle.path, weights));
    progress.message(`${folder}: ${name} on ${spec.dataset}`);
    const scores = await study(progress, {
      seeds,
      angles,
      images,
      spec,
      engine,
      predict: unet.apply,
      transformations: 2,
      runs,
      isUpright,
    });
    if (hasSpectra) progress.message(`the spectra of ${name}'s layers`);
    return {
      network: { name, bundle: folder, seed: spec.seed, configuration, data, scores },
      spectra: hasSpectra
        ? { name, bundle: folder, layers: networkSpectra(unet, spec, images) }
        : null,
    };
  } finally {
    unet.dispose();
  }
}

async function study(
  progress: Progress,
  options: Parameters<typeof measureEquivariance>[0],
): Promise<EquivarianceScore[]> {
  let started = false;
  const scores = await measureEquivariance({
    ...options,
    onProgress: (done, total) => {
      if (!started) progress.phase("equivariance", total, "evaluations");
      started = true;
      progress.update(done);
    },
  });
  progress.done();
  return scores;
}

function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new UserError(`${option} must be a whole number from 1, not ${JSON.stringify(text)}`);
  }
  return value;
}

function anglesOf(text: string): number[] {
  const angles = text.split(",").filter((word) => word.trim() !== "").map(Number);
  if (angles.some((angle) => !Number.isFinite(angle) || angle === 0)) {
    throw new UserError(
      `--angles must be degrees other than 0, separated by commas, not ${JSON.stringify(text)}`,
    );
  }
  return [...new Set(angles)].sort((a, b) => a - b);
}

/** Images spread evenly over the spec's dataset. */
async function imagesOf(
  spec: ResolvedSpec,
  count: number,
  dataRoot: string | undefined,
): Promise<Images> {
  const dataset = await loadDataset(spec, { dataRoot });
  const { imageSize, channels } = dataset;
  if (dataset.count < count) {
    throw new UserError(
      `the dataset has only ${dataset.count} of the ${count} images needed; ` +
        "lower --seeds or --images",
    );
  }
  const values = new Float32Array(count * imageSize ** 2 * channels);
  fillBatch(
    dataset,
    Array.from({ length: count }, (_, i) => Math.floor(i * dataset.count / count)),
    values,
  );
  return { shape: [count, imageSize, imageSize, channels], values };
}
