/** Checks before a run that the disk has enough space for it. */
import { statfsSync } from "node:fs";
import { dirname, join, resolve } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { exists } from "../files/create.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { trainingPlan } from "../training/plan.ts";
import { elements, networkPlan } from "../unet/plan.ts";
import { previewCount, previewsIn } from "./previews.ts";
import { drawnAngles } from "../spec/angles.ts";
import type { WorkFolder } from "./work.ts";

/** Size of diagrams, texts and the report, which hardly depends on the run. */
const otherBytes = 5e6;

/** Disk space that a run needs, in bytes. */
export interface Space {
  /** Size of the bundle. */
  bundle: number;
  /** Size of the work folder, which at times holds two checkpoints. */
  work: number;
}

/** Size of a line of loss.csv, such as `12345,0.012345678806304932`. */
const lossLineBytes = 30;

/**
 * Estimates the disk space that a run needs.
 *
 * @param count number of images in the dataset, which determines the number of steps; if absent,
 *   whatever grows with the steps is not counted
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
  // The bundle holds the images twice: as a tensor, and as sheets.
  return {
    bundle: state + 2 * images + previews + lossLineBytes * steps + otherBytes,
    // The checkpoint holds the losses as float32.
    work: 2 * (state + 4 * steps + previews) + images,
  };
}

/**
 * Refuses a run for which the disk has too little space. Files that it has already written count
 * as free space.
 *
 * @throws UserError with the free and the needed space
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
    return; // Not supported, or no permission: writing will fail if the disk is full.
  }
  const needed = bundle + work - writtenIn(path);
  if (free >= needed) return;
  throw new UserError(
    `${folder}: the disk has ${
      diskSpaceText(free, needed)
    }. Free some space, or choose another folder with --out FOLDER`,
  );
}

/** The folder itself, or the nearest existing folder above it. */
function nearestFolder(path: string): string {
  for (let folder = resolve(path);; folder = dirname(folder)) {
    if (exists(folder) || folder === dirname(folder)) return folder;
  }
}

/** Total size of the files in a folder; 0 if it is missing. */
function writtenIn(path: string): number {
  if (!exists(path)) return 0;
  return [...Deno.readDirSync(path)].filter(({ isFile }) => isFile)
    .reduce((sum, { name }) => sum + Deno.statSync(join(path, name)).size, 0);
}

/**
 * States the free space, rounded down, and the needed space, rounded up.
 */
export function diskSpaceText(free: number, needed: number): string {
  const megabytes = (whole: number) => `${whole.toLocaleString("en-US")} MB`;
  return `${megabytes(Math.floor(free / 1e6))} free, and this run needs about ${
    megabytes(Math.ceil(needed / 1e6))
  }`;
}
