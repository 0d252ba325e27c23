/**
 * Runs that are nearly the one that is asked for. A changed word begins a training anew; whoever
 * changed it is told what there was.
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

/** Fields that may differ at most: what differs in more is another experiment. */
const mostDifferences = 3;

/** A training that was begun. */
export interface StartedRun {
  path: string;
  spec: ResolvedSpec;
  digests: Digests;
  finished: boolean;
}

/** Writes what a training is beside its checkpoint, so that others can be compared with it. */
export function writeWorkSpec(path: string, spec: ResolvedSpec, digests: Digests): void {
  const write = (name: string, text: string) =>
    writeFileAtomic(join(path, name), new TextEncoder().encode(text));
  write(files.spec, resolvedSpecYaml(spec));
  write(files.digests, jsonText(digests));
}

/**
 * What a person should know before a training begins anew: the nearest one that there is, the
 * fields in which it differs, and how to go on from it. Null where none is near, or its model is
 * taken anyway.
 *
 * @param siblings digests of trainings that are meant to differ from it: members of the same sweep
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
      return differences.length > 0 && differences.length <= mostDifferences
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
  const told = differences.map(({ path, a, b }) => `${path} (${said(a)}, here ${said(b)})`);
  return `this training begins anew. The nearest there is, ${what}, differs in ` +
    `${told.join(", ")}.${wayOn(begun, prepared.spec, differences)}`;
}

/** The fields on which the weights depend and that differ, the images and the parent among them. */
export function trainingDifferences(begun: StartedRun, { spec, digests }: Prepared): Difference[] {
  const decides = ({ path }: Difference) => {
    const field = fields[path as Field]; // Of another release it may be no field: undefined then.
    return field === "model" || field === "training";
  };
  const found = specDifferences(begun.spec, spec);
  const short = (digest: string | undefined) => digest?.slice(0, 12) ?? null;
  const places: Difference[] = [
    { path: "the images", a: short(begun.digests.data), b: short(digests.data) },
    { path: "training.from", a: short(begun.digests.from), b: short(digests.from) },
  ];
  const ofImages = found.filter(({ path }) => fields[path as Field] === "data");
  const differ = places.filter(({ a, b }) => a !== b);
  return [
    ...found.filter(decides),
    // The spec says better than a digest which images they are.
    ...differ.flatMap((each) =>
      each.path === "the images" && ofImages.length > 0 ? ofImages : [each]
    ),
  ];
}

/** Whether trainings differ in nothing but how long they are. */
export function isOnlyLength(differences: readonly Difference[]): boolean {
  return differences.every(({ path }) => path === "training.epochs" || path === "training.images");
}

/** How to go on with a training, where that may have been meant. */
function wayOn(
  { path, finished, spec }: StartedRun,
  wanted: ResolvedSpec,
  differences: readonly Difference[],
): string {
  if (!isOnlyLength(differences)) {
    return finished ? "" : " With these as they were, the same command goes on with that one.";
  }
  const unit = (["epochs", "images"] as const).find((unit) =>
    spec.training[unit] !== null && wanted.training[unit] !== null
  );
  const more = unit === undefined ? 0 : (wanted.training[unit] ?? 0) - (spec.training[unit] ?? 0);
  const length = unit && more > 0 ? ` training.${unit}=${more}` : "";
  if (finished) {
    if (unit && more < 0) return ""; // Fewer steps are wanted.
    return ` To train that one for more instead, say training.from=${path}${length}: the new ` +
      "steps are added to those it had.";
  }
  const first = unit ? ` (training.${unit}=${spec.training[unit]})` : "";
  return ` To keep its steps, let it end first${first}, and then say training.from=` +
    `its bundle${length}.`;
}

function said(value: unknown): string {
  return value === null || value === undefined ? "none" : JSON.stringify(value);
}

/** Steps that a training has done. */
async function stepsOf({ path, finished }: StartedRun): Promise<number> {
  if (finished) return readLosses(openBundle(path)).length;
  const checkpoint = await readCheckpoint(join(path, "checkpoint.safetensors"));
  return checkpoint?.losses.length ?? 0;
}

/** Which runs are left out before their specs are read. */
type Skip = (digests: Digests) => boolean;

/** The whole bundles of runs in a folder; those of further samples are none. */
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

/** The trainings in a folder that were begun and have not ended. */
export function unfinishedRuns(out: string, skip: Skip = () => false): StartedRun[] {
  const works = join(out, ".work");
  const names = tryRead(() => [...Deno.readDirSync(works)]).flat()
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
  return names.flatMap((name) =>
    tryRead(() => {
      const path = join(works, name);
      // Our own file, in our own folder of work.
      const digests = JSON.parse(Deno.readTextFileSync(join(path, files.digests))) as Digests;
      if (skip(digests)) return [];
      const spec = resolveSpec(parseSpec(Deno.readTextFileSync(join(path, files.spec))));
      return [{ path, spec, digests, finished: false }];
    }).flat()
  );
}

/** What can be read; nothing of what cannot: a hint must not end a run. */
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
