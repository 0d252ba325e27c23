/** Defaults, dependent fields, names, overrides, merging. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { mergeSpecs } from "./merge.ts";
import {
  parseSpec,
  type ResolvedSpec,
  resolveSpec,
  type Spec,
  specDigest,
  specName,
} from "./mod.ts";

const short = `architecture: D
kaiserBeta: 2
normalized: true
dataset: mnist-m
sampling: { rotation: 45 }
`;
const resolveText = (text: string, overrides: string[] = []) =>
  resolveSpec(parseSpec(text), overrides);
const digestOf = (text: string, overrides: string[] = []) =>
  specDigest(resolveText(text, overrides));
/** Reads a resolved spec back from JSON, as a bundle stores it. */
const reread = (resolved: ResolvedSpec) => parseSpec(JSON.stringify(resolved));

Deno.test("resolveSpec: the short form gets every published default", () => {
  const halfPi = Math.PI / 2;
  assertEquals(resolveText(short), {
    architecture: "D",
    kaiserBeta: 2,
    normalized: true,
    normInside: false,
    kernelSize: 3,
    gain: 1,
    cutoff: { down: halfPi, up: halfPi },
    dataset: "mnist-m",
    data: { limit: 6000, digest: null, fit: "crop", flip: false, path: null },
    imageSize: 32,
    channels: 3,
    baseWidth: 32,
    classes: null,
    seed: 42,
    noise: { steps: 1000, start: 1e-4, end: 0.02, schedule: "linear" },
    precision: "float32",
    training: {
      epochs: 100,
      images: null,
      batchSize: 16,
      learningRate: 3e-4,
      weightDecay: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      warmupSteps: 0,
      decay: "none",
      decayFraction: null,
      emaDecay: null,
      labelDropout: null,
      previewEveryEpochs: 1,
      previewSampler: "fast",
      from: null,
    },
    sampling: {
      sampler: "ancestral",
      steps: 999,
      eta: null,
      variance: "beta",
      clip: false,
      count: 64,
      batchSize: 64,
      guidance: null,
      labels: null,
      rotation: [45],
      shift: { columns: 0, rows: 0, rule: "spread" },
    },
    evaluation: {
      metrics: ["fid", "kid", "is"],
      kidSubsets: 100,
      kidSubsetSize: 1000,
      isSplits: 10,
    },
  });
});

Deno.test("resolveSpec: fields that follow from others", () => {
  const baseline = resolveText("architecture: A\ndataset: mnist");
  for (const field of ["kaiserBeta", "normalized", "kernelSize", "gain", "cutoff"] as const) {
    assertEquals(baseline[field], null);
  }
  assertEquals([baseline.channels, baseline.data.limit, baseline.sampling.rotation], [1, 19_999, [
    0,
  ]]);
  const changed = resolveText(
    "architecture: B\ndataset: cifar-10\nimageSize: 64\nclasses: 10\nnoise: { steps: 500 }\ncutoff: { up: 1 }\n" +
      "training: { images: 5000, decay: cosine }\ndata: { limit: null }\n" +
      "sampling: { sampler: ddim, labels: 3, rotation: { from: -90, to: 90, count: 9 } }",
  );
  assertEquals([changed.channels, changed.baseWidth, changed.data.limit], [3, 64, null]);
  assertEquals([
    changed.training.epochs,
    changed.training.decayFraction,
    changed.training.labelDropout,
  ], [
    null,
    1,
    0.1,
  ]);
  assertEquals(changed.cutoff, { down: Math.PI / 2, up: 1 });
  const { steps, eta, variance, labels, rotation } = changed.sampling;
  assertEquals([steps, eta, variance, labels], [499, 0, null, [3]]);
  assertEquals(rotation, [-90, -67.5, -45, -22.5, 0, 22.5, 45, 67.5, 90]);
  assertEquals(
    resolveText("architecture: A\ndataset: folder\nchannels: 1\ndata: { path: x }").channels,
    1,
  );
  assert(Object.is(resolveText(`${short}`, ["sampling.rotation=[-0, 1]"]).sampling.rotation[0], 0));
});

