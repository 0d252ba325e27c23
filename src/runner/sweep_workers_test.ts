// What workers of a sweep leave to each other: threads, failures, and words while they wait.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { acquireLock } from "../files/lock.ts";
import { expandSweep, parseSpec, resolveSpec } from "../spec/mod.ts";
import { readCheckpoint, writeCheckpoint } from "../training/checkpoint.ts";
import { diverged } from "../training/train.ts";
import { filesTest } from "../files/testing.ts";
import { saveFailure } from "./failures.ts";
import { prepareRun, threadsBegun } from "./prepare.ts";
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

function place(folder: string) {
  const said: string[] = [];
  const message = (text: string) => void said.push(text);
  const progress: Progress = { phase() {}, update() {}, done() {}, message };
  const options = { engine: "cpu" as const, out: join(folder, "out"), dataRoot: folder, progress };
  return { said, options };
}

filesTest(
  "a training that diverged is remembered, and tried again when asked to",
  async (folder) => {
    const { options } = place(folder);
    const specs = expandSweep(tiny, ["sampling.count=2,3"]);
    const { digests } = await prepareRun(specs[0] ?? resolveSpec(tiny), options);
    Deno.mkdirSync(workPath(options.out, digests.training), { recursive: true });
    saveFailure(options.out, digests.training, diverged("the loss of step 2 is NaN"));

    const failed = await runSweep(specs, options);
    assertEquals(failed.map(({ state }) => state), ["failed", "failed"]);
    for (const { reason } of failed) {
      assertStringIncludes(reason ?? "", "the loss of step 2 is NaN: the training has diverged");
      assertStringIncludes(reason ?? "", "--retry-failed tries it again");
    }
    const again = await runSweep(specs, { ...options, retryFailed: true });
    assertEquals(again.map(({ state }) => state), ["finished", "finished"]);
  },
);

filesTest("a diverging member keeps its reason for the next worker", async (folder) => {
  const { options, said } = place(folder);
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

filesTest("a member goes on with as many threads as it began with", async (folder) => {
  const { options } = place(folder);
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
  // As if another machine's TensorFlow had begun it.
  const places = [{ name: "tensorflow" as const, device: "cpu", threads: 7 }];
  await writeCheckpoint(path, { ...checkpoint, places });
  assertEquals(threadsBegun(await readCheckpoint(path)), 7);
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
  assertEquals(asked, [7], "a sweep's engine is asked for after the lock is held");
});

filesTest(
  "a member whose parent does not fit is told before anything is trained",
  async (folder) => {
    const { options, said } = place(folder);
    const parent = await runExperiment(resolveSpec(tiny), options);
    said.length = 0;
    const axes = ["baseWidth=4,8", `training.from=${parent.path}`, "seed=5"];
    const members = await runSweep(expandSweep(tiny, axes), options);
    assertEquals(members.map(({ state }) => state), ["finished", "failed"]);
    const refused = said.findIndex((text) => text.includes("another network"));
    const begun = said.findIndex((text) => text.includes("engine:"));
    assert(refused >= 0 && refused < begun, said.join("\n"));
  },
);

filesTest("a worker with nothing to do says what it waits for", async (folder) => {
  const { options, said } = place(folder);
  const { digests } = await prepareRun(resolveSpec(tiny), options);
  const path = workPath(options.out, digests.training);
  Deno.mkdirSync(join(path, ".."), { recursive: true });
  using lock = await acquireLock(`${path}.lock`, "this run");
  const waiting = runSweep([resolveSpec(tiny)], { ...options, revisitSeconds: 0.2 });
  const deadline = performance.now() + 60_000;
  while (!said.some((text) => text.includes("nothing to do but to wait for A mnist"))) {
    assert(performance.now() < deadline, said.join("\n"));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  lock.release();
  assertEquals((await waiting).map(({ state }) => state), ["finished"]);
});
