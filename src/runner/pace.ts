/**
 * How fast a training goes. The first step is compiled, so is the first one of each other batch
 * size (an epoch's last), and the second finds memory: none of them tells how long steps take.
 */

/** Readings before those that count. */
const warmUps = 2;
/** Of the latest readings an image's time is made. */
const mostReadings = 500;
/** A reading of so many times the middle one is another's: of another process, say. */
const outlier = 4;

/** Measures a training. */
export interface Pace {
  /**
   * A step, or on a GPU several, are done now.
   *
   * @param images seen since the first step of the training
   */
  reached(images: number): void;
  /** What came since the last reading took so many milliseconds and was no training. */
  paused(ms: number): void;
  /** Readings that count so far, and the seconds that they took. */
  readonly measured: { readings: number; seconds: number };
  /** Seconds that an image of a warm step takes; null as long as none was read. */
  secondsPerImage(): number | null;
  /** Seconds since the beginning without pauses. */
  seconds(): number;
}

/**
 * Starts measuring.
 *
 * @param batchSize of all but short batches
 * @param now milliseconds
 */
export function startPace(
  batchSize: number,
  now: () => number = () => performance.now(),
): Pace {
  const startMs = now();
  const readings: { seconds: number; images: number }[] = [];
  const seen = new Set<number>();
  const measured = { readings: 0, seconds: 0 };
  let last = { images: 0, ms: startMs };
  let pausedMs = 0;
  let count = 0;
  return {
    measured,
    reached(total) {
      const ms = now();
      const [images, seconds] = [total - last.images, (ms - last.ms) / 1000];
      last = { images: total, ms };
      count++;
      const short = images % batchSize;
      const isCompiled = short !== 0 && !seen.has(short);
      seen.add(short);
      if (count <= warmUps || isCompiled || images <= 0) return;
      readings.push({ seconds, images });
      if (readings.length > mostReadings) readings.shift();
      measured.readings++;
      measured.seconds += seconds;
    },
    paused(ms) {
      last.ms += ms;
      pausedMs += ms;
    },
    secondsPerImage: () => typical(readings),
    seconds: () => (now() - startMs - pausedMs) / 1000,
  };
}

/** Seconds an image over readings, without those that stand out. */
function typical(readings: readonly { seconds: number; images: number }[]): number | null {
  const rates = readings.map(({ seconds, images }) => seconds / images).sort((a, b) => a - b);
  const middle = rates[rates.length >> 1];
  if (middle === undefined) return null;
  const usual = readings.filter(({ seconds, images }) => seconds / images <= outlier * middle);
  const sum = (of: "seconds" | "images") => usual.reduce((total, each) => total + each[of], 0);
  return sum("seconds") / sum("images");
}