Deno.test("E is D with a rotation, and has its digest", () => {
  const e = resolveText(short.replace("architecture: D", "architecture: E"));
  assertEquals(e.architecture, "D");
  assertEquals(specDigest(e), digestOf(short));
});

Deno.test("specName: the paper's names", () => {
  const name = (...overrides: string[]) =>
    specName(resolveText("architecture: D\ndataset: mnist", overrides));
  assertEquals(name(), "D-2N");
  assertEquals(name("architecture=B", "kaiserBeta=0", "normalized=false"), "B-0");
  assertEquals(name("normInside=true"), "D-2N-norm");
  assertEquals(name("kaiserBeta=2.5"), "D-2.5N");
  assertEquals(name("architecture=A"), "A");
});

Deno.test("specName: what the paper does not have goes on in the same way", () => {
  const name = (...overrides: string[]) =>
    specName(resolveText("architecture: D\ndataset: mnist", overrides));
  assertEquals(name("filter.kind=ideal", "padding=circular"), "D-ideal-circular");
  assertEquals(
    name("architecture=C", "filter={kind: sinc, bypass: true}", "padding=reflect"),
    "C-sinc-reflect-bypass",
  );
  assertEquals(name("filter.bypass=true", "normalized=false"), "D-2-bypass");
  assertEquals(name("padding=circular", "position=border"), "D-2N-circular-border");
  assertEquals(name("architecture=A", "padding=circular"), "A-circular");
  assertEquals(name("normInside=true", "position=coordinates"), "D-2N-norm-coordinates");
});

Deno.test("filter, padding and position are left out at their defaults", () => {
  const plain = resolveText("architecture: D\ndataset: mnist");
  const said = ["filter={kind: jinc, bypass: false}", "padding=zero", "position=none"];
  assertEquals(resolveText("architecture: D\ndataset: mnist", said), plain);
  assertEquals(["filter", "padding", "position"].filter((field) => field in plain), []);
  const { filter, kernelSize, kaiserBeta, cutoff } = resolveText(
    "architecture: D\ndataset: mnist\nfilter: { kind: sinc }",
  );
  assertEquals([kernelSize, kaiserBeta, cutoff?.up], [12, null, Math.PI / 2]);
  assertEquals(filter, { kind: "sinc", transition: (Math.SQRT2 - 1) * Math.PI / 2 });
});

Deno.test("a filter's kind replaces the fields of another one, either way", () => {
  const published = reread(resolveText(short, ["kernelSize=6", "gain=4"]));
  const ideal = resolveSpec(published, ["filter.kind=ideal"]);
  assertEquals([ideal.kernelSize, ideal.gain, ideal.cutoff], [null, null, null]);
  const back = resolveSpec(reread(ideal), ["filter.kind=jinc"]);
  assertEquals(back, resolveText(short));
  const sinc = resolveSpec(published, ["filter.kind=sinc"]);
  assertEquals([sinc.kernelSize, sinc.gain, sinc.cutoff?.down], [6, null, Math.PI / 2]);
  assertEquals(resolveSpec(published, ["architecture=A"]).filter, undefined);
});

Deno.test("resolveSpec: a resolved spec resolves to itself", () => {
  for (
    const overrides of [
      [],
      ["architecture=A"],
      ["classes=10", "sampling.labels=[1,2]"],
      ["noise.schedule=cosine"],
      ["sampling.sampler=dpm-solver++"],
      ["training.images=99"],
      ["filter={kind: sinc, bypass: true}", "padding=reflect"],
      ["filter.kind=ideal", "position=coordinates"],
      ["x-note=kept"],
    ]
  ) {
    const resolved = resolveText(short, overrides);
    assertEquals(resolveSpec(reread(resolved)), resolved);
    assertEquals(digestOf(JSON.stringify(resolved)), specDigest(resolved));
  }
});

