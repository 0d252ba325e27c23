/** `deno task diff`: how two bundles differ: spec, losses, scores, samples. */
import { basename, dirname, join } from "@std/path";
import {
  readAllSamples,
  readBundleSpec,
  readClassNames,
  readLosses,
  readMetrics,
  requireBundle,
} from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { isWithinNoise } from "../evaluation/table.ts";
import { scoreText } from "../evaluation/table_text.ts";
import { writeResults } from "../files/results.ts";
import { inColumns } from "../formats/columns.ts";
import { allPictures, type Pictures } from "../report/sheet.ts";
import { type Block, sheetPng } from "../report/sheet_layout.ts";
import { classColumns, shortName } from "../report/pictures.ts";
import { classOfImage, type DrawnClasses, drawnClasses } from "../spec/labels.ts";
import { specDifferences } from "../spec/differences.ts";
import { specName } from "../spec/mod.ts";
import { parseOptions } from "./options.ts";
import { line, oneLine, print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Show how two bundles differ: the fields of their specs, losses, scores and samples.
Also draw the samples of both as diff-A-B.png.

Usage: deno task diff A B [--out FOLDER]

Options:
  --out FOLDER  where to write diff-A-B.png (default: next to A)`;

/** Prints how two bundles differ. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [a, b, ...more] = words;
  if (a === undefined || b === undefined || more.length > 0) {
    throw new UserError(`diff takes two bundles; got ${words.length}\n\n${help}`);
  }
  for (const path of [a, b]) requireBundle(path, "diff", 2);
  const sections: [string, string[]][] = [
    ["spec", specLines(a, b)],
    ["loss", lossLines(a, b)],
    ["scores", scoreLines(a, b)],
    ["samples", await sampleLines(a, b, values.out)],
  ];
  print(`${line`A  ${a}`}\n${line`B  ${b}`}`);
  for (const [title, lines] of sections) {
    print(`\n${title}\n${lines.map((text) => `  ${oneLine(text)}`).join("\n")}`);
  }
  return 0;
}

/** The right-aligned columns: A, B, and the change from A to B. */
const figures = [1, 2, 3];

function specLines(a: string, b: string): string[] {
  const left = readBundleSpec(a);
  const right = readBundleSpec(b);
  const differences = specDifferences(left, right);
  if (differences.length === 0) return ["the same"];
  const text = (value: unknown) => value === undefined ? "" : JSON.stringify(value);
  return inColumns([
    ["", specName(left), specName(right)],
    ...differences.map(({ path, a, b }) => [path, text(a), text(b)]),
  ], figures);
}

/** The mean losses over ten equal parts of each training. */
function lossLines(a: string, b: string): string[] {
  const left = readLosses(a);
  const right = readLosses(b);
  if (left.length === 0 || right.length === 0) return ["no losses"];
  if (left.length === right.length && left.every(({ loss }, i) => loss === right[i]!.loss)) {
    return ["the same"];
  }
  const parts = Math.min(10, left.length, right.length);
  const mean = (losses: { loss: number }[], part: number) => {
    const slice = losses.slice(
      Math.floor(part * losses.length / parts),
      Math.floor((part + 1) * losses.length / parts),
    );
    return slice.reduce((sum, { loss }) => sum + loss, 0) / slice.length;
  };
  const rows = Array.from({ length: parts }, (_, part) => {
    const x = mean(left, part);
    const y = mean(right, part);
    const range = `${Math.round(100 * part / parts)}-${Math.round(100 * (part + 1) / parts)} %`;
    return [range, x.toPrecision(4), y.toPrecision(4), change(x, y)];
  });
  return inColumns([
    ["of the steps", `A (${left.length})`, `B (${right.length})`, "change"],
    ...rows,
  ], figures);
}

const change = (a: number, b: number) => {
  const percent = 100 * (b - a) / Math.abs(a);
  return `${percent < 0 ? "-" : "+"}${Math.abs(percent).toFixed(1)} %`;
};

function scoreLines(a: string, b: string): string[] {
  const [left, right] = [a, b].map((path) => readMetrics(path));
  const rows = (left?.scores ?? []).flatMap((one) => {
    const other = right?.scores.find(({ metric }) => metric === one.metric);
    if (!other) return [];
    const [x, y] = [one, other].map(({ value, standardError }) => ({
      mean: value,
      standardError,
      seeds: [0],
    }));
    const within = isWithinNoise(x!, y!) ? ", within the noise" : "";
    return [[
      scoreText(one).label,
      scoreText(one).text,
      scoreText(other).text,
      change(one.value, other.value) + within,
    ]];
  });
  if (rows.length === 0) return ["no scores in common"];
  const lines = inColumns([["", "A", "B", "change"], ...rows], figures);
  if (left?.extractor?.digest !== right?.extractor?.digest) {
    lines.push("not comparable: computed with different feature extractors");
  }
  return lines;
}

/** The samples of one of the two bundles at one angle. */
interface Drawn {
  angleDegrees: number;
  pictures: Pictures;
  /** The classes that the samples cycle through; null if the model has no classes. */
  classes: DrawnClasses | null;
}

async function sampleLines(a: string, b: string, out: string | undefined): Promise<string[]> {
  const all = [await readAllSamples(a), await readAllSamples(b)] as const;
  const shared = [...all[0].keys()].filter((angle) => all[1].has(angle));
  const [left, right] = [
    drawnOf(a, all[0], shared),
    drawnOf(b, all[1], shared),
  ];
  const lines = shared.length === 0
    ? [`no angle in common: comparing ${left.angleDegrees}° with ${right.angleDegrees}°`]
    : [];
  lines.push(...byteLines(left.pictures.images, right.pictures.images));
  const sizes = [left.pictures.imageSize, right.pictures.imageSize];
  if (sizes[0] !== sizes[1]) return [...lines, `${sizes[0]} and ${sizes[1]} pixels per side`];
  const folder = out ?? dirname(a);
  const name = `diff-${basename(a)}-${basename(b)}.png`;
  writeResults(folder, [[name, await sheetPng(blocksOf(left, right))]]);
  return [...lines, `side by side in ${join(folder, name)}`];
}

/** The unrotated images if both bundles have them, otherwise those of a common angle. */
function drawnOf(
  path: string,
  samples: ReadonlyMap<number, Pictures>,
  shared: readonly number[],
): Drawn {
  const angles = shared.length > 0 ? shared : [...samples.keys()];
  const angleDegrees = angles.includes(0) ? 0 : angles[0];
  const pictures = angleDegrees === undefined ? undefined : samples.get(angleDegrees);
  if (angleDegrees === undefined || !pictures) throw new UserError(`${path}: has no samples`);
  const classes = drawnClasses(readBundleSpec(path), readClassNames(path));
  return { angleDegrees, pictures, classes };
}

/** How many bytes of two lists of images are the same; empty if the lengths differ. */
function byteLines(a: Uint8Array, b: Uint8Array): string[] {
  if (a.length !== b.length) return [];
  let equal = 0;
  let sum = 0;
  a.forEach((byte, i) => {
    const other = b[i] ?? 0;
    if (byte === other) equal++;
    sum += Math.abs(byte - other);
  });
  return [
    `${(100 * equal / a.length).toFixed(1)} % of the bytes are the same; the mean difference is ${
      (sum / a.length).toFixed(1)
    } of 255`,
  ];
}

/** Rows of images per bundle. */
const rowsShown = 4;

/** The first images of both, with one column per class if both cycle through the same few. */
function blocksOf(left: Drawn, right: Drawn): Block[] {
  const { classes } = left;
  const isShared = classes !== null &&
    JSON.stringify(classes.labels) === JSON.stringify(right.classes?.labels);
  const byClass = isShared ? classColumns(classes.labels) : null;
  const columns = byClass ?? 4;
  const count = Math.min(rowsShown * columns, left.pictures.count, right.pictures.count);
  return ([["A", left], ["B", right]] as const).map(([title, { angleDegrees, pictures }]) => {
    const first = allPictures(pictures).slice(0, count);
    const rows = Array.from(
      { length: Math.ceil(count / columns) },
      (_, row) => first.slice(row * columns, (row + 1) * columns),
    );
    const names = Array.from(
      { length: columns },
      (_, i) => isShared ? shortName(classOfImage(classes, i)) : "",
    );
    return {
      title: `${title}, ${angleDegrees}°`,
      cells: rows,
      ...(byClass === null ? {} : { columnLabels: names }),
    };
  });
}
