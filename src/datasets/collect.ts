/**
 * From a source of images to a dataset: each is read once, prepared, and only its few bytes are
 * kept.
 */
import { UserError } from "../errors.ts";
import { printable } from "../spec/source.ts";
import { dataDigest, type Dataset } from "./dataset.ts";
import { preparePixels, type Target } from "./prepare.ts";
import type { Source } from "./source.ts";

/** How many bad images a message lists before it only counts them. */
const mostListed = 20;

/**
 * Reads a source.
 *
 * @param limit at most so many images are taken, from the start
 * @param skipBad whether images that cannot be read are left out (and counted) rather than an error
 * @param onProgress called now and then with the number of images done and to do
 * @throws UserError where there are no images, or bad ones
 */
export async function collect(
  name: string,
  source: Source,
  target: Target,
  { limit, skipBad, onProgress }: {
    limit: number | null;
    skipBad?: boolean | undefined;
    onProgress?: ((done: number, all: number) => void) | undefined;
  },
): Promise<Dataset> {
  const most = Math.min(limit ?? Infinity, source.count);
  if (most === 0) {
    throw new UserError(`dataset ${name}: there are no images in ${source.description}`);
  }
  const stride = target.imageSize ** 2 * target.channels;
  const images = new Uint8Array(most * stride);
  const labels = new Uint8Array(most);
  const skipped: string[] = [];
  let count = 0;
  let labelled = source.classNames !== null;
  for await (const sample of source.samples) {
    if (count === most) break;
    try {
      preparePixels(sample.read(), target, images.subarray(count * stride, (count + 1) * stride));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      skipped.push(printable(error.message, 1000));
      continue;
    }
    if (sample.label === null) labelled = false;
    labels[count++] = sample.label ?? 0;
    if (count % 500 === 0) onProgress?.(count, most);
  }
  if (skipped.length && !skipBad) {
    const rest = skipped.length - mostListed;
    throw new UserError(
      `dataset ${name}: ${skipped.length} of ${skipped.length + count} images cannot be read:\n` +
        skipped.slice(0, mostListed).map((line) => `  ${line}\n`).join("") +
        (rest > 0 ? `  and ${rest} more\n` : "") +
        "Mend or remove them, or leave them out with --skip-bad.",
    );
  }
  if (count === 0) {
    throw new UserError(`dataset ${name}: no image in ${source.description} can be read`);
  }
  onProgress?.(count, count);
  // Parts, not copies: there is room for the images once.
  const kept = images.subarray(0, count * stride);
  const keptLabels = labelled ? labels.subarray(0, count) : null;
  return {
    name,
    source: source.description,
    images: kept,
    labels: keptLabels,
    count,
    imageSize: target.imageSize,
    channels: target.channels,
    classes: labelled ? source.classNames!.length : null,
    classNames: labelled ? source.classNames : null,
    digest: dataDigest(kept, keptLabels),
    skipped,
  };
}
