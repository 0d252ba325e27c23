/** Messages about wrong specs, and what hostile specs cannot do. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { parseSpec } from "./parse.ts";
import { resolveSpec } from "./resolve.ts";

const whole = "architecture: D\ndataset: mnist\n";

function errorsOf(text: string): string[] {
  return assertThrows(() => resolveSpec(parseSpec(text, { path: "a/b.yaml" })), UserError).message
    .split("\n");
}

/** Each text with the start of every line of its message, in order. */
const wrong: Record<string, [text: string, ...messages: string[]]> = {
  "unknown keys, with the nearest": [
    whole + "kaiserBta: 3\ntraining:\n  epochs: 3\n  batchsize: 3",
    "a/b.yaml:6:3: training.batchsize: unknown key; did you mean batchSize? Allowed here: epochs, images, batchSize",
    "a/b.yaml:3:1: kaiserBta: unknown key; did you mean kaiserBeta? Allowed here: extends, architecture, ",
  ],
  "impossible values": [
    "architecture: F\nkaiserBeta: -1\nimageSize: 20\ndataset: mnist",
    'a/b.yaml:1:15: architecture: must be one of A, B, C, D, E, not "F"',
    "a/b.yaml:2:13: kaiserBeta: must be a number from 0 to 500 or null, not -1",
    "a/b.yaml:3:12: imageSize: must be an integer from 8 to 128, a multiple of 8, not 20",
  ],
  "the nearest right word": [
    "architecture: d\ndataset: MNIST_M\nevaluation: { metrics: [fid, kdi] }",
    'a/b.yaml:1:15: architecture: must be one of A, B, C, D, E, not "d"; did you mean D?',
    'a/b.yaml:2:10: dataset: must be one of mnist, mnist-m, cifar-10, folder, not "MNIST_M"; did you mean mnist-m?',
    'a/b.yaml:3:30: evaluation.metrics[1]: must be one of fid, kid, is, not "kdi"; did you mean kid?',
  ],
  "wrong types": [
    whole +
    "training: fast\nsampling: { steps: 3.5, rotation: left, labels: x, shift: { columns: true } }\nsweep: 3",
    "a/b.yaml:3:11: training: must be a mapping with epochs, images, batchSize,",
    "a/b.yaml:4:20: sampling.steps: must be an integer from 1 to 9999, not 3.5",
    "a/b.yaml:4:70: sampling.shift.columns: must be a number from -1024 to 1024, not true",
  ],
  "what else is allowed": [
    whole + 'normalized: yes\ndata: { path: "" }\nsampling: { rotation: [1, x] }',
    'a/b.yaml:3:13: normalized: must be true or false or null, not "yes"',
    'a/b.yaml:4:15: data.path: must be text of 1 to 1000 characters or null, not ""',
    "a/b.yaml:5:23: sampling.rotation: must be an angle in degrees (-3600 to 3600), a list of angles, " +
    'or a range { from, to, count }, not [1,"x"]',
  ],
  "numbers that are none": [
    whole + "training: { learningRate: 1e400, epochs: .nan }\nseed: 4294967296",
    "a/b.yaml:3:27: training.learningRate: must be a finite number, not Infinity",
    "a/b.yaml:3:42: training.epochs: must be a finite number, not NaN",
    "a/b.yaml:4:7: seed: must be an integer from 0 to 4,294,967,295, not 4294967296",
  ],
  "what is missing, at its section": [
    "sampling:\n  count: 3",
    "a/b.yaml:1:1: architecture: missing; one of A, B, C, D, E",
    "a/b.yaml:1:1: dataset: missing; one of mnist, mnist-m, cifar-10, folder",
  ],
  "E without an angle": [
    "architecture: E\ndataset: mnist\nsampling:\n  count: 3",
    "a/b.yaml:4:3: sampling.rotation: missing; E is D sampled with a rotation",
  ],
  "fields without meaning": [
    "architecture: A\ndataset: mnist\nkaiserBeta: 2\nnormInside: true\nnoise: { schedule: cosine, end: 0.03 }\n" +
    "training: { images: 5, epochs: 1, decayFraction: 0.1, labelDropout: 0 }\nsampling: { eta: 1, guidance: 2 }",
    "a/b.yaml:3:1: kaiserBeta: applies only to the filtered architectures B, C, D and E; A has no filter; leave it out",
    "a/b.yaml:4:1: normInside: applies only to the architectures C, D and E",
    "a/b.yaml:5:28: noise.end: applies only to the linear schedule",
    "a/b.yaml:6:24: training.epochs: applies only to a training without training.images",
    "a/b.yaml:6:35: training.decayFraction: applies only to training.decay linear and cosine",
    "a/b.yaml:7:13: sampling.eta: applies only to the sampler ddim",
    "a/b.yaml:6:55: training.labelDropout: applies only to class-conditional networks",
    "a/b.yaml:7:21: sampling.guidance: applies only to class-conditional networks",
  ],
  "contradictions": [
    "architecture: B\ndataset: mnist-m\nchannels: 1\nclasses: 7\nkernelSize: null\nsampling: { steps: 100, labels: [7] }\n" +
    "noise: { steps: 100, start: 0.5 }\nevaluation: { metrics: [fid, fid] }",
    "a/b.yaml:5:13: kernelSize: null is only for architecture A",
    "a/b.yaml:3:11: channels: must be 3 for the dataset mnist-m",
    "a/b.yaml:4:10: classes: must be 10 or null for the dataset mnist-m, not 7",
    "a/b.yaml:6:33: sampling.labels: must be from 0 to 6, not 7",
    "a/b.yaml:6:20: sampling.steps: must be at most noise.steps - 1 = 99, not 100",
    "a/b.yaml:7:29: noise.start: must be at most noise.end = 0.02, not 0.5",
    "a/b.yaml:8:24: evaluation.metrics: lists a metric twice",
  ],
  "a folder without a path": [
    "architecture: A\ndataset: folder",
    "a/b.yaml:1:1: data.path: missing; the dataset `folder` needs the path of its images",
  ],
  "broken YAML": ["architecture: [D\ndataset: mnist", "a/b.yaml:2:1: invalid YAML: "],
  "an open quotation": ["a: 'x\n", "a/b.yaml:2:1: invalid YAML: "],
  "a key twice": ["dataset: mnist\ndataset: mnist-m", "a/b.yaml:2:1: invalid YAML: "],
  "tabs": [
    "architecture: D\ntraining:\n\tepochs: 3\ndataset: mnist",
    "a/b.yaml:3:1: invalid YAML: Tabs are not allowed as indentation",
  ],
  "a tab before the first key's neighbour": [
    "architecture: D\n\tdataset: mnist",
    "a/b.yaml:2:1: invalid YAML: Tabs are not allowed as indentation",
  ],
  "a list": [
    "- architecture: D",
    "a/b.yaml:1:1: must be a mapping with one field per line, such as `architecture: D`",
  ],
  "nothing": ["# only a comment", "a/b.yaml:1:1: must be a mapping"],
  "errors behind an alias": [
    "architecture: &letter Q\nx-copy: *letter\ndataset: mnist",
    'a/b.yaml:1:23: architecture: must be one of A, B, C, D, E, not "Q"',
  ],
};

