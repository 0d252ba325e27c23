/**
 * Power spectra of square images: how much energy there is at each spatial frequency. They show too
 * much or too little fine detail, which FID does not see.
 */

/** The discrete Fourier transform of square planes of one size. */
interface Transform {
  /**
   * |F|^2 of a plane [size, size], row-major, frequency zero first; its sum is size^2 times the
   * plane's sum of squares.
   */
  power(plane: ArrayLike<number>): Float64Array;
}

const transforms = new Map<number, Transform>();

/**
 * Sizes are small and not powers of two, so a table of cosines works better than a fast transform.
 */
function transformOf(size: number): Transform {
  const known = transforms.get(size);
  if (known) return known;
  const angle = 2 * Math.PI / size;
  const cosines = Float64Array.from({ length: size }, (_, n) => Math.cos(n * angle));
  const sines = Float64Array.from({ length: size }, (_, n) => Math.sin(n * angle));
  const made: Transform = {
    power(plane) {
      const [re, im] = alongRows(plane, null, size, cosines, sines);
      const [re2, im2] = alongRows(
        transposed(re, size),
        transposed(im, size),
        size,
        cosines,
        sines,
      );
      // Each pass swaps rows and columns; the second restores the order.
      return transposed(re2.map((value, i) => value ** 2 + (im2[i] ?? 0) ** 2), size);
    },
  };
  transforms.set(size, made);
  return made;
}

function transposed(plane: Float64Array, size: number): Float64Array {
  return plane.map((_, i) => plane[(i % size) * size + Math.floor(i / size)] ?? 0);
}

function alongRows(
  real: ArrayLike<number>,
  imaginary: ArrayLike<number> | null,
  size: number,
  cosines: Float64Array,
  sines: Float64Array,
): [Float64Array, Float64Array] {
  const re = new Float64Array(size * size);
  const im = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let frequency = 0; frequency < size; frequency++) {
      let sumRe = 0;
      let sumIm = 0;
      for (let column = 0; column < size; column++) {
        const phase = (column * frequency) % size;
        const [c, s] = [cosines[phase] ?? 0, sines[phase] ?? 0];
        const a = real[row * size + column] ?? 0;
        const b = imaginary?.[row * size + column] ?? 0;
        sumRe += a * c + b * s;
        sumIm += b * c - a * s;
      }
      re[row * size + frequency] = sumRe;
      im[row * size + frequency] = sumIm;
    }
  }
  return [re, im];
}

/** The frequency of index `i`, in cycles per `size` pixels: -size / 2 ... size / 2. */
function frequencyOf(i: number, size: number): number {
  return i <= size / 2 ? i : i - size;
}

/** Square planes, stored consecutively. */
export interface Planes {
  /** Pixels per side. */
  size: number;
  /** count * size * size values, row-major. */
  values: ArrayLike<number>;
  count: number;
}

/**
 * The radial power spectrum: the mean of |F|^2 / size^2 over all planes and all frequencies of the
 * same rounded radius, for 0, 1, ... size / 2 cycles per image. White noise of variance 1 has power
 * 1 at every frequency.
 *
 * @returns one value per radius, size / 2 + 1 in total
 * @throws RangeError if there is no plane
 */
export function radialPower({ size, values, count }: Planes): Float64Array {
  if (count < 1) throw new RangeError("radialPower: there is no plane");
  const bins = Math.floor(size / 2) + 1;
  const sums = new Float64Array(bins);
  const numbers = new Float64Array(bins);
  const { power } = transformOf(size);
  for (let plane = 0; plane < count; plane++) {
    power(planeOf(values, plane, size)).forEach((value, i) => {
      const radius = Math.round(Math.hypot(
        frequencyOf(Math.floor(i / size), size),
        frequencyOf(i % size, size),
      ));
      if (radius >= bins) return;
      sums[radius] = (sums[radius] ?? 0) + value / size ** 2;
      numbers[radius] = (numbers[radius] ?? 0) + 1;
    });
  }
  return sums.map((sum, i) => sum / (numbers[i] || 1));
}

/** A signal with less energy beside its mean than this fraction is constant up to rounding. */
export const roundingPower = 1e-24;

