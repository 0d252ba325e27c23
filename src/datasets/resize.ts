/**
 * The resize of the published data: bilinear with half-pixel centres, antialiased when it shrinks.
 * It equals PyTorch's `interpolate(x, size, mode="bilinear", align_corners=False, antialias=True)`.
 *
 * Along each axis, output i is a weighted mean of the input under a triangle around (i + 1/2) *
 * from / to. The triangle reaches one input pixel to each side, or from / to pixels if the image
 * shrinks. PyTorch resizes horizontally first, then vertically.
 */

interface Tap {
  first: number;
  weights: Float64Array;
}

/** For each output position, the first input position and the weights from there. */
function resizeTaps(from: number, to: number): Tap[] {
  const scale = from / to;
  const reach = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const center = scale * (i + 0.5);
    const first = Math.max(Math.trunc(center - reach + 0.5), 0);
    const end = Math.min(Math.trunc(center + reach + 0.5), from);
    const weights = Float64Array.from(
      { length: end - first },
      (_, j) => Math.max(0, 1 - Math.abs((first + j - center + 0.5) / reach)),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** The taps of the most recent sizes: a dataset needs the same ones for every image. */
const known = new Map<string, Tap[]>();

function knownTaps(from: number, to: number): Tap[] {
  const key = `${from} ${to}`;
  const taps = known.get(key) ?? resizeTaps(from, to);
  if (known.size > 16) known.clear();
  known.set(key, taps);
  return taps;
}

/** Samples of an image, channels last. */
export interface Samples {
  width: number;
  height: number;
  channels: number;
  data: ArrayLike<number>;
}

/**
 * An image in another size.
 *
 * @param image samples of any range, at least one pixel
 * @param width,height the new size in pixels
 * @returns height * width * channels samples, all within the range of the image's samples
 */
export function resize(
  { width: fromWidth, height: fromHeight, channels, data }: Samples,
  width: number,
  height: number,
) {
  const across = knownTaps(fromWidth, width);
  const down = knownTaps(fromHeight, height);
  const narrow = new Float64Array(fromHeight * width * channels);
  for (let y = 0; y < fromHeight; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = across[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let j = 0; j < weights.length; j++) {
          sum += weights[j]! * data[(y * fromWidth + first + j) * channels + c]!;
        }
        narrow[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const row = width * channels;
  const result = new Float64Array(height * row);
  for (let y = 0; y < height; y++) {
    const { first, weights } = down[y]!;
    for (let j = 0; j < weights.length; j++) {
      const weight = weights[j]!;
      const from = (first + j) * row;
      for (let i = 0; i < row; i++) result[y * row + i]! += weight * narrow[from + i]!;
    }
  }
  return result;
}
