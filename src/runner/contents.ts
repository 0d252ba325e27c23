/**
 * The payload files of a run's bundle. Each depends only on what the run computed, never on times,
 * hosts or versions.
 */
import type { Dataset } from "../datasets/mod.ts";
import { noiseSchedule, toPixels } from "../diffusion/mod.ts";
import { files, jsonText, resolvedSpecYaml } from "../bundle/layout.ts";
import { encodeTensors, type TensorData } from "../formats/safetensors.ts";
import { type DerivedFile, filterFiles, lossFiles, lowpassesOf } from "../report/derived.ts";
import { samplePictures, shortName } from "../report/pictures.ts";
import { resamplingSheet } from "../report/resampling.ts";
import { pictureRange, type Pictures, previewSheet, strip } from "../report/sheet.ts";
import { classOfImage, type DrawnClasses } from "../spec/labels.ts";
import { drawnLabels, type ResolvedSpec, specName } from "../spec/mod.ts";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { type Digests, lossesText, type Metrics } from "../bundle/schemas.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { sha256 } from "../formats/sha256.ts";
import { evenlySpacedStates, type Samples } from "./sample_phase.ts";

/** The results that the files are made from. */
export interface RunResults {
  spec: ResolvedSpec;
  digests: Digests;
  dataset: Dataset;
  /** The network's summary. */
  network: string;
  /** The training state, see `stateTensors`. */
  tensors: ReadonlyMap<string, TensorData>;
  losses: number[];
  samples: Samples;
  /** The scores, or null if the spec asks for none. */
  evaluation: Evaluation | null;
}

/** Makes all payload files. */
export async function payloadFiles(results: RunResults): Promise<DerivedFile[]> {
  const { spec, digests, network, losses } = results;
  return [
    [files.spec, resolvedSpecYaml(spec)],
    [files.digests, jsonText(digests)],
    [files.network, network + "\n"],
    ...weightFiles(results),
    [files.losses, lossesText(losses)],
    ...await lossFiles(spec, losses.map((loss, i) => ({ step: i + 1, loss }))),
    ...await filterFiles(spec),
    ...await sampleFiles(results),
    ["noising.png", await noisingStrip(results)],
    ["resampling.png", await resamplingSheet(firstImages(results), lowpassesOf(spec))],
  ];
}

function weightFiles({ tensors }: RunResults): DerivedFile[] {
  const withPrefix = (prefix: string) =>
    new Map(
      [...tensors].filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]),
    );
  const moments = new Map([...tensors].filter(([name]) => /^(mean|square)\//.test(name)));
  const average = withPrefix("average");
  return [
    [files.model, encodeTensors(withPrefix("model"))],
    ...(average.size ? [[files.average, encodeTensors(average)] as DerivedFile] : []),
    [files.optimizer, encodeTensors(moments)],
  ];
}

function picturesOf({ imageSize, channels }: ResolvedSpec, images: Uint8Array): Pictures {
  return { images, count: images.length / (imageSize ** 2 * channels), imageSize, channels };
}

/** Makes the files about the samples: the images, their scores and their pictures. */
export async function sampleFiles(
  { spec, samples, evaluation }: Pick<RunResults, "spec" | "samples" | "evaluation">,
): Promise<DerivedFile[]> {
  const file = encodeTensors(samples.images);
  const timesteps = samples.denoising.map(({ timestep }) => timestep);
  const pictures = await samplePictures({
    model: specName(spec),
    labels: drawnLabels(spec),
    sets: [...samples.images].map(([angle, { data }]) => ({
      angleDegrees: Number(angle),
      pictures: picturesOf(spec, data as Uint8Array),
    })),
    denoising: samples.denoising.map(({ timestep, images }) => ({
      timestep,
      pictures: picturesOf(spec, images),
    })),
    // Ten steps of a hundred timesteps each, as published.
    stripTimesteps: new Set(
      evenlySpacedStates(timesteps, spec.noise.steps, 10).map((moment) => timesteps[moment]!),
    ),
  });
  return [
    [files.samples, file],
    ...(evaluation ? [metricsFile({ samples: sha256(file), ...evaluation })] : []),
    ...pictures,
  ];
}

function metricsFile(metrics: Metrics): DerivedFile {
  return [files.metrics, jsonText(metrics)];
}

/**
 * Draws the sheet of previews, one row per preview, or returns null if there are none.
 *
 * @param epochs gives the epoch of a preview by its index
 * @param classes the classes that the images cycle through; null for an unconditional model
 */
export async function previewsPng(
  previews: TensorData | null,
  epochs: (preview: number) => number,
  classes: DrawnClasses | null,
): Promise<Uint8Array | null> {
  if (!previews) return null;
  const [count, , size, , channels] = previews.shape as [number, number, number, number, number];
  const data = previews.data as Uint8Array;
  const bytesEach = data.length / count;
  return await previewSheet(
    Array.from({ length: count }, (_, i) => ({
      label: `epoch ${epochs(i)}`,
      pictures: {
        images: data.subarray(i * bytesEach, (i + 1) * bytesEach),
        count: 8,
        imageSize: size,
        channels: channels as 1 | 3,
      },
    })),
    {
      title: "Samples during the training",
      columnLabels: classes &&
        Array.from({ length: 8 }, (_, i) => shortName(classOfImage(classes, i))),
    },
  );
}

/** The first four training images. */
function firstImages({ spec, dataset }: RunResults): Pictures {
  return pictureRange(picturesOf(spec, dataset.images), 0, 4);
}

/** Draws the first training images with noise of nine timesteps, as published. */
function noisingStrip(results: RunResults): Promise<Uint8Array> {
  const { spec } = results;
  const { alphaBar } = noiseSchedule(spec.noise);
  const { images } = firstImages(results);
  const noise = normalNumbers(images.length, philoxKey(spec.seed, "trainingNoise"), [
    0,
    0,
    0,
    2 ** 32 - 1,
  ]);
  const moments = Array.from({ length: 9 }, (_, i) => {
    const t = Math.round(i * (alphaBar.length - 1) / 8);
    const signal = Math.sqrt(alphaBar[t]!);
    const values = Float64Array.from(
      images,
      (byte, j) => signal * (byte / 127.5 - 1) + Math.sqrt(1 - alphaBar[t]!) * noise[j]!,
    );
    return { label: `t = ${t}`, pictures: picturesOf(spec, toPixels(values)) };
  });
  return strip({ title: "From images to noise", moments });
}
