// Interim scores: computed when due, once even if the run is stopped, without effect on weights.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { checkBundle } from "../bundle/verify.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { filesTest } from "../files/testing.ts";
import {
  interimEvaluations,
  interimSampling,
  interimScoresDue,
  scoredSteps,
} from "./interim_scores.ts";
import { linesOf, parseDiary } from "../bundle/diary.ts";
import { type Progress, silentProgress } from "../messages/progress.ts";
import { runExperiment } from "./run.ts";
import { scoreCurves } from "../bundle/score_curves.ts";

const tiny = `architecture: D
dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 8 }
training: { images: 24, batchSize: 4, emaDecay: 0.9, previewEveryEpochs: null }
sampling: { steps: 2, count: 4, batchSize: 4 }
evaluation: { metrics: [kid], kidSubsets: 2 }
`;
const asked = ["evaluation.everyEpochs=1", "evaluation.equivariance=true"];
const spec = (...overrides: string[]) => resolveSpec(parseSpec(tiny), overrides);

/** Runs the tiny spec without the Inception weights. */
function runTiny(folder: string, out: string, overrides: string[], options: {
  progress?: Progress;
  signal?: AbortSignal;
} = {}) {
  const weights = { download: false, path: "" };
  const places = { out: join(folder, out), dataRoot: join(folder, "data") };
  return runExperiment(spec(...overrides), { engine: "cpu", weights, ...places, ...options });
}

/** Digests of the results, including the scores of the run's own samples. */
function results(path: string): string[] {
  const manifest = Deno.readTextFileSync(join(path, "manifest-sha256.txt"));
  const computed = /(model|average|optimizer|samples|metrics)\.(safetensors|json)|loss\.csv/;
  const lines = manifest.split("\n").filter((line) => computed.test(line)).sort();
  assertEquals(lines.length, 6);
  return lines;
}

filesTest(
  "interim scores change no result, and a stopped run computes them once",
  async (folder) => {
    const plain = await runTiny(folder, "plain", []);

    // Stopped before the scores of the second step, and after those of the fourth.
    for (const stopAt of ["update 2", "epoch 2"]) {
      const stop = new AbortController();
      const seen = (what: string) => void (what === stopAt && stop.abort());
      const progress: Progress = {
        ...silentProgress,
        update: (done, fields) => fields && seen(`update ${done}`),
        message: (text) => seen(text.split(":")[0] ?? ""),
      };
      await assertRejects(() =>
        runTiny(folder, "scored", asked, { progress, signal: stop.signal })
      );
    }
    const said: string[] = [];
    const message = (text: string) => void said.push(text);
    const { path } = await runTiny(folder, "scored", asked, {
      progress: { ...silentProgress, message },
    });
    assertEquals(results(path), results(plain.path));

    const lines = parseDiary(Deno.readTextFileSync(join(path, "progress.jsonl")));
    const scores = linesOf(lines, "score").filter(({ of }) => of !== undefined);
    assertEquals(
      scores.map(({ metric, step }) => `${step} ${metric}`),
      [2, 4, 6].flatMap((step) => [`${step} classifier-kid`, `${step} EQ-T`]),
    );
    assertEquals(scores[0]?.of, "4 images by dpm-solver++ in 2 steps");
    assertEquals(scoreCurves(lines).map(({ points }) => points.length), [3, 3]);
    assert(
      said.some((text) => /^epoch 3: classifier-kid -?\d.*; EQ-T /.test(text)),
      said.join("\n"),
    );

    const progress = Deno.readTextFileSync(join(path, "report.html"));
    assertStringIncludes(progress, "Scores while training");
    assertStringIncludes(progress, "Diagram: classifier-kid over the training steps");
    assertEquals((await checkBundle(path)).problems, []);
  },
);

Deno.test("interim scores use few images drawn fast, and count the parent's epochs", () => {
  const large = spec("sampling.count=1000", "sampling.batchSize=16", "sampling.steps=999");
  const { count, batchSize, sampler, steps } = interimSampling(large);
  assertEquals([count, batchSize, sampler, steps], [64, 16, "dpm-solver++", 25]);
  // Equivariance: four repetitions, five noise levels, five evaluations of two images each.
  assertEquals(interimEvaluations(spec(...asked)), 4 * 2 + 4 * 5 * 5 * 2);
  assertEquals(interimEvaluations(spec(...asked, "evaluation.metrics=[]")), 4 * 5 * 5 * 2);
  const third = spec("evaluation.everyEpochs=3");
  assertEquals(interimScoresDue(third, { count: 8, steps: 14, firstStep: 0 }), 2);
  assertEquals(interimScoresDue(third, { count: 8, steps: 14, firstStep: 6 }), 1);
  assertEquals(interimScoresDue(spec(), { count: 8, steps: 14, firstStep: 0 }), 0);
});

Deno.test("interim scores of another run with the same training do not count", () => {
  const time = "2026-01-01T00:00:00.000Z";
  const start = (run: string) => ({
    time,
    event: "start",
    name: "a",
    model: "D",
    dataset: "b",
    run,
  });
  const score = (step: number, of?: string) => ({
    ...{ time, event: "score", metric: "kid", value: 1, standardError: null, step },
    ...(of ? { of } : {}),
  });
  const lines = [start("x"), score(2, "few"), start("y"), score(4, "few"), score(8)];
  const diary = lines.map((line) => JSON.stringify(line)).join("\n");
  assertEquals([...scoredSteps(diary, "x")], [2]);
  assertEquals([...scoredSteps(diary, "y")], [4]);
});