/**
 * The fraction of a signal's energy, without its mean, above a frequency along either axis. With a
 * cutoff of size / 4, this is what would fold back if only every second pixel were kept.
 *
 * @param cutoff in cycles per image; frequencies above it along either axis count
 * @returns 0 ... 1; 0 if the planes are constant
 */
export function shareAbove({ size, values, count }: Planes, cutoff: number): number {
  let above = 0;
  let all = 0;
  let mean = 0;
  const { power } = transformOf(size);
  for (let plane = 0; plane < count; plane++) {
    power(planeOf(values, plane, size)).forEach((value, i) => {
      if (i === 0) {
        mean += value;
        return;
      }
      all += value;
      const row = Math.abs(frequencyOf(Math.floor(i / size), size));
      const column = Math.abs(frequencyOf(i % size, size));
      if (Math.max(row, column) > cutoff) above += value;
    });
  }
  return all <= roundingPower * mean ? 0 : above / all;
}

/** One plane of several, by its number. */
export function planeOf(values: ArrayLike<number>, plane: number, size: number): Float64Array {
  return Float64Array.from(
    { length: size * size },
    (_, i) => values[plane * size * size + i] ?? 0,
  );
}

/**
 * Planes of images with channels last, the layout of this project.
 *
 * @param shape [images, size, size, channels]
 * @param maxPlanes the largest number of planes, spread evenly over images and channels
 */
export function planesOf(
  values: ArrayLike<number>,
  [images, size, , channels]: readonly [number, number, number, number],
  maxPlanes = Infinity,
): Planes {
  const count = Math.min(images * channels, maxPlanes);
  const out = new Float64Array(count * size * size);
  for (let k = 0; k < count; k++) {
    const plane = Math.floor(k * images * channels / count);
    const [image, channel] = [Math.floor(plane / channels), plane % channels];
    for (let pixel = 0; pixel < size * size; pixel++) {
      out[k * size * size + pixel] = values[(image * size * size + pixel) * channels + channel] ??
        0;
    }
  }
  return { size, values: out, count };
}

/**
 * Planes on a grid of twice the resolution, by ideal periodic interpolation: it adds no
 * frequencies. The Nyquist frequency of an even size is split between its two sides.
 */
export function idealDoubled({ size, values, count }: Planes): Planes {
  const weights = doublingWeights(size);
  const out = new Float64Array(count * 4 * size * size);
  for (let plane = 0; plane < count; plane++) {
    const wide = interpolated(planeOf(values, plane, size), size, size, weights);
    // Interpolates along the rows and swaps the axes; doing it twice covers both axes, in order.
    out.set(interpolated(wide, size, 2 * size, weights), plane * 4 * size * size);
  }
  return { size: 2 * size, values: out, count };
}

/** Interpolation weights for 2 size points: one row of `size` weights each. */
function doublingWeights(size: number): Float64Array {
  const weights = new Float64Array(2 * size * size);
  for (let point = 0; point < 2 * size; point++) {
    for (let pixel = 0; pixel < size; pixel++) {
      const distance = point / 2 - pixel;
      let sum = 1;
      for (let frequency = 1; frequency <= size / 2; frequency++) {
        const isNyquist = 2 * frequency === size;
        sum += (isNyquist ? 1 : 2) * Math.cos(2 * Math.PI * frequency * distance / size);
      }
      weights[point * size + pixel] = sum / size;
    }
  }
  return weights;
}

/** [rows, size] to [2 size, rows]: interpolates along the rows and swaps the axes. */
function interpolated(
  plane: Float64Array,
  size: number,
  rows: number,
  weights: Float64Array,
): Float64Array {
  const out = new Float64Array(2 * size * rows);
  for (let row = 0; row < rows; row++) {
    for (let point = 0; point < 2 * size; point++) {
      let sum = 0;
      for (let pixel = 0; pixel < size; pixel++) {
        sum += (plane[row * size + pixel] ?? 0) * (weights[point * size + pixel] ?? 0);
      }
      out[point * rows + row] = sum;
    }
  }
  return out;
}
