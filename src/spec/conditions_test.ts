/** Fields that would have no effect. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { conditions } from "./conditions.ts";
import { parseSpec, type ResolvedSpec, resolveSpec } from "./mod.ts";

const short = "architecture: D\ndataset: mnist-m\n";
const resolveText = (text: string, overrides: string[] = []) =>
  resolveSpec(parseSpec(text), overrides);
/** Reads a resolved spec back from JSON, as a bundle stores it. */
const reread = (resolved: ResolvedSpec) => parseSpec(JSON.stringify(resolved));

Deno.test("fields that would be ignored are refused, in every section", () => {
  const ignored: [text: string, field: string][] = [
    ["architecture: A\nkernelSize: 5", "kernelSize"],
    ["architecture: A\ngain: 4", "gain"],
    ["architecture: A\ncutoff: { up: 1 }", "cutoff"],
    ["architecture: A\nnormalized: true", "normalized"],
    ["architecture: A\nnormInside: true", "normInside"],
    ["architecture: B\nnormInside: true", "normInside"],
    ["architecture: A\nfilter: { kind: ideal }", "filter"],
    ["architecture: B\nfilter: { bypass: true }", "filter.bypass"],
    ["architecture: D\nfilter: { kind: ideal }\nkaiserBeta: 2", "kaiserBeta"],
    ["architecture: D\nfilter: { kind: ideal }\nkernelSize: 3", "kernelSize"],
    ["architecture: D\nfilter: { kind: ideal }\ncutoff: { up: 1 }", "cutoff"],
    ["architecture: D\nfilter: { kind: ideal }\nnormInside: true", "normInside"],
    ["architecture: D\nfilter: { kind: sinc }\ngain: 4", "gain"],
    ["architecture: D\nfilter: { kind: sinc }\nnormalized: true", "normalized"],
    ["architecture: D\nfilter: { transition: 1 }", "filter.transition"],
    ["architecture: D\nfilter: { bypass: true }\nnormInside: true", "normInside"],
    ["architecture: D\nposition: border", "position"],
    ["architecture: D\nnoise: { schedule: cosine, start: 0.001 }", "noise.start"],
    ["architecture: D\nnoise: { schedule: cosine, end: 0.03 }", "noise.end"],
    ["architecture: D\ntraining: { decayFraction: 0.5 }", "training.decayFraction"],
    ["architecture: D\ntraining: { labelDropout: 0.5 }", "training.labelDropout"],
    [
      "architecture: D\ntraining: { previewEveryEpochs: null, previewSampler: published }",
      "training.previewSampler",
    ],
    ["architecture: D\ntraining: { equivariance: { shift: 2 } }", "training.equivariance.shift"],
    [
      "architecture: D\ntraining: { equivariance: { weight: 0, turn: 45 } }",
      "training.equivariance.turn",
    ],
    ["architecture: D\nsampling: { sampler: ddim, variance: posterior }", "sampling.variance"],
    ["architecture: D\nsampling: { sampler: dpm-solver++, eta: 1 }", "sampling.eta"],
    ["architecture: D\nsampling: { eta: 1 }", "sampling.eta"],
    ["architecture: D\nsampling: { guidance: 2 }", "sampling.guidance"],
    ["architecture: D\nsampling: { labels: 2 }", "sampling.labels"],
    ["architecture: D\nsampling: { shift: { rule: published } }", "sampling.shift.rule"],
    ["architecture: D\nsampling: { motion: frame }", "sampling.motion"],
    ["architecture: D\nsampling: { rotation: [0], motion: frame }", "sampling.motion"],
    ["architecture: D\nsampling: { shift: { rows: 0 }, noise: carried }", "sampling.noise"],
    [
      "architecture: D\nsampling: { rotation: 3, sampler: dpm-solver++, noise: carried }",
      "sampling.noise",
    ],
    ["architecture: D\nevaluation: { metrics: [], kidSubsets: 5 }", "evaluation.kidSubsets"],
    [
      "architecture: D\nevaluation: { metrics: [is], kidSubsetSize: 5 }",
      "evaluation.kidSubsetSize",
    ],
    ["architecture: D\nevaluation: { metrics: [fid, kid], isSplits: 5 }", "evaluation.isSplits"],
    ["architecture: D\nevaluation: { metrics: [], everyEpochs: 5 }", "evaluation.everyEpochs"],
    ["architecture: D\nevaluation: { equivariance: true }", "evaluation.equivariance"],
    [
      "architecture: D\nevaluation: { everyEpochs: null, equivariance: true }",
      "evaluation.equivariance",
    ],
  ];
  for (const [text, field] of ignored) {
    const error = assertThrows(() => resolveText(`dataset: mnist\n${text}`), UserError);
    assertStringIncludes(error.message, `${field}: applies only to `);
  }
  // Every condition has a case here.
  assertEquals(
    conditions.flatMap((condition) => condition.fields).filter((field) =>
      field !== "kaiserBeta" && field !== "training.epochs" &&
      !ignored.some(([, named]) => named === field)
    ),
    [],
  );
  assertEquals(
    resolveSpec(reread(resolveText(short, ["evaluation={metrics: [kid], kidSubsets: 5}"])), [
      "evaluation.metrics=[]",
    ]).evaluation.kidSubsets,
    100,
    "a later layer's choice lets them go",
  );
});

Deno.test("how a run moves applies where it moves, and goes with what it depends on", () => {
  const turned = "sampling.rotation={ from: 0, to: 30, count: 3 }";
  const both = ["sampling.noise=carried", "sampling.motion=frame"];
  for (const move of [turned, "sampling.rotation=[0, 5]", "sampling.shift.rows=-0.5"]) {
    const { motion, noise } = resolveText(short, [...both, move]).sampling;
    assertEquals([motion, noise], ["frame", "carried"], move);
  }
  const moving = reread(resolveText(short, [turned, ...both]));
  const kept = (...overrides: string[]) => {
    const { motion, noise } = resolveSpec(moving, overrides).sampling;
    return [motion, noise];
  };
  assertEquals(kept("sampling.rotation=0"), [undefined, undefined]);
  assertEquals(kept("sampling.sampler=dpm-solver++"), ["frame", undefined]);
  assertEquals(kept("sampling.sampler=ddim", "sampling.eta=0.5"), ["frame", "carried"]);
  assertEquals(kept("sampling.eta=0.5", "sampling.sampler=ddim"), ["frame", "carried"]);
  assertEquals(kept("sampling.motion=state"), [undefined, "carried"]);
  const error = assertThrows(() => kept("sampling.sampler=ddim"), UserError);
  assertStringIncludes(error.message, "sampling.noise: ddim draws no noise without sampling.eta");
});

Deno.test("scores while training: the order of overrides does not matter", () => {
  const asked = [
    "evaluation.metrics=[]",
    "evaluation.everyEpochs=2",
    "evaluation.equivariance=true",
  ];
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  for (const order of orders) {
    const { evaluation } = resolveText(short, order.map((i) => asked[i] ?? ""));
    const { metrics, everyEpochs, equivariance } = evaluation;
    assertEquals([metrics, everyEpochs, equivariance], [[], 2, true], order.join());
  }
  const whole = reread(resolveText(short, asked));
  assertEquals(
    resolveSpec(whole, ["evaluation.everyEpochs=null"]).evaluation.equivariance,
    undefined,
  );
});
