/** `deno task equivariance`: how equivariant networks are to rotation and shift, in decibels. */
import { basename, join } from "@std/path";
import { writeFileAtomic } from "../files/create.ts";
import { openBundle } from "../bundle/open.ts";
import {
  drawingWeights,
  findBundles,
  readBundleDigests,
  readSpecWithImages,
} from "../bundle/read.ts";
import { fillBatch, loadDataset } from "../datasets/mod.ts";
import { type EngineName, openEngine } from "../engines/mod.ts";
import { UserError } from "../messages/errors.ts";
import { type Images, measures } from "../evaluation/equivariance.ts";
import { type EquivarianceScore, measureEquivariance } from "../evaluation/equivariance_study.ts";
import {
  curvesOf,
  scoresCsv,
  type StudiedNetwork,
  summaryTable,
} from "../evaluation/equivariance_table.ts";
import { parseSpec, type ResolvedSpec, resolveSpec, specDigest, specName } from "../spec/mod.ts";
import {
  foldingTable,
  halfPixelCurves,
  type NetworkSpectra,
  networkSpectra,
  spectraCsv,
} from "../evaluation/network_spectra.ts";
import { curvePlot } from "../report/plots.ts";
import { compileUNet } from "../unet/mod.ts";
import { setWeights } from "../unet/weights.ts";
import { dataFolder, parseOptions } from "./options.ts";
import type { Progress } from "../messages/progress.ts";
import { createProgress } from "./progress.ts";
import { print } from "../messages/terminal.ts";

const kinds = ["prediction", "run"] as const;
/** The name of a curve's files, without extension. */
const curvesFile = (kind: (typeof kinds)[number]) => `equivariance-${kind}`;

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
  --engine NAME  auto (default), tensorflow, webgpu, wasm, cpu
  --data FOLDER  where the datasets are (default: data)
  --out FOLDER   write equivariance.csv there, and as .svg and .png
                 ${kinds.map(curvesFile).join(", ")}

EQ-T (whole pixels), EQ-T_frac and EQ-R (rotation) are StyleGAN3's; the shift PSNR is
that of Alias-Free Latent Diffusion. The score of a prediction compares f(rotated x)
with rotated f(x) at five noise levels. The score of a run compares the image of a
run with rotation or shift with the transformed image of a run without. Rotation
needs images of at least 16 pixels.

Example:
  deno task equivariance out sampling.steps=100 --out equivariance`;

const defaultAngles = "-90,-60,-30,30,60,90";

/** Measures the bundles' networks and prints a table. */
export async function run(args: string[]): Promise<number> {
  const { values, flags, words } = parseOptions(
    args,
    ["seeds", "images", "angles", "engine", "data", "out"],
    ["no-runs", "spectra"],
  );
  const overrides = words.filter((word) => word.includes("="));
  const paths = words.filter((word) => !word.includes("="));
  if (paths.length === 0) {
    throw new UserError("equivariance needs bundles. For example: deno task equivariance out");
  }
  // Folders may also contain bundles of `sample`, which have no model.
  const found = findBundles(paths).map((path) => openBundle(path));
  const bundles = found.flatMap((bundle) => {
    const weights = drawingWeights(bundle);
    return weights === null ? [] : [{ bundle, weights }];
  });
  if (bundles.length === 0) {
    throw new UserError(
      `${paths.join(", ")}: has no model; name the bundle that it was sampled from`,
    );
  }
  const seeds = wholeNumber(values.seeds ?? "5", "--seeds");
  const perSeed = wholeNumber(values.images ?? "4", "--images");
  const angles = anglesOf(values.angles ?? defaultAngles);
  const progress = createProgress();
  const networks: StudiedNetwork[] = [];
  const spectra: NetworkSpectra[] = [];
  const data = dataFolder(values.data);
  const engine = await openEngine((values.engine ?? "auto") as EngineName | "auto");
  try {
    for (const { bundle, weights } of bundles) {
      const { path } = bundle;
      // The measured runs turn by these angles, whatever the bundle's own runs do.
      const spec = resolveSpec(
        parseSpec(JSON.stringify(readSpecWithImages(bundle))),
        [`sampling.rotation=[${angles.join(", ")}]`, ...overrides],
      );
      const images = await imagesOf(spec, seeds * perSeed, data);
      const unet = compileUNet(spec);
      try {
        setWeights(unet, await bundle.tensors(weights), join(path, weights));
        const name = specName(spec);
        progress.message(`${basename(path)}: ${name} on ${spec.dataset}`);
        const options = {
          seeds,
          angles,
          images,
          spec,
          engine,
          predict: unet.apply,
          transformations: 2,
        };
        const scores = await study(progress, { ...options, runs: !flags["no-runs"] });
        networks.push({
          name,
          bundle: basename(path),
          kin: `${specDigest({ ...spec, seed: 0 })} ${readBundleDigests(bundle).data}`,
          scores,
        });
        if (flags.spectra) {
          progress.message(`the spectra of ${name}'s layers`);
          const layers = networkSpectra(unet, spec, images);
          spectra.push({ name, bundle: basename(path), layers });
        }
      } finally {
        unet.dispose();
      }
    }
  } finally {
    engine.dispose();
  }
  print(summaryTable(networks));
  if (spectra.length > 0) print(`\n${foldingTable(spectra)}`);
  if (values.out !== undefined) {
    await writeResults(values.out, networks);
    if (spectra.length > 0) await writeSpectra(values.out, spectra);
  }
  return 0;
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

