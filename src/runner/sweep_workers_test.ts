// What the workers of a sweep share: threads, failures, and messages while they wait.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { acquireLock } from "../files/lock.ts";
import { expandSweep, parseSpec, resolveSpec } from "../spec/mod.ts";
import { readCheckpoint, writeCheckpoint } from "../training/checkpoint.ts";
import { diverged } from "../training/train.ts";
import { filesTest } from "../files/testing.ts";
import { saveFailure } from "./failures.ts";
import { prepareRun, threadsOf } from "./prepare.ts";
import type { Progress } from "../messages/progress.ts";
import { runExperiment } from "./run.ts";
import { runSweep } from "./sweep.ts";
import { checkpointPath, workPath } from "./work.ts";

const tiny = parseSpec(`architecture: A
dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 8 }
training: { images: 8, batchSize: 4, previewEveryEpochs: null }
sampling: { steps: 2, count: 2, batchSize: 2 }
evaluation: { metrics: [] }
`);

function setup(folder: string) {
  const said: string[] = [];
  const message = (text: string) => void said.push(text);
  const progress: Progress = { phase() {}, update() {}, done() {}, message };
  const options = { engine: "cpu" as const, out: join(folder, "out"), dataRoot: folder, progress };
  return { said, options };
}

filesTest(
  "a diverged training is recorded, and tried again only on request",
  async (folder) => {
    const { options } = setup(folder);
    const specs = expandSweep(tiny, ["sampling.count=2,3"]);
    const { digests } = await prepareRun(specs[0] ?? resolveSpec(tiny), options);
    Deno.mkdirSync(workPath(options.out, digests.training), { recursive: true });
    saveFailure(options.out, digests.training, diverged("the loss of step 2 is NaN"));

    const failed = await runSweep(specs, options);
    assertEquals(failed.map(({ state }) => state), ["failed", "failed"]);
    for (const { reason } of failed) {
      assertStringIncludes(reason ?? "", "the loss of step 2 is NaN: the training has diverged");
      assertStringIncludes(reason ?? "", "Use --retry-failed to try it again");
    }
    const again = await runSweep(specs, { ...options, retryFailed: true });
    assertEquals(again.map(({ state }) => state), ["finished", "finished"]);
  },
);

filesTest("a diverging member records its reason for the next worker", async (folder) => {
  const { options, said } = setup(folder);
  // Each step makes the weights 99 times as large.
  const growing = ["training.learningRate=10", "training.weightDecay=10", "training.images=160"];
  const specs = expandSweep(tiny, growing);
  const states = async () => (await runSweep(specs, options)).map(({ state }) => state);
  assertEquals(await states(), ["failed"]);
  assert(said.some((text) => text.includes("diverged")), said.join("\n"));
  said.length = 0;
  assertEquals(await states(), ["failed"]);
  assert(said.some((text) => text.includes("--retry-failed")), said.join("\n"));
  assert(!said.some((text) => text.includes("engine:")), "nothing was computed");
});

filesTest("a resumed member keeps its number of threads", async (folder) => {
  const { options } = setup(folder);
  const spec = resolveSpec(tiny);
  const halt = new AbortController();
  const progress = {
    ...options.progress,
    update: (step: number) => void (step === 1 && halt.abort()),
  };
  await assertRejects(
    () => runExperiment(spec, { ...options, progress, signal: halt.signal }),
    DOMException,
  );
  const { digests } = await prepareRun(spec, options);
  const path = checkpointPath(options.out, digests.training);
  const checkpoint = await readCheckpoint(path);
  if (!checkpoint) throw new Error("the stopped run left no checkpoint");
  // As if TensorFlow on another machine had started it.
  const places = [{ name: "tensorflow" as const, device: "cpu", threads: 7 }];
  await writeCheckpoint(path, { ...checkpoint, places });
  assertEquals(threadsOf(await readCheckpoint(path)), 7);
  const asked: (number | undefined)[] = [];
  await assertRejects(
    () =>
      runExperiment(spec, {
        ...options,
        engine: ({ threads }) => {
          asked.push(threads);
          throw new UserError("enough");
        },
      }),
    UserError,
    "enough",
  );
  assertEquals(asked, [7], "a sweep opens its engine after it has the lock");
});

filesTest(
  "a member whose parent does not fit is reported before anything is trained",
  async (folder) => {
    const { options, said } = setup(folder);
    const parent = await runExperiment(resolveSpec(tiny), options);
    said.length = 0;
    const axes = ["baseWidth=4,8", `training.from=${parent.path}`, "seed=5"];
    const members = await runSweep(expandSweep(tiny, axes), options);
    assertEquals(members.map(({ state }) => state), ["finished", "failed"]);
    const refused = said.findIndex((text) => text.includes("a different network"));
    const started = said.findIndex((text) => text.includes("engine:"));
    assert(refused >= 0 && refused < started, said.join("\n"));
  },
);

filesTest("an idle worker says what it waits for", async (folder) => {
  const { options, said } = setup(folder);
  const { digests } = await prepareRun(resolveSpec(tiny), options);
  const path = workPath(options.out, digests.training);
  Deno.mkdirSync(join(path, ".."), { recursive: true });
  using lock = await acquireLock(`${path}.lock`, "this run");
  const waiting = runSweep([resolveSpec(tiny)], { ...options, revisitSeconds: 0.2 });
  const deadline = performance.now() + 60_000;
  while (!said.some((text) => text.includes("waiting for A mnist"))) {
    assert(performance.now() < deadline, said.join("\n"));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  lock.release();
  assertEquals((await waiting).map(({ state }) => state), ["finished"]);
});
