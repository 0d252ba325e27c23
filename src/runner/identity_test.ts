// Runs are identified by their inputs, and a new training says which similar ones exist. Very small
// runs on the reference engine.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readSpecWithImages } from "../bundle/read.ts";
import { verifyBundle } from "../report/verify.ts";
import { UserError } from "../messages/errors.ts";
import { encodePng } from "../formats/png.ts";
import { loadSpec, loadSweep, parseSpec, resolveSpec } from "../spec/mod.ts";
import { filesTest } from "../files/testing.ts";
import { estimateRun } from "./estimate.ts";
import { prepareRun } from "./prepare.ts";
import { reproduceBundle } from "./reproduce.ts";
import { runExperiment } from "./run.ts";
import { runSweep } from "./sweep.ts";
import type { Progress } from "../messages/progress.ts";

const tiny = parseSpec(`architecture: A
dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 8 }
training: { images: 8, batchSize: 4, previewEveryEpochs: null }
sampling: { steps: 2, count: 2, batchSize: 2 }
evaluation: { metrics: [] }
`);

/** Options for the runs of a test, and the messages that they show. */
function setup(folder: string) {
  const said: string[] = [];
  const progress: Progress = {
    phase() {},
    update() {},
    done() {},
    message: (text) => void said.push(text),
  };
  const options = { engine: "cpu" as const, out: join(folder, "out"), dataRoot: folder, progress };
  return { said, options };
}

filesTest("a parent may be renamed and moved, because its digest identifies it", async (folder) => {
  const { options } = setup(folder);
  const parent = (await runExperiment(resolveSpec(tiny), options)).path;
  const further = (from: string) => resolveSpec(tiny, [`training.from=${from}`]);
  const child = await runExperiment(further(parent), options);
  const { from } = JSON.parse(Deno.readTextFileSync(join(child.path, "data", "digests.json")));
  const spec = Deno.readTextFileSync(join(child.path, "data", "spec.yaml"));
  assertStringIncludes(spec, `from: ${from}\n`);
  assert(!spec.includes(folder), "no path of this machine is among the results");
  assertEquals((await verifyBundle(child.path)).problems, []);

  const renamed = join(options.out, "renamed");
  Deno.renameSync(parent, renamed);
  assertEquals((await prepareRun(further(renamed), options)).finished, child.path);
  assertEquals((await prepareRun(further(from), options)).finished, child.path);
  assert((await reproduceBundle(child.path, options)).ok, "found by its digest");

  const moved = join(folder, "moved");
  Deno.renameSync(renamed, moved);
  await assertRejects(() => reproduceBundle(child.path, options), UserError, "--from FOLDER");
  await assertRejects(
    () => reproduceBundle(child.path, { ...options, from: child.path }),
    UserError,
    "not the one it was trained from; give that one with --from FOLDER",
  );
  const again = await reproduceBundle(child.path, { ...options, from: moved });
  assertEquals([again.verdict, again.different], ["same", []]);
});

filesTest("a run's images are identified by their pixels, not their path", async (folder) => {
  const { options } = setup(folder);
  const images = join(folder, "photos");
  Deno.mkdirSync(images);
  for (let i = 0; i < 8; i++) {
    const data = Uint8Array.from({ length: 64 }, (_, j) => (37 * i + 5 * j) % 256);
    const png = encodePng({ width: 8, height: 8, channels: 1, data });
    Deno.writeFileSync(join(images, `${i}.png`), png);
  }
  const at = (path: string) => resolveSpec(tiny, ["dataset=folder", `data.path=${path}`]);
  const first = await runExperiment(at(images), options);
  assert(!Deno.readTextFileSync(join(first.path, "data", "spec.yaml")).includes(folder));
  assert((await reproduceBundle(first.path, options)).ok, "the bundle says where they were");
  assertEquals(readSpecWithImages(first.path).data.path, images, "evaluate and equivariance, too");

  const moved = join(folder, "elsewhere");
  Deno.renameSync(images, moved);
  assertEquals((await prepareRun(at(moved), options)).finished, first.path);
  await assertRejects(() => reproduceBundle(first.path, options), UserError, "--path with");
  const again = await reproduceBundle(first.path, { ...options, images: moved });
  assertEquals([again.verdict, again.different], ["same", []]);
  Deno.removeSync(join(moved, "0.png"));
  await assertRejects(
    () => reproduceBundle(first.path, { ...options, images: moved }),
    UserError,
    "the folder of this run's images with --path FOLDER",
  );
});

