/**
 * Compares the payloads of two bundles of the same run, file by file: by how much they differ, and
 * whether rounding in a different order explains it.
 */
import { join } from "@std/path";
import { decodePng } from "../formats/png.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { files } from "./layout.ts";
import { type BundleFiles, type CheckedBundle, openBundle } from "./open.ts";
import { readLosses, readMetrics } from "./read.ts";
import type { Image } from "../formats/image.ts";

/** Maximum differences due to rounding, and between trainings with statistically equal results. */
export const tolerances = {
  /** Weights and AdamW's means: RMS of the differences, relative to the RMS of the values. */
  tensors: 0.01,
  /** Pixels of samples and pictures: mean difference, out of 255. */
  pixels: 1,
  /** Losses and other figures in tables: mean difference, relative to the mean. */
  figures: 0.01,
  /** Mean loss over the last tenth of the steps: relative difference. */
  lateLoss: 0.05,
  /** Scores: difference in joint standard errors, or `figures` for scores without errors. */
  scoreErrors: 3,
} as const;

/** How one payload file differs. */
export interface FileDifference {
  /** Its name, beginning with data/. */
  file: string;
  /** A description of the difference. */
  what: string;
  /**
   * Whether the difference is within the tolerance; null if it does not matter, because the file is
   * drawn from others.
   */
  within: boolean | null;
}

/** How two payloads differ. */
export interface PayloadDifferences {
  /** Files with the same bytes. */
  same: number;
  /** Files that differ. */
  different: FileDifference[];
  /**
   * `same`: byte by byte. `rounding`: each file and score is within its tolerance. `statistics`:
   * training took different steps to the same end, so late losses and scores are within their
   * tolerances. `different`: anything else.
   */
  verdict: "same" | "rounding" | "statistics" | "different";
  /** Comparisons of the scores, and of late losses if the training took different steps. */
  statistics: { what: string; within: boolean }[];
}

/** Compares the payloads of two intact bundles. */
export async function payloadDifferences(
  original: string,
  repeated: string,
): Promise<PayloadDifferences> {
  const [a, b] = [openBundle(original), openBundle(repeated)];
  const left = payloadOf(a);
  const right = payloadOf(b);
  const different: FileDifference[] = [];
  for (const file of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const [one, other] = [left.get(file), right.get(file)];
    if (one === other) continue;
    if (one === undefined || other === undefined) {
      const where = one === undefined ? repeated : original;
      different.push({ file, what: `only in ${where}`, within: false });
    } else different.push({ file, ...await fileDifference(file, a, b) });
  }
  const same = [...left].filter(([file, digest]) => right.get(file) === digest).length;
  if (different.length === 0) return { same, different, verdict: "same", statistics: [] };
  const isRounding = different.every(({ within }) => within !== false);
  const scores = scoreDifferences(a, b);
  const statistics = isRounding ? scores : [lateLoss(a, b), ...scores];
  // Files that do not depend on the training, such as texts, must be the same in any case.
  const mayDiffer = ({ file, within }: FileDifference) =>
    within !== false || /\.(safetensors|png|csv)$/.test(file);
  const isEquivalent = different.every(mayDiffer) && statistics.every(({ within }) => within);
  const verdict = !isEquivalent ? "different" : isRounding ? "rounding" : "statistics";
  return { same, different, verdict, statistics };
}

/** Names and digests of the payload files. */
function payloadOf({ listed }: CheckedBundle): Map<string, string> {
  return new Map([...listed].filter(([name]) => name.startsWith("data/")));
}

async function fileDifference(
  file: string,
  a: BundleFiles,
  b: BundleFiles,
): Promise<Omit<FileDifference, "file">> {
  if (file === `data/${files.metrics}`) {
    return { what: "its scores differ; see below", within: null };
  }
  if (file === `data/${files.digests}`) {
    return { what: "the digests belong to another run", within: false };
  }
  if (file.endsWith(".safetensors")) {
    return tensorDifference(await a.tensors(file), await b.tensors(file));
  }
  if (file.endsWith(".png")) return pictureDifference(file, a, b);
  if (file.endsWith(".csv")) return tableDifference(a.text(file), b.text(file));
  const drawn = /\.(svg|gif|mp4)$/.test(file);
  return {
    what: drawn ? "drawn from other files that differ" : "different bytes",
    within: drawn ? null : false,
  };
}

/** Sums over pairs of numbers. */
function differenceSums(a: ArrayLike<number>, b: ArrayLike<number>) {
  const sums = { largest: 0, sum: 0, squares: 0, size: 0, squaredSize: 0 };
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    const value = Math.abs(a[i]!);
    // Negated, so that NaN counts as the largest difference.
    if (!(difference <= sums.largest)) {
      sums.largest = Number.isNaN(difference) ? Infinity : difference;
    }
    sums.sum += difference;
    sums.squares += difference ** 2;
    sums.size += value;
    sums.squaredSize += value ** 2;
  }
  return sums;
}

