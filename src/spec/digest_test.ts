/** The digests that identify specs, trainings and runs. */
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { fields } from "./fields.ts";
import { specJsonSchema } from "./json_schema.ts";
import {
  canonicalJson,
  METHOD_VERSION,
  parseSpec,
  type ResolvedSpec,
  resolveSpec,
  runDigest,
  specDigest,
  trainingDigest,
  withoutPlaces,
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

/** The part of a JSON schema that the test of its fields needs. */
interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
}

/** Pinned: a release may change them only with METHOD_VERSION and an entry in the CHANGELOG. */
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

Deno.test("scores while training change the digest only if they are requested", () => {
  const asked = ["evaluation.everyEpochs=7", "evaluation.equivariance=true"];
  assertNotEquals(digestOf(short, asked), digestOf(short, ["evaluation.everyEpochs=7"]));
  const none = ["evaluation.everyEpochs=null", "evaluation.equivariance=false"];
  assertEquals(digestOf(short, none), digestOf(short));
  // A bundle's spec.yaml does not change either.
  assertEquals(resolveText(short, none), resolveText(short));
  assertEquals("everyEpochs" in resolveText(short).evaluation, false);
});

Deno.test("how a run moves changes the digest only if it is not the published way", () => {
  const published = ["sampling.motion=state", "sampling.noise=fixed"];
  const turned = ["sampling.rotation=30"];
  assertEquals(digestOf(short, [...turned, ...published]), digestOf(short, turned));
  assertEquals(digestOf(short, published), digestOf(short));
  assertEquals(resolveText(short, published), resolveText(short));
  const ways = [[], ["sampling.motion=frame"], ["sampling.noise=carried"]];
  const digests = ways.map((way) => digestOf(short, [...turned, ...way]));
  assertEquals(new Set(digests).size, ways.length);
});

Deno.test("options of training that joined later: at their defaults they are not in the spec", () => {
  const neutral = [
    "training.clipNorm=null",
    "training.accumulate=1",
    "training.dropout=0",
    "training.augment={ shift: 0, turn: 0 }",
    "training.equivariance.weight=0",
  ];
  assertEquals(resolveText(short, neutral), resolveText(short));
  assertEquals(digestOf(short, neutral), digestOf(short));
});

Deno.test("specDigest and trainingDigest: the same on every release and machine", () => {
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

Deno.test("specDigest: every changed field changes it; trainingDigest: only fields that affect training", () => {
  const overrides = [
    "architecture=C",
    "kaiserBeta=1",
    "normalized=false",
    "normInside=true",
    "kernelSize=4",
    "gain=4",
    "cutoff.up=1",
    "filter.kind=ideal",
    "filter.kind=sinc",
    "filter={kind: sinc, transition: 1}",
    "filter.bypass=true",
    "padding=circular",
    "padding=reflect",
    "position=coordinates",
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
    "training.clipNorm=1",
    "training.accumulate=2",
    "training.dropout=0.1",
    "training.augment={ shift: 2 }",
    "training.augment={ turn: 2 }",
    "training.equivariance={ weight: 1, shift: 2 }",
    "training.equivariance={ weight: 2, shift: 2 }",
    "training.equivariance={ weight: 1, turn: 2 }",
  ];
  const sampling = [
    "sampling.count=3",
    "sampling.rotation=1",
    "sampling.shift.rows=1",
    "evaluation.metrics=[fid]",
    "training.previewEveryEpochs=7",
    "training.previewSampler=published",
    "evaluation.everyEpochs=7",
  ];
  const all = [[], ...overrides, ...sampling].map((override) => digestOf(short, [override].flat()));
  assertEquals(new Set(all).size, all.length);
  // The images that these fields select enter the run digest through the data digest.
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

Deno.test("digests: independent of paths on this machine", () => {
  const own = "architecture: A\ndataset: folder\ndata: { path: /home/me/photos }\n";
  assertEquals(digestOf(own), digestOf(own, ["data.path=../elsewhere"]));
  assertEquals(digestOf(short), digestOf(short, ["training.from=out/x"]));
  assertEquals(digestOf(short), digestOf(short, [`training.from=${"b".repeat(64)}`]));
  const there = withoutPlaces(resolveText(own, ["training.from=out/x"]), "a".repeat(64));
  assertEquals([there.data.path, there.training.from], [null, "a".repeat(64)]);
  assertEquals(resolveSpec(reread(there)), there, "a bundle's own spec is a spec");
});

Deno.test("fields: every field of a spec is listed, and no other", () => {
  const found: string[] = [];
  const visit = (schema: JsonSchema, prefix: string) => {
    for (const [key, field] of Object.entries(schema.properties ?? {})) {
      const section = [field, ...field.anyOf ?? []].find((each) => each.properties);
      // A rotation may be written as a range, but it is one field.
      if (section && key !== "rotation") visit(section, `${prefix}${key}.`);
      else found.push(prefix + key);
    }
  };
  visit(JSON.parse(specJsonSchema()), "");
  const declared = [...Object.keys(fields), "extends", "sweep"];
  assertEquals(found.filter((field) => !/^(x-|\$)/.test(field)).toSorted(), declared.toSorted());
});

Deno.test("canonicalJson: the example of RFC 8785, and values without canonical JSON", () => {
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
