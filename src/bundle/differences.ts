/**
 * How the payloads of two bundles of the same run differ: file by file, by how much, and whether
 * that is what another order of adding does to float32, or more.
 */
import { join } from "@std/path";
import { decodePng } from "../formats/png.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { files } from "./layout.ts";
import { type BundleFiles, type CheckedBundle, openBundle } from "./open.ts";
import { readLosses, readMetrics } from "./read.ts";

/** What passes for rounding, and what for the same result of another course of the training. */
export const tolerances = {
  /**
   * Weights and AdamW's means: the root mean square of the differences, as a share of that of the
   * values.
   */
  tensors: 0.01,
  /** Pixels of samples and pictures: the mean difference, of 255. */
  pixels: 1,
  /** Losses and other figures in tables: the mean difference, as a share of the mean. */
  figures: 0.01,
  /** The mean loss over the last tenth of the steps, as a share of it. */
  lateLoss: 0.05,
  /** Scores: their difference in joint standard errors; without such, the share `figures`. */
  scoreErrors: 3,
} as const;

/** How one payload file differs. */
export interface FileDifference {
  /** Its name, data/ in front. */
  file: string;
  /** By how much, in words and figures. */
  what: string;
  /**
   * Whether it is within the tolerance; null where nothing is judged by it, as by a drawing of what
   * other files hold.
   */
  within: boolean | null;
}

/** How two payloads differ. */
export interface PayloadDifferences {
  /** Files with the same bytes. */
  same: number;
  /** The others. */
  different: FileDifference[];
  /**
   * `same`: byte by byte. `rounding`: each file and score is within its tolerance. `statistics`:
   * the course of the training is another one, and its end is the same: late losses and scores are
   * within theirs. `different`: more than that.
   */
  verdict: "same" | "rounding" | "statistics" | "different";
  /** What was judged besides: the scores, and late losses where the course is another one. */
  statistics: { what: string; within: boolean }[];
}

/** Compares the payloads of two bundles, which must be whole. */
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
  const near = different.every(({ within }) => within !== false);
  const found = scores(a, b);
  const statistics = near ? found : [lateLoss(a, b), ...found];
  // What no course of the training touches, such as texts, must be the same in any case.
  const sound =
    different.every(({ file, within }) =>
      within !== false || /\.(safetensors|png|csv)$/.test(file)
    ) &&
    statistics.every(({ within }) => within);
  return {
    same,
    different,
    verdict: !sound ? "different" : near ? "rounding" : "statistics",
    statistics,
  };
}

/** The payload's names and digests. */
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
  if (file === `data/${files.digests}`) return { what: "they are of another run", within: false };
  if (file.endsWith(".safetensors")) {
    return tensorDifference(await a.tensors(file), await b.tensors(file));
  }
  if (file.endsWith(".png")) return pictureDifference(file, a, b);
  if (file.endsWith(".csv")) return tableDifference(a.text(file), b.text(file));
  const drawn = /\.(svg|gif|mp4)$/.test(file);
  return {
    what: drawn ? "drawn from what differs elsewhere" : "other bytes",
    within: drawn ? null : false,
  };
}

/** Sums over pairs of numbers. */
function pairs(a: ArrayLike<number>, b: ArrayLike<number>) {
  let largest = 0;
  let sum = 0;
  let squares = 0;
  let size = 0;
  let squaredSize = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    const value = Math.abs(a[i]!);
    // Written so that what is no number counts as the largest difference there is.
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
    [sum, squares, size, squaredSize] = [
      sum + difference,
      squares + difference ** 2,
      size + value,
      squaredSize + value ** 2,
    ];
  }
  return { largest, sum, squares, size, squaredSize };
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
    const found = pairs(one.data as ArrayLike<number>, other.data as ArrayLike<number>);
    if (found.largest > largest.value) largest = { value: found.largest, name };
    [sum, squares, squaredSize] = [
      sum + found.sum,
      squares + found.squares,
      squaredSize + found.squaredSize,
    ];
    [count, isBytes] = [count + one.data.length, one.dtype === "U8"];
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
  const [one, other] = [a, b].map((of) => decodePng(of.bytes(file), join(of.path, file)));
  const size = ({ width, height, channels }: typeof one & object) =>
    `${width}x${height}x${channels}`;
  if (size(one!) !== size(other!)) {
    return { what: `${size(one!)} there, ${size(other!)} here`, within: false };
  }
  const { largest, sum } = pairs(one!.data, other!.data);
  return pixels(largest, sum / one!.data.length);
}

/**
 * Tables of numbers with a header: the same header, the same number of rows, figures that nearly
 * agree.
 */
function tableDifference(a: string, b: string) {
  const [one, other] = [a, b].map((text) => text.trim().split("\n"));
  if (one![0] !== other![0] || one!.length !== other!.length) {
    return { what: "other rows", within: false };
  }
  const numbers = (lines: string[]) =>
    lines.slice(1).flatMap((line) => line.split(",").map(Number));
  // A column that counts, as that of the steps, is the same and would only make the figures look
  // closer.
  const x = numbers(one!);
  const y = numbers(other!);
  const columns = one![0]!.split(",").length;
  const counted = Array.from(
    { length: columns },
    (_, c) => x.every((value, i) => i % columns !== c || value === y[i]),
  );
  const kept = (list: number[]) => list.filter((_, i) => !counted[i % columns]);
  const { largest, sum, size } = pairs(kept(x), kept(y));
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

function scores(a: BundleFiles, b: BundleFiles): { what: string; within: boolean }[] {
  const [one, other] = [readMetrics(a), readMetrics(b)];
  return (one?.scores ?? []).map(({ metric, value, standardError }) => {
    const found = other?.scores.find((score) => score.metric === metric);
    const looked = other?.extractor?.name ?? "nobody";
    if (!found) {
      return {
        what: `${metric} is missing here, where ${looked} looked at the images`,
        within: false,
      };
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
