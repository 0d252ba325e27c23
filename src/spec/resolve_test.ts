/** Defaults, what follows from what, digests and names, overrides, merging. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { UserError } from "../errors.ts";
import {
  canonicalJson,
  METHOD_VERSION,
  parseSpec,
  type ResolvedSpec,
  resolveSpec,
  runDigest,
  type Spec,
  specDigest,
  specName,
  trainingDigest,
  withoutPlaces,
} from "./mod.ts";
import { conditions } from "./conditions.ts";
import { fields } from "./fields.ts";
import { specJsonSchema } from "./json_schema.ts";
import { mergeSpecs } from "./merge.ts";

/** As much of a JSON schema as the test of its fields needs. */
interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
}

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
/** A resolved spec as the bundle keeps it, read again. */
const reread = (resolved: ResolvedSpec) => parseSpec(JSON.stringify(resolved));

Deno.test("resolveSpec: every default of the short form is the published one", () => {
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

Deno.test("resolveSpec: what follows from other fields", () => {
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

Deno.test("resolveSpec: a resolved spec resolves to itself", () => {
  for (
    const overrides of [
      [],
      ["architecture=A"],
      ["classes=10", "sampling.labels=[1,2]"],
      ["noise.schedule=cosine"],
      ["sampling.sampler=dpm-solver++"],
      ["training.images=99"],
      ["x-note=kept"],
    ]
  ) {
    const resolved = resolveText(short, overrides);
    assertEquals(resolveSpec(reread(resolved)), resolved);
    assertEquals(digestOf(JSON.stringify(resolved)), specDigest(resolved));
  }
});

Deno.test("a resolved spec takes an override that makes some of its fields meaningless", () => {
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
  // In one breath it is a mistake all the same.
  assertThrows(
    () => over("architecture=A", "kaiserBeta=1"),
    UserError,
    "kaiserBeta: applies only to",
  );
});

Deno.test("overrides: the same validation as in the file, and the override as the place", () => {
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
    ["sampling.rotation=[1", '"sampling.rotation=[1": no valid YAML'],
    ["evaluation.metrics=fid", 'each one of fid, kid, is, not "fid"; write [fid]'],
    ["evaluation.metrics=fid, kid", 'not "fid, kid"; write [fid, kid]'],
    ["training.epochs", "an override is field=value"],
    ["training.epochs=", "an override is field=value"],
    ["=3", "an override is field=value"],
    ["__proto__.x=3", "an override is field=value"],
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

Deno.test("resolveSpec: extends and sweeps are for their own readers", () => {
  assertThrows(() => resolveText(`${short}extends: x.yaml`), UserError, "loadSpec");
  assertThrows(() => resolveText(`${short}sweep: { seed: [1, 2] }`), UserError, "deno task sweep");
});

/**
 * Pinned: a release may not change them, except with METHOD_VERSION and a word in the CHANGELOG.
 */
const pinned: [text: string, spec: string, training: string][] = [
  [
    "architecture: D\nkaiserBeta: 2\nnormalized: true\ndataset: mnist-m\nsampling: { rotation: 45 }",
    "3be42109458b5f531e9060bd8963fc1b16f8f0b4c55abb0a4e010b158dde1189",
    "e4601c4016479c1fb7add0bc170720929d8e2529ea15cd78bebcd24cfae440bd",
  ],
  [
    "architecture: A\ndataset: mnist",
    "86a0047746c53336ce8654dd1f009ad4634132a8fac4ae9cda7cc3c7df5bb8d4",
    "76aedb90faa85f50ceadce309405604a3e103be339acb9f95be5e2a0889d1e76",
  ],
  [
    "architecture: C\nkaiserBeta: 0.1\nnormalized: false\ndataset: cifar-10\nclasses: 10\ntraining: { learningRate: 1.0e-7, emaDecay: 0.9999 }",
    "cdd88893bcff48d2d33d381ffbf55f458aa1ca3f82bc7e192a1f92b2bfc8c1a6",
    "5014f38fd791ee1d23283aa7920fd3be8f7dcf77a302bfa3693d82d1bd0629e2",
  ],
];

Deno.test("specDigest and trainingDigest: the same over releases and machines", () => {
  assertEquals(
    pinned.map(([text]) => [text, digestOf(text), trainingDigest(resolveText(text))]),
    pinned,
  );
  assertEquals(METHOD_VERSION, 1);
  assertEquals(
    runDigest("a", "b", 1),
    "9cb3e9166b8f9001d7d333a6efb9db38a31e762b3722df02a1a0deff7d88a377",
  );
});

Deno.test("specDigest: key order, comments, number spelling, notation and x- fields do not matter", () => {
  const same = [
    `# a comment\nsampling:\n  rotation: 4.5e1\ndataset: 'mnist-m'\nnormalized: True\nkaiserBeta: 2.0\narchitecture: "D"`,
    `{ "architecture": "D", "kaiserBeta": 2, "normalized": true, "dataset": "mnist-m", "sampling": {"rotation": [45]} }`,
    `${short}x-note: { anything: [1, 2] }\ntraining: { x-why: because, learningRate: 0.0003 }`,
    `${short}channels: 3\nbaseWidth: 32\ntraining: { epochs: 0x64, from: null }`,
  ];
  for (const text of same) assertEquals(digestOf(text), digestOf(short));
});

Deno.test("specDigest: every field that says something else changes it; training's part only what training sees", () => {
  const overrides = [
    "architecture=C",
    "kaiserBeta=1",
    "normalized=false",
    "normInside=true",
    "kernelSize=4",
    "gain=4",
    "cutoff.up=1",
    "dataset=cifar-10",
    "data.limit=5",
    "data.fit=squash",
    "data.flip=true",
    "imageSize=16",
    "baseWidth=16",
    "classes=10",
    "seed=1",
    "noise.steps=2000",
    "noise.start=2e-4",
    "noise.schedule=cosine",
    "precision=tf32",
    "training.epochs=3",
    "training.batchSize=3",
    "training.beta1=0.8",
    "training.emaDecay=0.9",
  ];
  const sampling = [
    "sampling.count=3",
    "sampling.rotation=1",
    "sampling.shift.rows=1",
    "evaluation.metrics=[fid]",
    "training.previewEveryEpochs=7",
    "training.previewSampler=published",
  ];
  const all = [[], ...overrides, ...sampling].map((override) => digestOf(short, [override].flat()));
  assertEquals(new Set(all).size, all.length);
  // The images that these choose are in the run digest by the data digest.
  const images = ["dataset=cifar-10", "data.limit=5", "data.fit=squash"];
  const trained = overrides.filter((override) => !images.includes(override));
  const trainings = [[], ...trained].map((override) =>
    trainingDigest(resolveText(short, [override].flat()))
  );
  for (const override of images) {
    assertEquals(trainingDigest(resolveText(short, [override])), trainings[0], override);
  }
  assertEquals(new Set(trainings).size, trainings.length);
  for (const override of sampling) {
    assertEquals(trainingDigest(resolveText(short, [override])), trainings[0]);
  }
  assertNotEquals(runDigest("a", "b", 1), runDigest("a", "b", 2));
  assertNotEquals(runDigest("a", "b"), runDigest("b", "a"));
});

Deno.test("digests: no place of a machine is in them", () => {
  const own = "architecture: A\ndataset: folder\ndata: { path: /home/me/photos }\n";
  assertEquals(digestOf(own), digestOf(own, ["data.path=../elsewhere"]));
  assertEquals(digestOf(short), digestOf(short, ["training.from=out/x"]));
  assertEquals(digestOf(short), digestOf(short, [`training.from=${"b".repeat(64)}`]));
  const there = withoutPlaces(resolveText(own, ["training.from=out/x"]), "a".repeat(64));
  assertEquals([there.data.path, there.training.from], [null, "a".repeat(64)]);
  assertEquals(resolveSpec(reread(there)), there, "a bundle's own spec is a spec");
});

Deno.test("fields: each one of the spec says what it decides, and no other does", () => {
  const found: string[] = [];
  const visit = (schema: JsonSchema, prefix: string) => {
    for (const [key, field] of Object.entries(schema.properties ?? {})) {
      const section = [field, ...field.anyOf ?? []].find((each) => each.properties);
      // A rotation may be said as a range, but it is one field.
      if (section && key !== "rotation") visit(section, `${prefix}${key}.`);
      else found.push(prefix + key);
    }
  };
  visit(JSON.parse(specJsonSchema()), "");
  const declared = [...Object.keys(fields), "extends", "sweep"];
  assertEquals(found.filter((field) => !/^(x-|\$)/.test(field)).toSorted(), declared.toSorted());
});

Deno.test("fields that would be ignored are refused, in every section", () => {
  const ignored: [text: string, field: string][] = [
    ["architecture: A\nkernelSize: 5", "kernelSize"],
    ["architecture: A\ngain: 4", "gain"],
    ["architecture: A\ncutoff: { up: 1 }", "cutoff"],
    ["architecture: A\nnormalized: true", "normalized"],
    ["architecture: A\nnormInside: true", "normInside"],
    ["architecture: B\nnormInside: true", "normInside"],
    ["architecture: D\nnoise: { schedule: cosine, start: 0.001 }", "noise.start"],
    ["architecture: D\nnoise: { schedule: cosine, end: 0.03 }", "noise.end"],
    ["architecture: D\ntraining: { decayFraction: 0.5 }", "training.decayFraction"],
    ["architecture: D\ntraining: { labelDropout: 0.5 }", "training.labelDropout"],
    [
      "architecture: D\ntraining: { previewEveryEpochs: null, previewSampler: published }",
      "training.previewSampler",
    ],
    ["architecture: D\nsampling: { sampler: ddim, variance: posterior }", "sampling.variance"],
    ["architecture: D\nsampling: { sampler: dpm-solver++, eta: 1 }", "sampling.eta"],
    ["architecture: D\nsampling: { eta: 1 }", "sampling.eta"],
    ["architecture: D\nsampling: { guidance: 2 }", "sampling.guidance"],
    ["architecture: D\nsampling: { labels: 2 }", "sampling.labels"],
    ["architecture: D\nsampling: { shift: { rule: published } }", "sampling.shift.rule"],
    ["architecture: D\nevaluation: { metrics: [], kidSubsets: 5 }", "evaluation.kidSubsets"],
    [
      "architecture: D\nevaluation: { metrics: [is], kidSubsetSize: 5 }",
      "evaluation.kidSubsetSize",
    ],
    ["architecture: D\nevaluation: { metrics: [fid, kid], isSplits: 5 }", "evaluation.isSplits"],
  ];
  for (const [text, field] of ignored) {
    const error = assertThrows(() => resolveText(`dataset: mnist\n${text}`), UserError);
    assertStringIncludes(error.message, `${field}: applies only to `);
  }
  // Every condition has its case here.
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

Deno.test("canonicalJson: the example of RFC 8785, and what has none", () => {
  const value = {
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false],
  };
  assertEquals(
    canonicalJson(value),
    `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
      `"string":"€$\\u000f\\nA'B\\"\\\\\\\\\\"/"}`,
  );
  assertEquals(
    Object.keys(
      JSON.parse(
        canonicalJson({
          "\u20ac": 1,
          "\r": 2,
          "\ufb33": 3,
          "1": 4,
          "\u{1F600}": 5,
          "\u0080": 6,
          "\u00f6": 7,
        }),
      ),
    ),
    ["1", "\r", "\u0080", "\u00f6", "\u20ac", "\u{1F600}", "\ufb33"],
  );
  assertEquals(canonicalJson(-0), "0");
  for (const none of [NaN, Infinity, undefined, () => 1, "\ud800", 1n]) {
    assertThrows(() => canonicalJson(none), TypeError, "no canonical JSON");
  }
});