Deno.test("an override may make fields of a resolved spec meaningless", () => {
  const resolved = reread(resolveText(short));
  const over = (...overrides: string[]) => resolveSpec(resolved, overrides);
  assertEquals(over("architecture=A"), resolveText(short, ["architecture=A"]));
  assertEquals(over("sampling.sampler=ddim").sampling.eta, 0);
  assertEquals(over("training.images=7").training.epochs, null);
  assertEquals(over("training.decay=linear").training.decayFraction, 1);
  assertEquals(over("classes=10").training.labelDropout, 0.1);
  const elsewhere = over("dataset=mnist");
  assertEquals([elsewhere.channels, elsewhere.data.limit], [1, 19_999]);
  assertEquals(resolveSpec(reread(over("architecture=A")), ["architecture=C"]).kaiserBeta, 2);
  assertEquals(
    resolveSpec(reread(over("sampling.sampler=ddim")), ["sampling.sampler=ancestral"]).sampling
      .variance,
    "beta",
  );
  // Both in one layer are still a mistake.
  assertThrows(
    () => over("architecture=A", "kaiserBeta=1"),
    UserError,
    "kaiserBeta: applies only to",
  );
});

Deno.test("overrides: validated like the file; the message quotes the override", () => {
  const wrong: [override: string, message: string][] = [
    [
      "training.epcohs=3",
      '"training.epcohs=3": training.epcohs: unknown key; did you mean epochs?',
    ],
    [
      "training.epochs=soon",
      '"training.epochs=soon": training.epochs: must be a number above 0 to 1,000,000 or null',
    ],
    [
      "kaiserBeta=-1",
      '"kaiserBeta=-1": kaiserBeta: must be a number from 0 to 500 or null, not -1',
    ],
    [
      "sampling.steps=1000",
      '"sampling.steps=1000": sampling.steps: must be at most noise.steps - 1 = 999',
    ],
    ["sampling.rotation=[1", '"sampling.rotation=[1": invalid YAML'],
    ["evaluation.metrics=fid", 'each one of fid, kid, is, not "fid"; write [fid]'],
    ["evaluation.metrics=fid, kid", 'not "fid, kid"; write [fid, kid]'],
    ["training.epochs", "expected field=value"],
    ["training.epochs=", "expected field=value"],
    ["=3", "expected field=value"],
    ["__proto__.x=3", "expected field=value"],
    ["constructor=3", "constructor: unknown key"],
    ["extends=x.yaml", "cannot be an override"],
    ["sweep.kaiserBeta=[1]", "cannot be an override"],
    ["architecture=\x1b[31m", "non-printable characters"],
  ];
  for (const [override, message] of wrong) {
    const error = assertThrows(() => resolveText(short, [override]), UserError);
    assert(error.message.includes(message), `${error.message}\nhas not\n${message}`);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x09\x0b-\x1f]/.test(error.message));
  }
  assertEquals(resolveText(short, ["seed=1", "seed=2"]).seed, 2, "the last one counts");
  assertEquals(resolveText(short, ["x-who=me"])["x-who"], "me");
});

Deno.test("mergeSpecs: sections field by field, lists and ranges as a whole", () => {
  const merged = mergeSpecs(
    {
      architecture: "D",
      training: { epochs: 3, batchSize: 2 },
      sampling: { rotation: { from: 1, to: 2, count: 3 } },
    },
    { training: { images: 9 }, sampling: { rotation: [5], shift: { rows: 1 } } },
  );
  const expected: Spec = {
    architecture: "D",
    training: { batchSize: 2, images: 9 },
    sampling: { rotation: [5], shift: { rows: 1 } },
  };
  assertEquals(merged, expected);
});

Deno.test("resolveSpec: refuses extends and sweeps, and names their readers", () => {
  assertThrows(() => resolveText(`${short}extends: x.yaml`), UserError, "loadSpec");
  assertThrows(() => resolveText(`${short}sweep: { seed: [1, 2] }`), UserError, "deno task sweep");
});
