/**
 * How long a run has worked, over all the times that it was started. Kept beside the checkpoint and
 * told in tag files of the bundle, never in its payload.
 */
import { z } from "zod";
import { writeFileAtomic } from "../files/create.ts";

/** The name of the file beside the checkpoint. */
export const timeName = "time.json";

const form = z.object({
  startedAt: z.iso.datetime(),
  starts: z.int().min(1),
  seconds: z.number().min(0),
  training: z.object({ seconds: z.number().min(0), images: z.int().min(0) }),
});

/** What was spent so far. */
export interface TimeSpent {
  /** The first start, by the clock. */
  startedAt: string;
  /** How many times it was started. */
  starts: number;
  /** Worked in all of them; of one that was killed, up to what it last saved. */
  seconds: number;
  /**
   * The part that trained, without previews, and the images of its steps; what was lost with a kill
   * is in neither.
   */
  training: { seconds: number; images: number };
}

/** Measures by the timer, which no change of the clock touches. */
export interface Stopwatch {
  /** Adds what earlier starts left in a file, and keeps the sums there from now on. */
  keepIn(path: string): void;
  /** What this start has trained: seconds and images since it began, of which all is saved. */
  trained(seconds: number, images: number): void;
  /** Writes the sums, where there is a file for them. */
  keep(): void;
  spent(): TimeSpent;
  /** Now: when this start began by the clock, and what has passed since by the timer. */
  now(): Date;
}

/** Starts measuring. */
export function startStopwatch(): Stopwatch {
  const at = new Date();
  const startMs = performance.now();
  const passed = () => (performance.now() - startMs) / 1000;
  let file: string | null = null;
  let training = { seconds: 0, images: 0 };
  let before: TimeSpent = {
    startedAt: at.toISOString(),
    starts: 0,
    seconds: 0,
    training: { seconds: 0, images: 0 },
  };
  const watch: Stopwatch = {
    keepIn(path) {
      before = readTimeSpent(path) ?? before;
      file = path;
      watch.keep();
    },
    trained(seconds, images) {
      training = { seconds, images };
    },
    keep() {
      if (file) writeFileAtomic(file, new TextEncoder().encode(JSON.stringify(watch.spent())));
    },
    spent: () => ({
      startedAt: before.startedAt,
      starts: before.starts + 1,
      seconds: before.seconds + passed(),
      training: {
        seconds: before.training.seconds + training.seconds,
        images: before.training.images + training.images,
      },
    }),
    now: () => new Date(at.getTime() + 1000 * passed()),
  };
  return watch;
}

/**
 * What earlier starts left; null where there is nothing, or nothing that can be read: it is only
 * told to people.
 */
function readTimeSpent(path: string): TimeSpent | null {
  try {
    return form.safeParse(JSON.parse(Deno.readTextFileSync(path))).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
