/**
 * Finds runs that are almost the requested one. A changed field starts a new training, so a run
 * says which similar training already exists.
 */
import { join } from "@std/path";
import { type Digests, files, jsonText, resolvedSpecYaml } from "../bundle/layout.ts";
import { openBundle } from "../bundle/open.ts";
import { findBundles, readBundleDigests, readBundleSpec, readLosses } from "../bundle/read.ts";
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { writeFileAtomic } from "../files/create.ts";
import { type Difference, specDifferences } from "../spec/differences.ts";
import { type Field, fields } from "../spec/fields.ts";
import { parseSpec, type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { readCheckpoint } from "../training/checkpoint.ts";
import type { Prepared } from "./prepare.ts";

/** Maximum number of differing fields: with more, it is a different experiment. */
const maxDifferences = 3;

/** A run that was started, finished or not. */
export interface StartedRun {
  path: string;
  spec: ResolvedSpec;
  digests: Digests;
  finished: boolean;
}

/** Writes a training's spec and digests next to its checkpoint, to be compared with later runs. */
export function writeWorkSpec(path: string, spec: ResolvedSpec, digests: Digests): void {
  const write = (name: string, text: string) =>
    writeFileAtomic(join(path, name), new TextEncoder().encode(text));
  write(files.spec, resolvedSpecYaml(spec));
  write(files.digests, jsonText(digests));
}

/**
 * What a person should know before a new training starts: the most similar existing one, the fields
 * in which it differs, and how to continue from it. Null if none is similar, or if its model is
 * reused anyway.
 *
 * @param siblings training digests of the other members of a sweep, which differ on purpose
 */
export async function nearestRun(
  prepared: Prepared,
  out: string,
  siblings: ReadonlySet<string> = new Set(),
): Promise<string | null> {
  if (prepared.shared) return null;
  const isSibling = ({ training }: Digests) =>
    training === undefined || training === prepared.digests.training || siblings.has(training);
  const compared = [...finishedRuns(out, isSibling), ...unfinishedRuns(out, isSibling)].flatMap(
    (begun) => {
      const differences = trainingDifferences(begun, prepared);
      return differences.length > 0 && differences.length <= maxDifferences
        ? [{ begun, differences }]
        : [];
    },
  );
  const [nearest] = compared.sort((a, b) => a.differences.length - b.differences.length);
  if (!nearest) return null;
  const { begun, differences } = nearest;
  const steps = await stepsOf(begun);
  if (steps === 0) return null;
  const what = begun.finished
    ? `${begun.path}, finished after ${counted(steps, "step")}`
    : `${begun.path}, stopped after ${counted(steps, "step")}`;
  const fields = differences.map(({ path, a, b }) =>
    `${path} (${formatValue(a)}, here ${formatValue(b)})`
  );
  return `this is a new training. The most similar one, ${what}, differs in ` +
    `${fields.join(", ")}.${continueAdvice(begun, prepared.spec, differences)}`;
}

/** Differences that affect the weights, including the images and the parent. */
export function trainingDifferences(begun: StartedRun, { spec, digests }: Prepared): Difference[] {
  const decides = ({ path }: Difference) => {
    const field = fields[path as Field]; // Undefined for a field of another release.
    return field === "model" || field === "training";
  };
  const found = specDifferences(begun.spec, spec);
  const short = (digest: string | undefined) => digest?.slice(0, 12) ?? null;
  const inputs: Difference[] = [
    { path: "the images", a: short(begun.digests.data), b: short(digests.data) },
    { path: "training.from", a: short(begun.digests.from), b: short(digests.from) },
  ];
  const ofImages = found.filter(({ path }) => fields[path as Field] === "data");
  const differ = inputs.filter(({ a, b }) => a !== b);
  return [
    ...found.filter(decides),
    // The fields of the spec say more about the images than a digest.
    ...differ.flatMap((each) =>
      each.path === "the images" && ofImages.length > 0 ? ofImages : [each]
    ),
  ];
}

/** Whether trainings differ only in their length. */
export function isOnlyLength(differences: readonly Difference[]): boolean {
  return differences.every(({ path }) => path === "training.epochs" || path === "training.images");
}

/** How to continue an existing training, if that may have been intended. */
function continueAdvice(
  { path, finished, spec }: StartedRun,
  wanted: ResolvedSpec,
  differences: readonly Difference[],
): string {
  if (!isOnlyLength(differences)) {
    return finished ? "" : " With the earlier values, the same command would continue that one.";
  }
  const unit = (["epochs", "images"] as const).find((unit) =>
    spec.training[unit] !== null && wanted.training[unit] !== null
  );
  const more = unit === undefined ? 0 : (wanted.training[unit] ?? 0) - (spec.training[unit] ?? 0);
  const length = unit && more > 0 ? ` training.${unit}=${more}` : "";
  if (finished) {
    if (unit && more < 0) return ""; // Fewer steps are wanted.
    return ` To train that one further instead, add training.from=${path}${length}: the new ` +
      "steps are added to its own.";
  }
  const first = unit ? ` (training.${unit}=${spec.training[unit]})` : "";
  return ` To keep its steps, finish it first${first}; then add training.from=BUNDLE${length}.`;
}

function formatValue(value: unknown): string {
  return value === null || value === undefined ? "none" : JSON.stringify(value);
}

/** The number of steps that a training has done. */
async function stepsOf({ path, finished }: StartedRun): Promise<number> {
  if (finished) return readLosses(openBundle(path)).length;
  const checkpoint = await readCheckpoint(join(path, "checkpoint.safetensors"));
  return checkpoint?.losses.length ?? 0;
}

/** Whether to leave out a run before its spec is read. */
type Skip = (digests: Digests) => boolean;

/** The finished runs in a folder, without bundles of additional samples. */
export function finishedRuns(out: string, skip: Skip = () => false): StartedRun[] {
  return tryRead(() => findBundles([out])).flat().flatMap((path) =>
    tryRead(() => {
      const bundle = openBundle(path);
      const digests = readBundleDigests(bundle);
      if (digests.parent !== undefined || skip(digests)) return [];
      return [{ path, spec: readBundleSpec(bundle), digests, finished: true }];
    }).flat()
  );
}

/** The unfinished trainings in a folder. */
export function unfinishedRuns(out: string, skip: Skip = () => false): StartedRun[] {
  const root = join(out, ".work");
  const names = tryRead(() => [...Deno.readDirSync(root)]).flat()
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
  return names.flatMap((name) =>
    tryRead(() => {
      const path = join(root, name);
      // A file that we wrote, in a work folder of ours.
      const digests = JSON.parse(Deno.readTextFileSync(join(path, files.digests))) as Digests;
      if (skip(digests)) return [];
      const spec = resolveSpec(parseSpec(Deno.readTextFileSync(join(path, files.spec))));
      return [{ path, spec, digests, finished: false }];
    }).flat()
  );
}

/** Reads something, or returns nothing if it cannot be read: a hint must not stop a run. */
function tryRead<T>(read: () => T): T[] {
  try {
    return [read()];
  } catch (error) {
    const isExpected = error instanceof UserError || error instanceof SyntaxError ||
      error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.PermissionDenied;
    if (isExpected) return [];
    throw error;
  }
}
