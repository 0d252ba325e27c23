/**
 * Measures the speed of a training. The first step of each batch size (an epoch's last batch is
 * shorter) compiles, and the second step allocates memory, so they do not count.
 */

/** Number of first readings that do not count. */
const warmUps = 2;
/** Number of latest readings that determine the speed. */
const maxReadings = 500;
/** Readings slower than the median by this factor are ignored: another process interfered. */
const outlierFactor = 4;

/** Measures the speed of a training. */
export interface Pace {
  /**
   * Takes a reading after a step, or on a GPU after several.
   *
   * @param images number of images seen since the measuring started
   */
  read(images: number): void;
  /** Excludes time since the last reading that was not spent on training. */
  exclude(ms: number): void;
  /** Number of readings that count, and their total time. */
  readonly measured: { readings: number; seconds: number };
  /** Seconds per image after warm-up; null until there is a reading. */
  secondsPerImage(): number | null;
  /** Seconds since the start, without excluded time. */
  seconds(): number;
}

/**
 * Starts measuring.
 *
 * @param batchSize size of a full batch
 * @param now clock in milliseconds; tests set it
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
  let excludedMs = 0;
  let count = 0;
  return {
    measured,
    read(total) {
      const ms = now();
      const [images, seconds] = [total - last.images, (ms - last.ms) / 1000];
      last = { images: total, ms };
      count++;
      const short = images % batchSize;
      const isCompiled = short !== 0 && !seen.has(short);
      seen.add(short);
      if (count <= warmUps || isCompiled || images <= 0) return;
      readings.push({ seconds, images });
      if (readings.length > maxReadings) readings.shift();
      measured.readings++;
      measured.seconds += seconds;
    },
    exclude(ms) {
      last.ms += ms;
      excludedMs += ms;
    },
    secondsPerImage: () => typicalRate(readings),
    seconds: () => (now() - startMs - excludedMs) / 1000,
  };
}

/** Seconds per image over all readings except outliers. */
function typicalRate(readings: readonly { seconds: number; images: number }[]): number | null {
  const rates = readings.map(({ seconds, images }) => seconds / images).sort((a, b) => a - b);
  const median = rates[rates.length >> 1];
  if (median === undefined) return null;
  const usual = readings.filter(({ seconds, images }) =>
    seconds / images <= outlierFactor * median
  );
  const sum = (of: "seconds" | "images") => usual.reduce((total, each) => total + each[of], 0);
  return sum("seconds") / sum("images");
}
