import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { dataDigest, type Dataset } from "../datasets/dataset.ts";
import { openEngine } from "../engines/mod.ts";
import { UserError } from "../messages/errors.ts";
import { sha256 } from "../formats/sha256.ts";
import { encodePng } from "../formats/png.ts";
import { formulaUniform } from "../golden/golden.ts";
import { evaluateSamples, type EvaluateSamplesRequest } from "./evaluate.ts";
import { extractFeatures, type FeatureExtractor, imagesInMemory } from "./extract.ts";
import { imagesInFolder } from "./folder.ts";
import { findInceptionWeights } from "./inception_weights.ts";
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
  name: "without Inception a classifier scores, is trained once, and says what it is " +
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

Deno.test("features keep the images' order over batches, short ones and sizes that change", async () => {
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

Deno.test({
  name: "a folder's images are read in the order of their names, and other files passed over " +
    "(needs --allow-read --allow-write)",
  ignore: !granted("read", "write"),
  async fn() {
    const folder = Deno.makeTempDirSync();
    const png = (value: number) =>
      encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(value) });
    Deno.mkdirSync(join(folder, "b"));
    Deno.writeFileSync(join(folder, "b", "1.png"), png(7));
    Deno.writeFileSync(join(folder, "a.PNG"), png(5));
    Deno.writeTextFileSync(join(folder, "notes.txt"), "no image");
    Deno.writeFileSync(join(folder, "c"), png(9));
    Deno.writeFileSync(join(folder, "d.png.part"), png(9));
    const source = await imagesInFolder(folder);
    assertEquals([source.count, ...[0, 1, 2].map((i) => source.read(i).data[0])], [3, 5, 7, 9]);
    assertEquals(source.notes, [
      `${folder}: not used: 2 files (d.png.part, notes.txt): no images`,
    ]);
    Deno.writeFileSync(join(folder, "a.PNG"), png(200).subarray(0, 20));
    assertNotEquals((await imagesInFolder(folder)).digest, source.digest);
    const bad = join(folder, "b", "bad.png");
    Deno.writeTextFileSync(bad, "no image");
    await assertRejects(
      () => imagesInFolder(folder),
      UserError,
      `${bad}: this is no image; read are PNG, JPEG, WebP, PGM and PPM`,
    );
    Deno.removeSync(folder, { recursive: true });
  },
});

Deno.test({
  name: "the Inception weights are fetched once, and nothing else is taken for them " +
    "(needs --allow-read --allow-write --allow-net)",
  ignore: !granted("read", "write", "net"),
  async fn() {
    const dataRoot = Deno.makeTempDirSync();
    const said: string[] = [];
    const asked: string[] = [];
    const small = "small weights";
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      if (pathname === "/moved") {
        return new Response(null, { status: 302, headers: { location: "/weights" } });
      }
      if (pathname === "/weights") return new Response(small);
      if (pathname === "/long") return new Response(small + small);
      return pathname === "/cut"
        ? new Response(new ReadableStream({ start: (stream) => stream.error(new Error("gone")) }))
        : new Response("what?", { status: pathname === "/other" ? 200 : 404 });
    });
    const address = `http://127.0.0.1:${server.addr.port}`;
    const find = (path: string, digest = sha256(small)) =>
      findInceptionWeights({
        path: "",
        dataRoot,
        onMessage: (text) => said.push(text),
        release: { url: address + path, sha256: digest, bytes: small.length },
      });
    try {
      for (
        const [path, why] of [["/other", "not"], ["/absent", "answers 404"], [
          "/cut",
          "not here (",
        ], ["/long", "more than the 13 bytes"]] as const
      ) {
        assertEquals(await find(path), null);
        assertStringIncludes(said.at(-1)!, why);
        assertEquals([...Deno.readDirSync(dataRoot)], [], "nothing wrong is kept");
      }
      const begins = sha256(small).slice(0, 8);
      assertEquals(await find("/weights", begins), null, "eight digits are not enough");
      const fetched = await find("/moved");
      assertEquals([fetched?.digest, fetched?.published], [sha256(small), true]);
      assertEquals(new TextDecoder().decode(fetched!.bytes), small);
      asked.length = 0;
      assertEquals((await find("/weights"))?.digest, sha256(small));
      assertEquals(asked, [], "kept");
      await assertRejects(() => find("/weights", begins), UserError, "damaged");
    } finally {
      await server.shutdown();
    }
    Deno.removeSync(dataRoot, { recursive: true });
    Deno.mkdirSync(dataRoot);
    assertEquals(await find("/weights"), null, "without a network");

    const own = join(dataRoot, "own.pth");
    const named = (path: string) => findInceptionWeights({ path, dataRoot });
    Deno.writeTextFileSync(own, "mine");
    assertEquals([(await named(own))?.digest, (await named(own))?.published], [
      sha256("mine"),
      false,
    ]);
    await assertRejects(() => named(join(dataRoot, "absent")), UserError, "absent");
    Deno.removeSync(dataRoot, { recursive: true });
  },
});

Deno.test("images in memory are read where they lie", () => {
  const source = imagesInMemory({ ...bars(1, 3), name: "bars" });
  assertEquals(source.read(2).data, bars(1, 3).images.subarray(128));
});
