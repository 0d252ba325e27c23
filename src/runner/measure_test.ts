// Measuring the time of scoring, with a substitute for Inception.
import type * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { openEngine } from "../engines/mod.ts";
import { hasReferenceFeatures, referenceFeatures } from "../evaluation/cache.ts";
import { type FeatureExtractor, imagesInMemory } from "../evaluation/extract.ts";
import { filesTest } from "../files/testing.ts";
import { secondsPerImage } from "./measure_scoring.ts";

filesTest("scoring is measured by two batches, the first of which compiles", async (folder) => {
  const engine = await openEngine("cpu");
  let calls = 0;
  const apply = engine.jit((images) => {
    calls++;
    const features = (images as tf.Tensor4D).mean([1, 2]);
    return [features, features.mul(2)];
  });
  const extractor: FeatureExtractor = {
    prefix: "",
    digest: "a".repeat(64),
    device: "cpu",
    widths: [3, 3],
    batchSize: 4,
    channels: 3,
    prepare: (image) => image,
    apply,
    dispose: () => apply.dispose(),
  };
  const images = Uint8Array.from({ length: 10 * 12 }, (_, i) => (i * 37) % 256);
  const set = { name: "few", digest: "b".repeat(64), images, count: 10 };
  const source = imagesInMemory({ ...set, imageSize: 2, channels: 3 });
  try {
    const seconds = await secondsPerImage(extractor, source);
    assert(seconds > 0 && calls === 2, `${seconds} s, ${calls} batches`);
    assertEquals(await hasReferenceFeatures(extractor, source, folder), false);
    await referenceFeatures(extractor, source, folder, () => {});
    assertEquals(await hasReferenceFeatures(extractor, source, folder), true);
  } finally {
    extractor.dispose();
    engine.dispose();
  }
});
