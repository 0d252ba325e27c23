/** Room on the disk: asked for before a run, not found missing at its end. */
import { statfsSync } from "node:fs";
import { UserError } from "../errors.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { elements, networkPlan } from "../unet/plan.ts";
import type { Work } from "./work.ts";

/** For diagrams, texts and the report, which grow little with a run. */
const besidesBytes = 5e6;

/** Bytes that a run writes. */
export interface Space {
  /** In the bundle. */
  bundle: number;
  /** While it runs: the checkpoint, and the next one before it takes its place. */
  work: number;
}

/** The bytes that a run of a spec will write, nearly. */
export function spaceFor(spec: ResolvedSpec): Space {
  const { parameters, imageShape } = networkPlan(spec);
  const { training, sampling } = spec;
  const weights = 4 * parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const state = (training.emaDecay === null ? 3 : 4) * weights;
  const images = sampling.count * sampling.rotation.length * elements(imageShape);
  // The images lie in the bundle twice: as they are, and as sheets of them.
  return { bundle: state + 2 * images + besidesBytes, work: 2 * state + images };
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
  { path }: Pick<Work, "path">,
): void {
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(path);
    free = bavail * bsize;
  } catch {
    return; // A system that does not tell, or no permission to ask: the disk itself will say it.
  }
  const written = [...Deno.readDirSync(path)].filter(({ isFile }) => isFile)
    .reduce((sum, { name }) => sum + Deno.statSync(`${path}/${name}`).size, 0);
  const needed = bundle + work - written;
  if (free >= needed) return;
  throw new UserError(
    `${folder}: the disk has ${
      roomText(free, needed)
    }. Make room, or say --out FOLDER for another place`,
  );
}

/**
 * What is free and what is needed: the one rounded down and the other up, so that neither promises
 * too much.
 */
export function roomText(free: number, needed: number): string {
  const megabytes = (whole: number) => `${whole.toLocaleString("en-US")} MB`;
  return `${megabytes(Math.floor(free / 1e6))} free, and this run needs about ${
    megabytes(Math.ceil(needed / 1e6))
  }`;
}
