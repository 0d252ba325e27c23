/** Sweeps: which members there are, how often, and the errors of wrong ones. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { expandSweep, parseSpec, specDigest, specName } from "./mod.ts";

const names = (text: string, overrides: string[] = []) =>
  expandSweep(parseSpec(text), overrides).map(specName);

Deno.test("expandSweep: every combination once, the first field slowest", () => {
  assertEquals(
    names("dataset: mnist\nsweep: { architecture: [A, B, D], kaiserBeta: [0, 1] }"),
    ["A", "B-0N", "B-1N", "D-0N", "D-1N"],
  );
  assertEquals(
    names("dataset: mnist\narchitecture: D\nkaiserBeta: 3\nsweep: { architecture: [A, D] }"),
    ["A", "D-3N"],
  );
});

Deno.test("expandSweep: filters and padding, where they apply", () => {
  const axes = ["architecture=A,D", "filter.kind=jinc,ideal", "padding=zero,circular"];
  // The base says what only one kind of filter has.
  const text =
    "architecture: D\ndataset: mnist\nkaiserBeta: 1\npadding: circular\nposition: border";
  assertEquals(names(text, axes), [
    "A",
    "A-circular-border",
    "D-1N",
    "D-1N-circular-border",
    "D-ideal",
    "D-ideal-circular-border",
  ]);
  const base = "dataset: mnist\narchitecture: D";
  assertEquals(names(base, ["filter.kind=ideal,sinc", "filter.bypass=false,true"]), [
    "D-ideal",
    "D-ideal-bypass",
    "D-sinc",
    "D-sinc-bypass",
  ]);
});

Deno.test("expandSweep: x- fields of a grid are ignored", () => {
  assertEquals(
    names("dataset: mnist\narchitecture: D\nsweep: { kaiserBeta: [0, 1], x-why: both }"),
    ["D-0N", "D-1N"],
  );
});

Deno.test("expandSweep: a list of grids is their union", () => {
  const text =
    "dataset: mnist\nsweep:\n  - { architecture: [A, B], kaiserBeta: [0], normalized: [false] }\n" +
    "  - { architecture: [B], kaiserBeta: [0, 1], normalized: [false, true] }";
  assertEquals(names(text), ["A", "B-0", "B-0N", "B-1", "B-1N"]);
});

Deno.test("expandSweep: dotted fields, lists as values, and a spec without a sweep", () => {
  const members = expandSweep(parseSpec(
    "architecture: E\ndataset: mnist\nsweep: { training.epochs: [1, 2], sampling.rotation: [[0, 90], 5] }",
  ));
  assertEquals(members.map(({ training, sampling }) => [training.epochs, sampling.rotation]), [
    [1, [0, 90]],
    [1, [5]],
    [2, [0, 90]],
    [2, [5]],
  ]);
  assertEquals(names("architecture: A\ndataset: mnist"), ["A"]);
});

Deno.test("expandSweep: overrides with commas are axes, others replace the base's value or an axis", () => {
  const plain = "architecture: D\ndataset: mnist";
  assertEquals(names(plain, ["kaiserBeta=0,1", "architecture=B,C"]), [
    "B-0N",
    "C-0N",
    "B-1N",
    "C-1N",
  ]);
  const swept = `${plain}\nsweep: { kaiserBeta: [0, 1, 2], normalized: [true, false] }`;
  assertEquals(names(swept, ["kaiserBeta=5"]), ["D-5N", "D-5"]);
  assertEquals(names(swept, ["kaiserBeta=5,6", "normalized=true"]), ["D-5N", "D-6N"]);
  assertEquals(
    expandSweep(parseSpec(plain), ["sampling.rotation=[0,45],[90]"]).map(({ sampling }) =>
      sampling.rotation
    ),
    [[0, 45], [90]],
  );
});

Deno.test("expandSweep: members are the specs that a person would write by hand", () => {
  const [member] = expandSweep(
    parseSpec("dataset: mnist\nsweep: { architecture: [C], sampling.steps: [50] }"),
  );
  const [alone] = expandSweep(
    parseSpec("dataset: mnist\narchitecture: C\nsampling: { steps: 50 }"),
  );
  assertEquals(specDigest(member!), specDigest(alone!));
});

const wrong: Record<string, [text: string, overrides: string[], message: string]> = {
  "a value": [
    "dataset: mnist\nsweep:\n  architecture: [A,\n    X]",
    [],
    's.yaml:4:5: sweep.architecture[1]: must be one of A, B, C, D, E, not "X"',
  ],
  "a field": [
    "dataset: mnist\nsweep:\n  - { architecture: [A] }\n  - { training.epcohs: [1] }",
    [],
    "s.yaml:4:7: sweep[1].training.epcohs: unknown key; did you mean epochs?",
  ],
  "no list": [
    "dataset: mnist\nsweep: { kaiserBeta: 1 }",
    [],
    "s.yaml:2:8: sweep: must be a grid such as",
  ],
  "an empty list": [
    "dataset: mnist\nsweep: { kaiserBeta: [] }",
    [],
    "s.yaml:2:8: sweep: must be a grid such as",
  ],
  "a sweep in a sweep": [
    "dataset: mnist\nsweep: { sweep: [1] }",
    [],
    "s.yaml:2:10: sweep.sweep: cannot be swept",
  ],
  "a member as a whole": [
    "dataset: mnist\nsweep: { architecture: [D, E] }",
    [],
    "sampling.rotation: missing; E is D sampled with a rotation",
  ],
  "a field without meaning, with nothing swept": [
    "architecture: A\ndataset: mnist",
    ["kaiserBeta=3"],
    "kaiserBeta: applies only to the filtered architectures",
  ],
  "an override": [
    "architecture: A\ndataset: mnist",
    ["kaiserBeta=0,x"],
    '"kaiserBeta=0,x": kaiserBeta: must be',
  ],
  "an override that is no list": [
    "architecture: A\ndataset: mnist",
    ["seed=1],[2"],
    "invalid YAML",
  ],
  "too many": [
    `architecture: A\ndataset: mnist\nsweep: { seed: [${
      Array.from({ length: 200 }, (_, i) => i)
    }], ` +
    `noise.steps: [${Array.from({ length: 200 }, (_, i) => i + 2)}] }`,
    [],
    "the sweep has 40000 members; the maximum is 10000",
  ],
};

for (const [what, [text, overrides, message]] of Object.entries(wrong)) {
  Deno.test(`expandSweep, wrong: ${what}`, () => {
    const error = assertThrows(
      () => expandSweep(parseSpec(text, { path: "s.yaml" }), overrides),
      UserError,
    );
    assert(error.message.includes(message), `${error.message}\nhas not\n${message}`);
  });
}