filesTest("a bundle's spec as written finds the same run again", async (folder) => {
  const { options, said } = setup(folder);
  const base = join(folder, "base.yaml");
  const own = join(folder, "own.yaml");
  Deno.writeTextFileSync(base, "dataset: mnist\nimageSize: 8\nbaseWidth: 4 # thin\n");
  Deno.writeTextFileSync(
    own,
    `extends: base.yaml
architecture: A # the baseline
data: { limit: 8 }
training: { images: 80, batchSize: 4, previewEveryEpochs: null }
sampling: { steps: 2, count: 2, batchSize: 2 }
evaluation: { metrics: [] }
`,
  );
  const again = async (bundle: string) => {
    const { resolved } = await loadSpec(join(bundle, "spec-as-written.yaml"));
    return (await prepareRun(resolved, options)).finished;
  };
  const { resolved, written } = await loadSpec(own, ["training.epochs=1", "sampling.rotation=30"]);
  const source = { path: own, text: written };
  const { path } = await runExperiment(resolved, { ...options, source });
  assertEquals(await again(path), path);
  const kept = Deno.readTextFileSync(join(path, "spec-as-written.yaml"));
  assertStringIncludes(kept, "architecture: A # the baseline");

  const { members } = await loadSweep(own, ["training.images=8", "seed=1,2"]);
  const finished = await runSweep(members, options);
  for (const { bundle } of finished) assertEquals(await again(bundle ?? ""), bundle);
  const near = said.filter((text) => /most similar one, [^,]*seed/.test(text));
  assertEquals(near, [], "members of a sweep are similar on purpose");
  assertEquals(new Set(finished.map(({ bundle }) => bundle)).size, 2);
});

filesTest("fields that cannot change the weights start no new training", async (folder) => {
  const { options } = setup(folder);
  const { path } = await runExperiment(resolveSpec(tiny), options);
  for (
    const overrides of [
      ["training.previewEveryEpochs=2"],
      ["training.previewEveryEpochs=2", "training.previewSampler=published"],
      ["sampling.count=3"],
      ["evaluation.metrics=[fid]"],
    ]
  ) {
    const { shared, finished } = await prepareRun(resolveSpec(tiny, overrides), options);
    assertEquals([shared?.path, finished], [path, null], overrides.join());
  }
  for (const override of ["seed=7", "data.flip=true", "training.images=9"]) {
    assertEquals((await prepareRun(resolveSpec(tiny, [override]), options)).shared, null, override);
  }
});

filesTest("a new training names the most similar one", async (folder) => {
  const { said, options } = setup(folder);
  const { path } = await runExperiment(resolveSpec(tiny), options);
  const isNotice = (text: string) => text.includes("this is a new training");
  assertEquals(said.filter(isNotice), [], "there was no other yet");
  const noticeFor = async (...overrides: string[]) => {
    const { lines } = await estimateRun(resolveSpec(tiny, overrides), options);
    return lines.find(isNotice) ?? "";
  };
  const longer = await noticeFor("training.images=24");
  assertStringIncludes(longer, `${path}, finished after 2 steps, differs in training.images (8, `);
  assertStringIncludes(
    longer,
    `here 24). To train that one further instead, add training.from=${path}`,
  );
  assertStringIncludes(longer, "training.images=16: ");
  assertStringIncludes(await noticeFor("seed=7"), "differs in seed (42, here 7).");
  assertStringIncludes(await noticeFor("data.limit=7"), "differs in data.limit (8, here 7).");
  assertEquals(await noticeFor("sampling.count=3"), "", "its model is reused");
  const another = ["imageSize=16", "baseWidth=8", "seed=1", "training.batchSize=2"];
  assertEquals(await noticeFor(...another), "", "a different experiment");

  // Steps of a training that was stopped are not dropped in silence.
  const halt = new AbortController();
  const progress = {
    ...options.progress,
    update: (step: number) => void (step === 2 && halt.abort()),
  };
  const started = resolveSpec(tiny, ["seed=9", "training.images=40"]);
  const stopped = { ...options, progress, signal: halt.signal };
  await assertRejects(() => runExperiment(started, stopped), DOMException);
  const other = await noticeFor("seed=9", "training.images=44", "training.decay=linear");
  assertStringIncludes(other, "stopped after 2 steps, differs in training.images (40, here 44)");
  said.length = 0;
  await runExperiment(resolveSpec(tiny, ["seed=9", "training.images=4"]), options);
  assert(said.some((text) => text.includes("stopped after 2 steps")), said.join("\n"));
});

