/** The radial power spectrum of a run's samples next to that of its dataset, as a table. */
import { UserError } from "../messages/errors.ts";
import { csvText } from "../formats/csv.ts";
import { planesOf, radialPower } from "./spectrum.ts";

/** Images as bytes: count, height, width, channels. */
export interface ByteImages {
  images: Uint8Array;
  count: number;
  imageSize: number;
  channels: number;
}

/** One frequency. */
export interface SpectrumRow {
  /** Cycles per image, 0 ... imageSize / 2. */
  radius: number;
  /** Mean power of the samples at this radius, for values in [-1, 1]. */
  samples: number;
  /** The same for the dataset's images. */
  data: number;
}

/** The maximum number of planes per set. More would make no visible difference. */
const maxPlanes = 600;

/** The columns of spectrum.csv. */
const head = ["radius", "samples", "data"];

/** The spectrum of samples next to that of a dataset with images of the same size. */
export function sampleSpectrum(samples: ByteImages, data: ByteImages): SpectrumRow[] {
  const ofData = powerOf(data);
  return Array.from(powerOf(samples), (power, radius) => ({
    radius,
    samples: power,
    data: ofData[radius] ?? 0,
  }));
}

function powerOf({ images, count, imageSize, channels }: ByteImages): Float64Array {
  const planes = planesOf(images, [count, imageSize, imageSize, channels], maxPlanes);
  const values = Float64Array.from(planes.values, (byte) => byte / 127.5 - 1);
  return radialPower({ ...planes, values });
}

/** The text of spectrum.csv. */
export function spectrumText(rows: readonly SpectrumRow[]): string {
  return csvText([head, ...rows.map(({ radius, samples, data }) => [radius, samples, data])]);
}

/**
 * The rows of spectrum.csv, as {@link spectrumText} writes them.
 *
 * @throws UserError if it has another form
 */
export function parseSpectrum(csv: string, where: string): SpectrumRow[] {
  const [first, ...lines] = csv.trimEnd().split("\n");
  if (first !== head.join(",")) throw new UserError(`${where}: it does not begin with ${head}`);
  if (lines.length > 1000) throw new UserError(`${where}: too long`);
  return lines.map((line, i) => {
    const [radius, samples, data, ...more] = line.split(",").map(Number);
    const isPower = (value: number | undefined): value is number =>
      value !== undefined && Number.isFinite(value) && value >= 0;
    if (radius !== i || !isPower(samples) || !isPower(data) || more.length > 0) {
      throw new UserError(`${where}:${i + 2}: expected a radius and two powers`);
    }
    return { radius, samples, data };
  });
}
