/** What a run's bundle holds: the payload files, each a function of what the run computed and of nothing volatile. */
import type { Dataset } from "../datasets/mod.ts";
import { noiseSchedule, toPixels } from "../diffusion/mod.ts";
import { files, jsonText, resolvedSpecYaml } from "../bundle/layout.ts";
import { lowpassKernel } from "../filters/mod.ts";
import { encodeTensors, type TensorData } from "../formats/safetensors.ts";
import { filterCsv, filterPlot, responseCsv, responsePlot } from "../report/filter.ts";
import { lossPlot } from "../report/plots.ts";
import { imageGrid, type Pictures, previewSheet, rotationSheet, strip } from "../report/sheet.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import type { Digests } from "../bundle/layout.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { sha256 } from "../formats/sha256.ts";
import type { Samples } from "./sample_phase.ts";

/** What the files are made of. */
export interface Computed {
  spec: ResolvedSpec;
  digests: Digests;
  dataset: Dataset;
  /** The network's summary. */
  network: string;
  /** Tensors of the state, see `stateTensors`. */
  tensors: ReadonlyMap<string, TensorData>;
  losses: number[];
  samples: Samples;
  /** The scores, or null where the spec asks for none. */
  evaluation: Evaluation | null;
}

/** A file of the payload. */
export type PayloadFile = [name: string, bytes: Uint8Array | string];

/** All payload files. */
export async function payloadFiles(computed: Computed): Promise<PayloadFile[]> {
  const { spec, digests, network, losses } = computed, name = specName(spec);
  const rows = losses.map((loss, i) => ({ step: i + 1, loss }));
  const plot = await lossPlot(rows, `Training loss: ${name} on ${spec.dataset}`);
  return [
    [files.spec, resolvedSpecYaml(spec)],
    [files.digests, jsonText(digests)],
    [files.network, network + "\n"],
    ...weightFiles(computed),
    [files.losses, "step,loss\n" + rows.map(({ step, loss }) => `${step},${loss}\n`).join("")],
    ["loss.png", plot.png],
    ["loss.svg", plot.svg],
    ...await filterFiles(spec),
    ...await sampleFiles(computed),
    ["noising.png", await noisingStrip(computed)],
  ];
}

