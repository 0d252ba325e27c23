/** The low-pass filter that a rotation is, after StyleGAN3's appendix E; see lanczos.ts. */

/** Lobes of the Lanczos windows. */
export const lobes = 3;

/** sin(pi x) / (pi x). */
export function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The Lanczos window: the sinc's main lobe, stretched over {@link lobes} lobes. */
export function lanczosWindow(x: number): number {
  return Math.abs(x) < lobes ? sinc(x / lobes) : 0;
}

/**
 * The low-pass filter of a rotation at `up` samples per pixel, (2 reach + 1) squared of them. It
 * passes the frequencies that both the image's grid and the rotated grid can hold. The samples that
 * meet pixels at the same time sum to 1.
 */
export function rotationFilter(
  degrees: number,
  up: number,
): { values: Float64Array; reach: number } {
  const reach = 2 * lobes * up - 1;
  const side = 2 * reach + 1;
  const radians = degrees * Math.PI / 180;
  const cosine = Math.cos(radians);
  const sine = Math.sin(radians);
  const values = new Float64Array(side * side);
  const band = commonBand(cosine, sine);
  const last = values.length - 1;
  // The filter is point-symmetric about the centre.
  for (let i = 0; 2 * i <= last; i++) {
    const y = (Math.floor(i / side) - reach) / up;
    const x = (i % side - reach) / up;
    values[i] = values[last - i] = bandAt(band, y, x) * windowsAt(y, x, cosine, sine, up);
  }
  const sums = new Float64Array(up * up);
  const phase = (i: number) => Math.floor(i / side) % up * up + i % side % up;
  values.forEach((value, i) => sums[phase(i)]! += value);
  return { values: values.map((value, i) => value / sums[phase(i)]!), reach };
}

/**
 * One line through the intersection of two squares of frequencies: at `y`, from `middle - half` to
 * `middle + half`.
 */
interface BandLine {
  y: number;
  middle: number;
  half: number;
}

const bandLines = 256;

/**
 * The frequencies that a pixel grid and one rotated by an angle both hold, as lines from bottom to
 * top.
 */
function commonBand(cosine: number, sine: number): BandLine[] {
  const lines: BandLine[] = [];
  for (let k = 0; k < bandLines; k++) {
    const y = (k + 0.5) / bandLines - 0.5;
    let low = -0.5;
    let high = 0.5;
    // |cosine x + sine y| and |cosine y - sine x| are at most 1/2.
    for (const [slope, offset] of [[cosine, sine * y], [-sine, cosine * y]] as const) {
      if (Math.abs(slope) < 1e-12) {
        if (Math.abs(offset) > 0.5) high = low;
        continue;
      }
      const ends = [(-0.5 - offset) / slope, (0.5 - offset) / slope];
      low = Math.max(low, Math.min(...ends));
      high = Math.min(high, Math.max(...ends));
    }
    if (high > low) lines.push({ y, middle: (low + high) / 2, half: (high - low) / 2 });
  }
  return lines;
}

/** The inverse Fourier transform of the band, at a position in pixels. */
function bandAt(band: BandLine[], y: number, x: number): number {
  let sum = 0;
  for (const { y: frequency, middle, half } of band) {
    sum += 2 * half * sinc(2 * half * x) * Math.cos(2 * Math.PI * (frequency * y + middle * x));
  }
  return sum / bandLines;
}

/** The convolution of the two grids' Lanczos windows, at a position in pixels, up to a factor. */
function windowsAt(y: number, x: number, cosine: number, sine: number, up: number): number {
  const last = lobes * up - 1;
  const samples = windowSamples(up);
  let sum = 0;
  for (let i = -last; i <= last; i++) {
    const down = y - i / up;
    const ofRow = samples[i + last]!;
    for (let j = -last; j <= last; j++) {
      const right = x - j / up;
      const across = cosine * right + sine * down;
      const along = cosine * down - sine * right;
      if (Math.abs(across) >= lobes || Math.abs(along) >= lobes) continue;
      sum += ofRow * samples[j + last]! * lanczosWindow(across) * lanczosWindow(along);
    }
  }
  return sum;
}

const sampledWindows = new Map<number, Float64Array>();

/** The Lanczos window at `up` samples per pixel. */
function windowSamples(up: number): Float64Array {
  const last = lobes * up - 1;
  const found = sampledWindows.get(up);
  if (found) return found;
  const made = Float64Array.from(
    { length: 2 * last + 1 },
    (_, i) => lanczosWindow((i - last) / up),
  );
  sampledWindows.set(up, made);
  return made;
}