for (const [what, [text, ...expected]] of Object.entries(wrong)) {
  Deno.test(`parseSpec: ${what}`, () => {
    const lines = errorsOf(text);
    for (const beginning of expected) {
      assert(
        lines.some((line) => line.startsWith(beginning)),
        `${beginning}\nnot in\n${lines.join("\n")}`,
      );
    }
    assertEquals(
      lines,
      lines.toSorted(new Intl.Collator("en", { numeric: true }).compare),
      "in the text's order",
    );
    if (what === "fields without meaning" || what === "contradictions") {
      assertEquals(lines.length, expected.length);
    }
  });
}

/** What a stranger may send, each with a word of the error message. */
const hostile: Record<string, [text: string, word: string]> = {
  "an alias bomb": [
    "a: &a [x,x,x,x,x,x,x,x,x,x]\n" +
    [..."bcdefghi"].map((key, i) =>
      `${key}: &${key} [${Array(10).fill(`*${"abcdefgh"[i]}`).join(",")}]`
    ).join("\n"),
    "more than 20000 values",
  ],
  "an alias of itself": ["x-a: &x [*x]", "deeper than 16 levels"],
  "a deep nest": ["[".repeat(30_000), "nested too deeply"],
  "deep mappings": [
    Array.from({ length: 40 }, (_, i) => `${" ".repeat(i)}x-a:`).join("\n"),
    "deeper than 16",
  ],
  "a huge text": [`# ${"x".repeat(70_000)}`, "more than 64 KiB"],
  "thousands of mistakes": [
    Array.from({ length: 4000 }, (_, i) => `k${i}: 1`).join("\n"),
    "... and 3952 more",
  ],
  "thousands of wrong values": [
    `${whole}evaluation: { metrics: [${"x,".repeat(15_000)}] }`,
    "a list of at most 3, each one of fid",
  ],
  "a prototype": ["__proto__: { architecture: D }", "__proto__: is not allowed as a key"],
  "a prototype further in": [
    "training: { __proto__: { epochs: 3 } }",
    "training.__proto__: is not allowed as a key",
  ],
  "inherited names": ["constructor: 1\ntoString: 2\nhasOwnProperty: 3", "constructor: unknown key"],
  "code": ["architecture: !!js/function 'function () {}'", "invalid YAML"],
  "a binary": ["architecture: !!binary aGVsbG8=", "invalid YAML"],
  "an escape sequence": ['architecture: "\\e[31mD"', "without control characters"],
  "an escape sequence in a key": ['"\\e[31m": 1', "\\u{1b}[31m: is not allowed as a key"],
  "half a character": ['x-a: "\\uD800"', "without control characters"],
  "shell characters": ["dataset: '$(rm -rf ~); `id`'", "must be one of mnist"],
  "a name that climbs out": ["dataset: ../../etc/passwd", "must be one of mnist"],
  "a digest that is none": [
    `${whole}data: { digest: "${"A".repeat(64)}" }`,
    "64 lower-case hexadecimal digits",
  ],
};