async function writeResults(folder: string, networks: StudiedNetwork[]): Promise<void> {
  Deno.mkdirSync(folder, { recursive: true });
  const written = [join(folder, "equivariance.csv")];
  writeFileAtomic(written[0]!, new TextEncoder().encode(scoresCsv(networks)));
  for (const kind of kinds) {
    const curves = curvesOf(networks, kind);
    if (curves.length === 0) continue;
    const bands = curves.flatMap(({ points, spread }) =>
      points.flatMap(([_, y], i) => y === null ? [] : [[y - spread[i]!, y + spread[i]!]])
    );
    const what = kind === "run" ? "Sampling runs with rotation" : "Predictions of rotated images";
    const plot = await curvePlot({
      title: `${what}: ${measures[2]} over the angle`,
      note: "bands: 95 % confidence, as in the table",
      x: { name: "angle (degrees)", ticks: { every: 30, text: String } },
      // The plot's own limits would not include the bands.
      y: {
        name: "EQ-R (dB)",
        min: Math.floor(Math.min(...bands.map(([low]) => low!))),
        max: Math.ceil(Math.max(...bands.map(([_, high]) => high!))),
      },
      curves,
    });
    const stem = join(folder, curvesFile(kind));
    writeFileAtomic(`${stem}.svg`, new TextEncoder().encode(plot.svg));
    writeFileAtomic(`${stem}.png`, plot.png);
    written.push(`${stem}.svg`, `${stem}.png`);
  }
  print(`written: ${written.join(", ")}`);
}

async function writeSpectra(folder: string, spectra: NetworkSpectra[]): Promise<void> {
  const plot = await curvePlot({
    title: "How far each nonlinearity fails to commute with half a pixel",
    note: "from the network's input to its output",
    x: { name: "nonlinearity" },
    y: { name: "share of the energy (%)", min: 0 },
    curves: halfPixelCurves(spectra),
  });
  const names = ["spectra.csv", "half-pixel.svg", "half-pixel.png"].map((name) =>
    join(folder, name)
  );
  const [csv, svg, png] = names as [string, string, string];
  const encoder = new TextEncoder();
  writeFileAtomic(csv, encoder.encode(spectraCsv(spectra)));
  writeFileAtomic(svg, encoder.encode(plot.svg));
  writeFileAtomic(png, plot.png);
  print(`written: ${names.join(", ")}`);
}
