// Sweeps, shared models, continued trainings, more samples and estimates, with very small runs.
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { verifyBundle } from "../report/verify.ts";
import { readSamples } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { expandSweep, parseSpec, resolveSpec } from "../spec/mod.ts";
import { estimateRun } from "./estimate.ts";
import { runExperiment } from "./run.ts";
import { sampleBundle } from "./sample.ts";
import { samplingSpec } from "./sampling_spec.ts";
import { runSweep } from "./sweep.ts";
import { memberNames, memberProgress, namesByDataset, newMembers } from "./sweep_member.ts";

const ignore = (["read", "write", "run", "env", "ffi"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const tiny = parseSpec(`
architecture: A
dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 16 }
training: { images: 80, batchSize: 8, emaDecay: 0.9, previewEveryEpochs: null }
sampling: { steps: 3, count: 4, batchSize: 2 }
evaluation: { metrics: [] }
`);

const read = (bundle: string, name: string) => Deno.readFileSync(join(bundle, "data", name));

Deno.test("members are named by the paper's name and the fields in which they differ", () => {
  const members = expandSweep(tiny, [
    "architecture=A,D",
    "kaiserBeta=0,1",
    "sampling.rotation=0,30",
  ]);
  assertEquals(memberNames(members), [
    "A mnist sampling.rotation=[0]",
    "A mnist sampling.rotation=[30]",
    "D-0N mnist sampling.rotation=[0]",
    "D-0N mnist sampling.rotation=[30]",
    "D-1N mnist sampling.rotation=[0]",
    "D-1N mnist sampling.rotation=[30]",
  ]);
  assertEquals(memberNames(expandSweep(tiny)), ["A mnist"]);
});

Deno.test("runs on several datasets are named by how they differ within their dataset", () => {
  const specs = [["seed=1"], ["dataset=mnist-m"], ["seed=2"]].map((words) =>
    resolveSpec(tiny, words)
  );
  assertEquals(namesByDataset(specs), ["A mnist seed=1", "A mnist-m", "A mnist seed=2"]);
});

Deno.test("a member's loss, share and time left follow its run; messages wait for a phase", () => {
  const member = newMembers([resolveSpec(tiny)])[0]!;
  const said: string[] = [];
  let ms = 0;
  const note = (text: string) => void said.push(text);
  const progress = memberProgress(
    member,
    { phase: note, update() {}, message: note, done() {} },
    () => {},
    () => ms,
  );
  progress.message("data");
  assertEquals(said, []);
  progress.phase("training", 100, "steps");
  assertEquals(said, ["A mnist: data", "A mnist: training"]);
  progress.update(40, { loss: 0.5 });
  ms = 10_000;
  progress.update(60, { loss: 0.25 });
  assertEquals([member.loss, member.phase?.share, member.secondsLeft], [0.25, 0.6, 20]);
});

Deno.test("only the sampling and seed of a bundle's spec can be changed for more images", () => {
  const parent = resolveSpec(tiny);
  const spec = samplingSpec(parent, ["count=9", "sampling.rotation=[0, 30]", "seed=7"]);
  assertEquals([spec.sampling.count, spec.sampling.rotation, spec.seed], [9, [0, 30], 7]);
  assertEquals(spec.training, parent.training);
  assertThrows(() => samplingSpec(parent, ["training.epochs=3"]), UserError, "only its sampling");
  assertThrows(() => samplingSpec(parent, ["sampling.count=-1"]), UserError);
});

Deno.test("classes may be given by name, and an ambiguous name is refused", () => {
  const parent = resolveSpec(tiny, ["dataset=folder", "data.path=x", "classes=3"]);
  const labels = (value: string, names: string[] | null) =>
    samplingSpec(parent, [`labels=${value}`], names).sampling.labels;
  const names = ["bars", "big dots", "rings"];
  for (
    const [value, found] of [
      ["bars", [0]],
      ["[rings, bars]", [2, 0]],
      ["rings, big dots", [2, 1]],
      ["2", [2]],
      ["1,2", [1, 2]],
      ["null", null],
    ] as const
  ) assertEquals(labels(value, names), found as number[] | null, value);
  assertEquals(samplingSpec(parent, ["sampling.labels=bars"], names).sampling.labels, [0]);
  assertThrows(() => labels("barz", names), UserError, "did you mean bars? Classes: 0 bars, 1 big");
  assertThrows(() => labels("7", names), UserError, "must be from 0 to 2");
  assertThrows(() => labels("bars", null), UserError, "labels");
  // Class folders whose names are numbers.
  const numbers = ["1", "2", "7"];
  assertEquals(labels("7", numbers), [2]);
  assertEquals(labels("0", numbers), [0]);
  assertThrows(() => labels("1", numbers), UserError, "is ambiguous");
  assertEquals([labels('"1"', numbers), labels('"2"', numbers)], [[0], [1]]);
});

Deno.test({
  name: "a sweep runs missing members, shares models, and continues after a failure; bundles are " +
    "continued and sampled" +
    (ignore ? " (needs --allow-all)" : ""),
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "sweep-" });
    const out = join(folder, "out");
    const dataRoot = join(folder, "data");
    try {
      const options = { engine: "tensorflow" as const, out, dataRoot };
      const said: string[] = [];
      const note = (text: string) => void said.push(text);
      const specs = expandSweep(tiny, ["dataset=cifar-10,mnist", "sampling.rotation=0,30"]);
      const members = await runSweep(specs, {
        ...options,
        progress: { phase: note, update() {}, message: note, done() {} },
      });
      assertEquals(members.map(({ state }) => state), ["failed", "failed", "finished", "finished"]);
      assertStringIncludes(members[0]!.reason!, "dataset cifar-10: no files in");
      const [first, second] = members.slice(2).map(({ bundle }) => bundle!) as [string, string];
      assert(first.includes("A-mnist-sampling.rotation-0"), first);
      assertEquals(read(first, "model.safetensors"), read(second, "model.safetensors"));
      assertEquals(
        said.filter((text) => /: training$/.test(text)).length,
        1,
        "one training for two kinds of sampling",
      );
      for (const bundle of [first, second]) assertEquals((await verifyBundle(bundle)).problems, []);

      const before = Deno.statSync(join(first, "manifest-sha256.txt")).mtime;
      said.length = 0;
      const again = await runSweep(specs.slice(2), {
        ...options,
        progress: { phase: note, update() {}, message: note, done() {} },
      });
      assertEquals(again.map(({ state, bundle }) => [state, bundle]), [["finished", first], [
        "finished",
        second,
      ]]);
      assertEquals(said, [], "nothing was run");
      assertEquals(Deno.statSync(join(first, "manifest-sha256.txt")).mtime, before);

      const stop = new AbortController();
      stop.abort();
      await assertRejects(() => runSweep(specs, { ...options, signal: stop.signal }), DOMException);

      // Training on 48 images and then on 32 gives the same weights as training on 80.
      const part = await runExperiment(resolveSpec(tiny, ["training.images=48"]), options);
      const whole = await runExperiment(
        resolveSpec(tiny, ["training.images=32", `training.from=${part.path}`]),
        options,
      );
      for (
        const name of [
          "model.safetensors",
          "average.safetensors",
          "optimizer.safetensors",
          "loss.csv",
        ]
      ) {
        assertEquals(read(whole.path, name), read(first, name), name);
      }
      const digests = JSON.parse(new TextDecoder().decode(read(whole.path, "digests.json")));
      assertEquals(digests.from, part.digest);
      assertEquals((await verifyBundle(whole.path)).problems, []);
      await assertRejects(
        () =>
          runExperiment(resolveSpec(tiny, ["baseWidth=8", `training.from=${part.path}`]), options),
        UserError,
        "a different network",
      );
      await assertRejects(
        () => runExperiment(resolveSpec(tiny, [`training.from=${folder}`]), options),
        UserError,
        "not an intact bundle",
      );

      const more = await sampleBundle(first, ["count=6"], options);
      const drawn = await readSamples(more.path);
      assertEquals(drawn.count, 6);
      assertEquals(
        drawn.images.slice(0, 4 * 64),
        (await readSamples(first)).images,
        "the first images are the same",
      );
      assertEquals((await verifyBundle(more.path)).problems, []);
      const { parent } = JSON.parse(new TextDecoder().decode(read(more.path, "digests.json")));
      assertEquals(parent, (await verifyBundle(first)).digest);
      assertEquals(await sampleBundle(first, ["count=6"], options), more, "not drawn again");
      await assertRejects(() => sampleBundle(more.path, [], options), UserError, "has no model");

      const names = () =>
        [...Deno.readDirSync(out), ...Deno.readDirSync(join(out, ".work"))].map(({ name }) => name);
      const there = names();
      const estimate = await estimateRun(resolveSpec(tiny, ["seed=9"]), options);
      assertEquals(names(), there, "an estimate writes nothing");
      assertStringIncludes(
        estimate.lines.join("\n"),
        "10 steps of 8 images; 4 images drawn in 3 steps",
      );
      assertStringIncludes(estimate.lines.join("\n"), "a step");
      const halt = new AbortController();
      const half = {
        phase() {},
        message() {},
        done() {},
        update: (step: number) => void (step === 3 && halt.abort()),
      };
      const started = resolveSpec(tiny, ["seed=9"]);
      await assertRejects(
        () => runExperiment(started, { ...options, progress: half, signal: halt.signal }),
        DOMException,
      );
      const { lines } = await estimateRun(started, options);
      assertStringIncludes(lines[0]!, "10 steps of 8 images, 3 of them done; ");
      const { path: resumed } = await runExperiment(started, options);
      const environment = JSON.parse(Deno.readTextFileSync(join(resumed, "environment.json")));
      assertEquals(environment.starts, 2, "time and speed include all starts");
      const done = await estimateRun(specs[2]!, options);
      assertEquals(done.bundle, first);
      assertStringIncludes(done.lines[0]!, "finished");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