filesTest("a dry run refuses what the run would refuse", async (folder) => {
  const { options } = setup(folder);
  const { path } = await runExperiment(resolveSpec(tiny), options);
  const refused: [override: string[], words: string][] = [
    [["baseWidth=8", `training.from=${path}`], "a different network"],
    [[`training.from=${join(folder, "none")}`], "does not exist"],
    [[`training.from=${"a".repeat(64)}`], "no bundle in"],
    [["dataset=folder", "data.path=null"], "relative to the current one (data.path in the spec"],
    [["training.batchSize=65536", "imageSize=128", "baseWidth=512", "data.limit=9000"], "memory"],
    [["sampling.count=10000000", "sampling.rotation={from: 0, to: 9, count: 360}"], "the disk has"],
  ];
  for (const [overrides, words] of refused) {
    const spec = resolveSpec(tiny, overrides);
    await assertRejects(() => estimateRun(spec, options), UserError, words);
    await assertRejects(() => runExperiment(spec, options), UserError, words);
  }
  // Something else at the bundle's path is reported before anything is trained.
  const { path: free } = await prepareRun(resolveSpec(tiny, ["seed=3"]), options);
  Deno.mkdirSync(free);
  await assertRejects(
    () => estimateRun(resolveSpec(tiny, ["seed=3"]), options),
    UserError,
    "this exists, but is not the finished bundle",
  );
});

filesTest(
  "a training goes on from a stopped one that differs only in its length",
  async (folder) => {
    const { said, options } = setup(folder);
    const halted = async (...overrides: string[]) => {
      const halt = new AbortController();
      const progress = {
        ...options.progress,
        update: (step: number) => void (step === 2 && halt.abort()),
      };
      const run = { ...options, progress, signal: halt.signal };
      await assertRejects(() => runExperiment(resolveSpec(tiny, overrides), run), DOMException);
    };
    for (const images of [16, 44]) {
      await halted(`seed=${images}`, "training.images=40");
      const spec = resolveSpec(tiny, [`seed=${images}`, `training.images=${images}`]);
      const alone = await runExperiment(spec, { ...options, out: join(folder, `alone${images}`) });

      const { lines } = await estimateRun(spec, options);
      assert(lines.some((line) => line.includes("continues from the 2 steps")), lines.join("\n"));
      said.length = 0;
      const { path, digest } = await runExperiment(spec, options);
      assert(said.some((line) => line.includes("continues from the 2 steps")), said.join("\n"));
      assertEquals(digest, alone.digest);
      const { starts } = JSON.parse(Deno.readTextFileSync(join(path, "environment.json")));
      assertEquals(starts, 2);
    }

    // A rate that falls towards the end makes each step depend on the length.
    await halted("seed=1", "training.images=40", "training.decay=linear");
    said.length = 0;
    await runExperiment(
      resolveSpec(tiny, ["seed=1", "training.images=16", "training.decay=linear"]),
      options,
    );
    assert(said.some((line) => line.includes("this is a new training")), said.join("\n"));
  },
);
