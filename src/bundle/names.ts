/**
 * The names that a bundle's files have. A name that no run writes is not a bundle's: a program among
 * the files, say.
 */
import type { ResolvedSpec } from "../spec/resolved.ts";
import { files } from "./layout.ts";

/** Images on a sheet of the collage. */
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
  /** Each of them is there. */
  needed: string[];
  /** These may be there. */
  optional: string[];
}

/**
 * The names of a run's bundle, those of the bag left out.
 *
 * @param isSampled true of a bundle of further samples, which has no model of its own
 */
export function bundleNames(spec: ResolvedSpec, isSampled: boolean): BundleNames {
  const payload = [files.spec, files.digests, ...sampleNames(spec)];
  const tags = ["README.md", "environment.json"];
  if (isSampled) return { needed: [...payload.map(inData), ...tags], optional: [] };

  const { training, evaluation, sampling } = spec;
  const scored = evaluation.metrics.length > 0 && sampling.rotation.includes(0);
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

/** The files of the jinc kernels: one pair where up- and downsampling have the same kernel. */
export function filterNames({ kernelSize, cutoff, gain }: ResolvedSpec): string[] {
  if (kernelSize === null || cutoff === null || gain === null) return [];
  const isOne = cutoff.up === cutoff.down && gain === 1;
  return (isOne ? [""] : ["-down", "-up"]).flatMap((suffix) =>
    ["filter", "response"].flatMap((stem) => [`${stem}${suffix}.csv`, `${stem}${suffix}.png`])
  );
}

/** The samples and the pictures of them. */
function sampleNames({ sampling: { rotation, count } }: ResolvedSpec): string[] {
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

/** What file managers and systems leave in folders that they show. */
const leftBehind =
  /^(\.DS_Store|\._.*|Thumbs\.db(:encryptable)?|ehthumbs(_vista)?\.db|desktop\.ini|Icon\r|\.directory|\.localized|\.Spotlight-V100|\.Trashes|\.Trash-\d+|\.fseventsd|\.TemporaryItems|\.apdisk|@eaDir|__MACOSX|\$RECYCLE\.BIN|\.fuse_hidden.*|\.nfs[0-9a-f]+)$/i;

/** Whether a name in a folder is a file manager's or the system's, not the bundle's. */
export function isLeftBehind(name: string): boolean {
  return leftBehind.test(name);
}