for (const [what, [text, word]] of Object.entries(hostile)) {
  Deno.test(`parseSpec, hostile: ${what}`, () => {
    const message = errorsOf(text).join("\n");
    assert(message.includes(word), `${word}\nnot in\n${message}`);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(message), "the message holds control characters");
    assert(message.length < 20_000, "the message is as long as the text");
    assertEquals(({} as Record<string, unknown>).architecture, undefined);
  });
}

Deno.test("parseSpec: x- fields are kept at any depth, and aliases are followed", () => {
  const text = `${whole}x-note: &n { who: me, list: [1, two] }\ntraining: { x-why: *n, epochs: 3 }`;
  const resolved = resolveSpec(parseSpec(text));
  assertEquals(resolved["x-note"], { who: "me", list: [1, "two"] });
  assertEquals((resolved.training as unknown as Record<string, unknown>)["x-why"], {
    who: "me",
    list: [1, "two"],
  });
});

Deno.test("parseSpec: reads JSON, a byte order mark and Windows line ends, with correct positions", () => {
  assertEquals(resolveSpec(parseSpec('{"architecture": "A", "dataset": "mnist"}')).channels, 1);
  assertEquals(
    resolveSpec(parseSpec("\uFEFFarchitecture: A\r\ndataset: mnist\r\n")).architecture,
    "A",
  );
  assertEquals(
    errorsOf("architecture: A\r\ndataset: mnist\r\nseed: x")[0]!.slice(0, 14),
    "a/b.yaml:3:7: ",
  );
});
