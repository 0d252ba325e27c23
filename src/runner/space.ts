/** Room on the disk: asked for before a run, not found missing at its end. */
import { statfsSync } from "node:fs";
import { dirname, join, resolve } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { exists } from "../files/create.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { trainingPlan } from "../training/plan.ts";
import { elements, networkPlan } from "../unet/plan.ts";
import { previewCount, previewsIn } from "./previews.ts";
import { drawnAngles } from "./sample_phase.ts";
import type { WorkFolder } from "./work.ts";

/** For diagrams, texts and the report, which grow little with a run. */
const otherBytes = 5e6;

/** Bytes that a run writes. */
export interface Space {
  /** In the bundle. */
  bundle: number;
  /** While it runs: the checkpoint, and the next one before it takes its place. */
  work: number;
}

/** A line of loss.csv, such as `12345,0.012345678806304932`. */
const lossLineBytes = 30;

/**
 * The bytes that a run of a spec will write, nearly.
 *
 * @param count images of the dataset, by which the number of steps is known; left out, what grows
 *   with the steps is not counted
 */
export function spaceFor(spec: ResolvedSpec, count?: number): Space {
  const { parameters, imageShape } = networkPlan(spec);
  const { training, sampling } = spec;
  const weights = 4 * parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const state = (training.emaDecay === null ? 3 : 4) * weights;
  const images = sampling.count * drawnAngles(spec).length * elements(imageShape);
  const steps = count === undefined ? 0 : trainingPlan(training, count).steps;
  const previews = count === undefined
    ? 0
    : previewsIn(spec, count) * previewCount * elements(imageShape);
  // The images lie in the bundle twice: as they are, and as sheets of them.
  return {
    bundle: state + 2 * images + previews + lossLineBytes * steps + otherBytes,
    // The checkpoint holds the losses as float32.
    work: 2 * (state + 4 * steps + previews) + images,
  };
}

/**
 * Refuses a run that would fill the disk before its end. What it has written already counts as
 * there.
 *
 * @throws UserError with the bytes that are free and those that are needed
 */
export function requireSpace(
  folder: string,
  { bundle, work }: Space,
  { path }: Pick<WorkFolder, "path">,
): void {
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(nearestFolder(path));
    free = bavail * bsize;
  } catch {
    return; // A system that does not tell, or no permission to ask: the disk itself will say it.
  }
  const needed = bundle + work - writtenIn(path);
  if (free >= needed) return;
  throw new UserError(
    `${folder}: the disk has ${
      diskSpaceText(free, needed)
    }. Make room, or say --out FOLDER for another place`,
  );
}

/** The folder itself, or as long as it is missing, the nearest one around it that is there. */
function nearestFolder(path: string): string {
  for (let folder = resolve(path);; folder = dirname(folder)) {
    if (exists(folder) || folder === dirname(folder)) return folder;
  }
}

/** Bytes of the files in a folder; none where it is missing. */
function writtenIn(path: string): number {
  if (!exists(path)) return 0;
  return [...Deno.readDirSync(path)].filter(({ isFile }) => isFile)
    .reduce((sum, { name }) => sum + Deno.statSync(join(path, name)).size, 0);
}

/**
 * What is free and what is needed: the one rounded down and the other up, so that neither promises
 * too much.
 */
export function diskSpaceText(free: number, needed: number): string {
  const megabytes = (whole: number) => `${whole.toLocaleString("en-US")} MB`;
  return `${megabytes(Math.floor(free / 1e6))} free, and this run needs about ${
    megabytes(Math.ceil(needed / 1e6))
  }`;
}
