/**
 * How long a run has worked, over all its starts. Saved next to the checkpoint, and stated in tag
 * files of the bundle, never in its payload.
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

/** The time spent so far. */
export interface TimeSpent {
  /** Time of the first start, ISO 8601. */
  startedAt: string;
  /** Number of starts. */
  starts: number;
  /** Seconds of all starts; a killed start counts until it last saved. */
  seconds: number;
  /**
   * Seconds of training, without previews, and the images trained on. Steps that were lost because
   * the process was killed count in neither.
   */
  training: { seconds: number; images: number };
}

/** Measures a run with the monotonic timer, so that changes of the clock have no effect. */
export interface Stopwatch {
  /** Adds the times of earlier starts from a file, and saves the sums there from now on. */
  saveTo(path: string): void;
  /** Sets how long this start has trained, and on how many images, up to the last checkpoint. */
  trained(seconds: number, images: number): void;
  /** Writes the sums, if there is a file for them. */
  save(): void;
  /** The sums so far. */
  spent(): TimeSpent;
  /** The current time: the clock at the start, plus the time since by the timer. */
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
    saveTo(path) {
      before = readTimeSpent(path) ?? before;
      file = path;
      watch.save();
    },
    trained(seconds, images) {
      training = { seconds, images };
    },
    save() {
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

/** The times of earlier starts. Null if missing or unreadable, since nothing depends on them. */
function readTimeSpent(path: string): TimeSpent | null {
  try {
    return form.safeParse(JSON.parse(Deno.readTextFileSync(path))).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
