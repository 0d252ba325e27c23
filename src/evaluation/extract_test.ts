import { assertEquals } from "@std/assert";
import { extractFeatures, type FeatureExtractor, imagesInMemory } from "./extract.ts";
import * as tf from "@tensorflow/tfjs";

/** Features: the mean and the number of pixels; logits: the first pixel. */
const meanExtractor: FeatureExtractor = {
  prefix: "classifier-",
  digest: "",
  device: "",
  widths: [2, 1],
  batchSize: 4,
  channels: 1,
  prepare: (image) => image,
  apply: Object.assign((images: tf.Tensor) => {
    const rows = images.shape[0]!;
    return tf.tidy(() => [
      tf.stack(
        [tf.mean(tf.reshape(images, [rows, -1]), 1), tf.fill([rows], images.size / rows)],
        1,
      ),
      tf.slice(tf.reshape(images, [rows, -1]), [0, 0], [rows, 1]),
    ]);
  }, { dispose() {} }),
  dispose() {},
};

Deno.test("features keep the order of the images over short batches and changing sizes", async () => {
  await tf.setBackend("cpu");
  const sizes = [2, 2, 2, 2, 2, 3, 3, 2, 4, 4, 4];
  const seen: number[] = [];
  const source = {
    name: "",
    digest: "",
    count: sizes.length,
    read: (i: number) => {
      const side = sizes[i]!;
      return {
        width: side,
        height: side,
        channels: 1 as const,
        data: new Uint8Array(side * side).fill(10 * i),
      };
    },
  };
  const before = tf.memory().numTensors;
  const { features, logits } = await extractFeatures(
    meanExtractor,
    source,
    (done) => seen.push(done),
  );
  assertEquals([...features.values], sizes.flatMap((side, i) => [10 * i, side * side]));
  assertEquals([...logits.values], sizes.map((_, i) => 10 * i));
  assertEquals(seen, [4, 5, 7, 8, 11]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("images in memory are read without copying", () => {
  const images = Uint8Array.from({ length: 3 * 64 }, (_, i) => i);
  const source = imagesInMemory({
    name: "bars",
    digest: "",
    images,
    count: 3,
    imageSize: 8,
    channels: 1,
  });
  assertEquals(source.read(2).data, images.subarray(128));
});
