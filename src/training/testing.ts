/** A small in-memory dataset for tests that train. */
import { dataDigest, type Dataset } from "../datasets/dataset.ts";
import { philox4x32 } from "../../kernels/random_normal/philox.ts";

/**
 * Grey images of random pixels, with labels cycling through 0 ... 9. The first pixels of image i
 * are the bytes of i.
 */
export function noiseDataset(count: number, imageSize = 8): Dataset {
  const size = imageSize ** 2;
  const images = new Uint8Array(count * size);
  for (let i = 0; i < images.length; i++) {
    images[i] = philox4x32([i >>> 2, 0, 0, 0], [1, 2])[i & 3]! >>> 24;
  }
  for (let i = 0; i < count; i++) images.set([i & 255, i >>> 8], i * size);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  return {
    name: "noise",
    source: "random pixels",
    images,
    labels,
    count,
    imageSize,
    channels: 1,
    classes: 10,
    classNames: Array.from({ length: 10 }, (_, i) => String(i)),
    digest: dataDigest(images, labels),
    skipped: [],
    notes: [],
  };
}