function weightFiles({ tensors }: Computed): PayloadFile[] {
  const withPrefix = (prefix: string) =>
    new Map(
      [...tensors].filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]),
    );
  const moments = new Map([...tensors].filter(([name]) => /^(mean|square)\//.test(name)));
  const average = withPrefix("average");
  return [
    [files.model, encodeTensors(withPrefix("model"))],
    ...(average.size ? [[files.average, encodeTensors(average)] as PayloadFile] : []),
    [files.optimizer, encodeTensors(moments)],
  ];
}

/** The filters and their responses: one pair where up- and downsampling have the same cutoff. */
async function filterFiles(spec: ResolvedSpec): Promise<PayloadFile[]> {
  const { kernelSize, kaiserBeta, normalized, cutoff, gain } = spec;
  if (kernelSize === null || normalized === null || cutoff === null || gain === null) return [];
  const same = cutoff.up === cutoff.down && gain === 1;
  const kinds = same ? [["", cutoff.down, 1]] as const : [["-down", cutoff.down, 1], ["-up", cutoff.up, gain]] as const;
  const made = await Promise.all(kinds.map(async ([suffix, radians, factor]): Promise<PayloadFile[]> => {
    const kernel = lowpassKernel({ size: kernelSize, kaiserBeta, normalized, cutoff: radians }).map((k) => k * factor);
    const words = same ? "" : suffix === "-up" ? ", upsampling" : ", downsampling";
    const lowpass = { name: specName(spec) + words, kernel, size: kernelSize, cutoff: radians };
    return [
      [`filter${suffix}.csv`, filterCsv(lowpass)],
      [`filter${suffix}.png`, (await filterPlot(lowpass)).png],
      [`response${suffix}.csv`, responseCsv(lowpass)],
      [`response${suffix}.png`, (await responsePlot(lowpass)).png],
    ];
  }));
  return made.flat();
}

function picturesOf({ imageSize, channels }: ResolvedSpec, images: Uint8Array): Pictures {
  return { images, count: images.length / (imageSize ** 2 * channels), imageSize, channels };
}

/** The files that tell of the samples. */
export async function sampleFiles(
  { spec, samples, evaluation }: Pick<Computed, "spec" | "samples" | "evaluation">,
): Promise<PayloadFile[]> {
  const file = encodeTensors(samples.images);
  const sets = [...samples.images].map(([angle, { data }]) => ({
    angle: Number(angle),
    pictures: picturesOf(spec, data as Uint8Array),
  }));
  const upright = sets.find(({ angle }) => angle === 0) ?? sets[0]!, name = specName(spec);
  const most = 100, each = spec.imageSize ** 2 * spec.channels;
  const shown = picturesOf(spec, upright.pictures.images.subarray(0, most * each));
  const turned = sets.length > 1 || sets[0]!.angle !== 0;
  const sheet: PayloadFile[] = turned
    ? [[
      "rotation.png",
      await rotationSheet({
        angles: sets.map(({ angle }) => angle),
        models: [{ model: name, images: sets.map(({ pictures }) => pictures) }],
        rows: 8,
        note: "degrees of rotation over the whole of the sampling; each row starts from the same noise",
      }),
    ]]
    : [];
  return [
    [files.samples, file],
    ...(evaluation ? [[files.metrics, jsonText({ samples: sha256(file), ...evaluation })] as PayloadFile] : []),
    // Classes are drawn in turn, so that a row of them all puts each into a column of its own.
    ["grid.png", await imageGrid(shown, spec.classes !== null && spec.classes <= 20 ? { columns: spec.classes } : {})],
    ...sheet,
    [
      "denoising.png",
      await strip({
        title: "From noise to images",
        moments: samples.denoising.map(({ timestep, images }) => ({
          label: `t = ${timestep}`,
          pictures: picturesOf(spec, images),
        })),
        rows: 8,
      }),
    ],
  ];
}

/** The images drawn while training, a row for each preview; null where there were none. */
export async function previewsPng(spec: ResolvedSpec, previews: TensorData | null): Promise<Uint8Array | null> {
  if (!previews) return null;
  const [count, , size, , channels] = previews.shape as [number, number, number, number, number];
  const data = previews.data as Uint8Array, each = data.length / count, every = spec.training.previewEveryEpochs ?? 1;
  return await previewSheet(
    Array.from({ length: count }, (_, i) => ({
      label: `epoch ${(i + 1) * every}`,
      pictures: {
        images: data.subarray(i * each, (i + 1) * each),
        count: 8,
        imageSize: size,
        channels: channels as 1 | 3,
      },
    })),
    { title: "Samples in the course of the training" },
  );
}

/** Four training images at nine timesteps from the first to the last, as published. */
function noisingStrip({ spec, dataset }: Computed): Promise<Uint8Array> {
  const { alphaBar } = noiseSchedule(spec.noise), count = Math.min(4, dataset.count);
  const size = count * dataset.imageSize ** 2 * dataset.channels;
  const noise = normalNumbers(size, philoxKey(spec.seed, "trainingNoise"), [0, 0, 0, 2 ** 32 - 1]);
  const moments = Array.from({ length: 9 }, (_, i) => {
    const t = Math.round(i * (alphaBar.length - 1) / 8), signal = Math.sqrt(alphaBar[t]!);
    const values = Float64Array.from(
      dataset.images.subarray(0, size),
      (byte, j) => signal * (byte / 127.5 - 1) + Math.sqrt(1 - alphaBar[t]!) * noise[j]!,
    );
    return { label: `t = ${t}`, pictures: picturesOf(spec, toPixels(values)) };
  });
  return strip({ title: "From images to noise", moments });
}
