import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { dataDigest, type Dataset } from "../datasets/dataset.ts";
import { openEngine } from "../engines/mod.ts";
import { sha256 } from "../formats/sha256.ts";
import { formulaUniform } from "../golden/golden.ts";
import { evaluateSamples, type EvaluateSamplesRequest } from "./evaluate.ts";
import * as tf from "@tensorflow/tfjs";

const granted = (...names: string[]) =>
  names.every((name) =>
    Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted"
  );
const unreachable = { download: false, path: "" };

/** Grey images of 8 pixels: noise around a bar, vertical in class 0, horizontal in class 1. */
function bars(stream: number, count: number): Dataset {
  const noise = formulaUniform(stream, count * 64);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const images = Uint8Array.from(noise, (u, at) => {
    const n = Math.floor(at / 64);
    const across = n % 2 ? Math.floor(at % 64 / 8) : at % 8;
    return 60 + 40 * u + (across === 3 || across === 4 ? 120 : 0);
  });
  return {
    name: "bars",
    source: "made up",
    images,
    labels,
    count,
    imageSize: 8,
    channels: 1,
    classes: 2,
    classNames: ["upright", "lying"],
    digest: dataDigest(images, labels),
    skipped: [],
    notes: [],
  };
}

Deno.test({
  name: "without Inception, a classifier is trained once and scores, and the result says so " +
    "(needs --allow-read --allow-write --allow-ffi --allow-env)",
  ignore: !granted("read", "write", "ffi", "env"),
  async fn() {
    const dataRoot = Deno.makeTempDirSync();
    const engine = await openEngine("tensorflow");
    const dataset = bars(1, 600);
    const phases: string[] = [];
    const scored = (samples: Dataset, metrics: ("fid" | "kid" | "is")[] = ["fid", "kid", "is"]) => {
      const request: EvaluateSamplesRequest = {
        engine,
        samples: { ...samples, digest: sha256(samples.images) },
        dataset,
        evaluation: { metrics, kidSubsets: 10, kidSubsetSize: 1000, isSplits: 10 },
        seed: 1,
        dataRoot,
        progress: { phase: (name) => phases.push(name), update() {}, message() {} },
        weights: unreachable,
      };
      return evaluateSamples(request);
    };
    try {
      const good = await scored(bars(2, 200));
      const before = tf.memory().numTensors;
      assertEquals(good.scores.map(({ metric }) => metric), [
        "classifier-fid",
        "classifier-kid",
        "classifier-is",
      ]);
      assertEquals(good.extractor?.name, "classifier");
      assert(good.extractor!.testAccuracy! > 0.95, `${good.extractor!.testAccuracy}`);
      assertStringIncludes(good.notes.join("\n"), "never with FID, KID and IS");
      assertStringIncludes(good.notes.join("\n"), "KID's subsets hold 200 images instead of 1000");
      assert(good.scores.every(({ standardError }) => standardError !== null && standardError > 0));
      assert(good.scores[2]!.value > 1.5, "two classes, told apart");

      // Noise is further from the data than fresh bars, by far more than the errors.
      phases.length = 0;
      const noise = {
        ...bars(3, 200),
        images: Uint8Array.from(formulaUniform(4, 200 * 64), (u) => 128 + 120 * u),
      };
      const bad = await scored(noise);
      assertEquals(phases.includes("training a classifier"), false, "cached");
      assertEquals(bad.extractor, good.extractor);
      for (const i of [0, 1]) {
        const difference = bad.scores[i]!.value - good.scores[i]!.value;
        assert(
          difference >
            5 * Math.hypot(bad.scores[i]!.standardError!, good.scores[i]!.standardError!),
        );
      }
      assertEquals(
        JSON.stringify(await scored(bars(2, 200))),
        JSON.stringify(good),
        "the same again, from the caches",
      );
      assertEquals(tf.memory().numTensors, before);

      // A cache that others may have written is not trusted.
      if (Deno.build.os !== "windows") {
        phases.length = 0;
        Deno.chmodSync(join(dataRoot, ".cache"), 0o777);
        assertEquals((await scored(noise)).extractor, good.extractor);
        Deno.chmodSync(join(dataRoot, ".cache"), 0o755);
        assertEquals(phases.includes("training a classifier"), true);
      }

      // A damaged cache is rebuilt, with the same result.
      for (const { name } of Deno.readDirSync(join(dataRoot, ".cache"))) {
        const path = join(dataRoot, ".cache", name);
        const bytes = Deno.readFileSync(path);
        if (name.startsWith("classifier-bars")) bytes[bytes.length - 9]! ^= 1;
        Deno.writeFileSync(
          path,
          name.startsWith("classifier-bars") ? bytes : bytes.subarray(0, 1000),
        );
      }
      assertEquals(await scored(bars(2, 200)), good);
      assertEquals((await scored(bars(2, 200), [])).scores, []);
      // A split of one image always has a score of 1.
      for (
        const [count, splits, words] of [[4, 2, "over 2 splits"], [
          3,
          1,
          "over 1 split instead of 10",
        ]] as const
      ) {
        const { scores: [score], notes } = await scored(bars(2, count), ["is"]);
        assertEquals([score!.splits, score!.standardError === null], [splits, splits === 1]);
        assertStringIncludes(notes.join("\n"), words);
      }
      assertStringIncludes((await scored(bars(2, 1), ["is"])).notes[0]!, "at least two images");
      const unlabelled = await evaluateSamples({
        engine,
        samples: { ...bars(2, 20), digest: "" },
        dataset: { ...dataset, labels: null, classes: null },
        evaluation: { metrics: ["fid"], kidSubsets: 1, kidSubsetSize: 2, isSplits: 1 },
        seed: 0,
        dataRoot,
        weights: unreachable,
      });
      assertEquals(unlabelled.scores, []);
      assertStringIncludes(unlabelled.notes[0]!, "no labels");
    } finally {
      engine.dispose();
      Deno.removeSync(dataRoot, { recursive: true });
    }
  },
});