const share = (part: number, whole: number) => part === 0 ? 0 : part / whole;
const percent = (value: number) => `${(100 * value).toPrecision(2)} %`;

function tensorDifference(a: ReadonlyMap<string, TensorData>, b: ReadonlyMap<string, TensorData>) {
  let largest = { value: 0, name: "" };
  let sum = 0;
  let squares = 0;
  let squaredSize = 0;
  let count = 0;
  let isBytes = false;
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(name), b.get(name)];
    if (!one || !other || one.dtype !== other.dtype || one.shape.join() !== other.shape.join()) {
      const form = (tensor: TensorData | undefined) =>
        tensor ? `${tensor.dtype} [${tensor.shape}]` : "missing";
      return { what: `${name} is ${form(one)} there and ${form(other)} here`, within: false };
    }
    // No payload has 64-bit integers, whose arrays hold no numbers.
    const sums = differenceSums(one.data as ArrayLike<number>, other.data as ArrayLike<number>);
    if (sums.largest > largest.value) largest = { value: sums.largest, name };
    sum += sums.sum;
    squares += sums.squares;
    squaredSize += sums.squaredSize;
    count += one.data.length;
    isBytes = one.dtype === "U8";
  }
  if (isBytes) return pixels(largest.value, share(sum, count));
  const relative = Math.sqrt(share(squares, squaredSize));
  return {
    what: `at most ${largest.value.toPrecision(3)} (${largest.name}), typically ${
      percent(relative)
    } of the values`,
    within: relative <= tolerances.tensors,
  };
}

function pixels(largest: number, mean: number) {
  return {
    what: `at most ${largest} of 255, on average ${mean.toPrecision(2)}`,
    within: mean <= tolerances.pixels,
  };
}

function pictureDifference(file: string, a: BundleFiles, b: BundleFiles) {
  const pictureOf = (of: BundleFiles) => decodePng(of.bytes(file), join(of.path, file));
  const [one, other] = [pictureOf(a), pictureOf(b)];
  const size = ({ width, height, channels }: Image) => `${width}x${height}x${channels}`;
  if (size(one) !== size(other)) {
    return { what: `${size(one)} there, ${size(other)} here`, within: false };
  }
  const { largest, sum } = differenceSums(one.data, other.data);
  return pixels(largest, sum / one.data.length);
}

/**
 * Compares tables of numbers: they need the same header, the same number of rows, and similar
 * numbers.
 */
function tableDifference(a: string, b: string) {
  const [head = "", ...one] = a.trim().split("\n");
  const [otherHead = "", ...other] = b.trim().split("\n");
  if (head !== otherHead || one.length !== other.length) {
    return { what: "different rows", within: false };
  }
  const numbers = (lines: string[]) => lines.flatMap((line) => line.split(",").map(Number));
  // Columns that are equal, such as the step numbers, would make the difference look smaller.
  const x = numbers(one);
  const y = numbers(other);
  const columns = head.split(",").length;
  const isEqual = Array.from(
    { length: columns },
    (_, c) => x.every((value, i) => i % columns !== c || value === y[i]),
  );
  const kept = (list: number[]) => list.filter((_, i) => !isEqual[i % columns]);
  const { largest, sum, size } = differenceSums(kept(x), kept(y));
  const relative = share(sum, size);
  return {
    what: `at most ${largest.toPrecision(3)}, on average ${percent(relative)}`,
    within: relative <= tolerances.figures,
  };
}

function lateLoss(a: BundleFiles, b: BundleFiles) {
  const [one, other] = [a, b].map((bundle) => {
    const late = readLosses(bundle).map(({ loss }) => loss).slice(
      -Math.ceil(readLosses(bundle).length / 10),
    );
    return late.reduce((sum, loss) => sum + loss, 0) / late.length;
  }) as [number, number];
  const relative = Math.abs(one - other) / one;
  return {
    what: `mean loss of the last tenth: ${one.toPrecision(4)} there, ${other.toPrecision(4)} here`,
    within: relative <= tolerances.lateLoss,
  };
}

function scoreDifferences(a: BundleFiles, b: BundleFiles): { what: string; within: boolean }[] {
  const [one, other] = [readMetrics(a), readMetrics(b)];
  return (one?.scores ?? []).map(({ metric, value, standardError }) => {
    const found = other?.scores.find((score) => score.metric === metric);
    if (!found) {
      const extractor = other?.extractor?.name ?? "none";
      return { what: `${metric} is missing here; the extractor is ${extractor}`, within: false };
    }
    const difference = Math.abs(value - found.value);
    const errors = Math.hypot(standardError ?? 0, found.standardError ?? 0);
    const within = difference <=
      (errors > 0 ? tolerances.scoreErrors * errors : tolerances.figures * Math.abs(value));
    const joint = errors > 0
      ? `, ${(difference / errors).toPrecision(2)} standard errors apart`
      : "";
    return {
      what: `${metric}: ${value.toPrecision(5)} there, ${found.value.toPrecision(5)} here${joint}`,
      within,
    };
  });
}
