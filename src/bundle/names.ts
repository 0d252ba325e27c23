/**
 * The names of a bundle's files. A file with any other name, such as a program, does not belong to
 * a bundle.
 */
import { drawnAngles } from "../spec/angles.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { files } from "./layout.ts";

/** Number of images per sheet of the collage. */
const imagesOnSheet = 400;

/** The files that every bag has. */
export const bagFiles = [
  "bag-info.txt",
  "bagit.txt",
  "manifest-sha256.txt",
  "tagmanifest-sha256.txt",
] as const;

/** Names of a bundle's files. */
export interface BundleNames {
  /** Files that must exist. */
  needed: string[];
  /** Files that may exist. */
  optional: string[];
}

/**
 * The names of the files in a run's bundle, without those of the bag.
 *
 * @param isSampled whether it is a bundle of additional samples, without a model
 */
export function bundleNames(spec: ResolvedSpec, isSampled: boolean): BundleNames {
  const payload = [files.spec, files.digests, ...sampleNames(spec)];
  const tags = ["README.md", "environment.json"];
  if (isSampled) return { needed: [...payload.map(inData), ...tags], optional: [] };

  const { training, evaluation } = spec;
  const scored = evaluation.metrics.length > 0;
  payload.push(
    files.network,
    files.model,
    files.optimizer,
    ...(training.emaDecay === null ? [] : [files.average]),
    files.losses,
    "loss.png",
    "loss.svg",
    ...filterNames(spec),
    ...(scored ? [files.metrics] : []),
    "noising.png",
    "resampling.png",
  );
  return {
    needed: [...payload.map(inData), ...tags, "log.txt", "provenance.json", "report.html"],
    optional: ["previews.png", "progress.jsonl", "spec-as-written.yaml", "spectrum.csv"],
  };
}

const inData = (name: string) => `data/${name}`;

/** The files of the jinc kernels: one pair if up- and downsampling use the same kernel. */
export function filterNames({ kernelSize, cutoff, gain }: ResolvedSpec): string[] {
  if (kernelSize === null || cutoff === null || gain === null) return [];
  const isOne = cutoff.up === cutoff.down && gain === 1;
  return (isOne ? [""] : ["-down", "-up"]).flatMap((suffix) =>
    ["filter", "response"].flatMap((stem) => [`${stem}${suffix}.csv`, `${stem}${suffix}.png`])
  );
}

/** The samples and their pictures. */
function sampleNames(spec: ResolvedSpec): string[] {
  const rotation = drawnAngles(spec);
  const { count } = spec.sampling;
  const upright = rotation.includes(0) ? 0 : rotation[0];
  const sheets = Math.min(Math.ceil(count / imagesOnSheet), 100_000);
  const films = (stem: string) => [`${stem}.gif`, `${stem}.mp4`];
  return [
    files.samples,
    "grid.png",
    ...Array.from({ length: sheets }, (_, i) => `collage-${upright}-${i + 1}.png`),
    ...(rotation.length > 1 || upright !== 0 ? ["rotation.png"] : []),
    ...(rotation.length > 1 ? films("rotation") : []),
    "denoising.png",
    ...films("denoising"),
  ];
}

/** Files that file managers and operating systems leave in folders. */
const systemFiles = [
  String.raw`\.DS_Store`,
  String.raw`\._.*`,
  String.raw`Thumbs\.db(:encryptable)?`,
  String.raw`ehthumbs(_vista)?\.db`,
  String.raw`desktop\.ini`,
  String.raw`Icon\r`,
  String.raw`\.directory`,
  String.raw`\.localized`,
  String.raw`\.Spotlight-V100`,
  String.raw`\.Trashes`,
  String.raw`\.Trash-\d+`,
  String.raw`\.fseventsd`,
  String.raw`\.TemporaryItems`,
  String.raw`\.apdisk`,
  String.raw`@eaDir`,
  String.raw`__MACOSX`,
  String.raw`\$RECYCLE\.BIN`,
  String.raw`\.fuse_hidden.*`,
  String.raw`\.nfs[0-9a-f]+`,
];
const systemFile = new RegExp(`^(${systemFiles.join("|")})$`, "i");

/** Whether a file was left by a file manager or the operating system. */
export function isSystemFile(name: string): boolean {
  return systemFile.test(name);
}
