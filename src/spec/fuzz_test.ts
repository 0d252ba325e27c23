/**
 * Reads random texts and values as specs: each must give a spec or a UserError, and do no harm. The
 * seed identifies the input.
 */
import { assert, assertEquals } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { expandSweep, parseSpec, resolveSpec, type Spec, specDigest, specName } from "./mod.ts";

const seeds = [1, 2, 3, 4];
const sample = `# a spec
architecture: D
kaiserBeta: 2 # of the window
normalized: true
cutoff: { down: 1.5, up: &up 1.25 }
filter: { kind: jinc, bypass: true }
padding: circular
position: border
dataset: mnist-m
data: { limit: 100, fit: "crop", path: 'data/x' }
noise:
  steps: 1000
  schedule: linear
training: { images: 5000, batchSize: 0x10, learningRate: 3.0e-4, emaDecay: 0.999 }
sampling:
  sampler: ancestral
  rotation: [0, -45, 90.5]
  shift: { columns: 1, rows: -2.5 }
evaluation: { metrics: [fid, kid] }
x-note: [*up, { who: someone }]
`;
const spice = [
  ..."{}[]:,-&*!|>'\"%@`#?~\n\t 0e.+_\0\u001b\u2028é😀",
  "<<: ",
  "__proto__",
  "!!binary ",
  "*up",
  "&a ",
  "- ",
  "...",
  "---",
  ".inf",
  ".nan",
  "1e999",
  "null",
  "true",
  "0x",
  "constructor",
  "extends: ../../x",
  "sweep: ",
  "x-",
];

function random(seed: number) {
  let state = seed * 0x9e3779b1;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(uniform() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  return { below, pick };
}

/**
 * Parses, expands and resolves a text; the result must be consistent. Returns true if the text was
 * a spec.
 */
function digest(text: string): boolean {
  let members;
  try {
    members = expandSweep(parseSpec(text, { path: "fuzz.yaml" }));
  } catch (error) {
    if (!(error instanceof UserError)) {
      throw new Error(`by ${JSON.stringify(text)}`, { cause: error });
    }
    assert(
      // deno-lint-ignore no-control-regex
      !/[\x00-\x09\x0b-\x1f\x7f]/.test(error.message),
      `control characters by ${JSON.stringify(text)}`,
    );
    assert(error.message.length < 20_000);
    return false;
  }
  for (const resolved of members) {
    const network = /^(A|[BCD]-([\d.e-]+N?(-norm)?|ideal|sinc))/;
    const rest = /^(-(circular|reflect))?(-bypass)?(-(border|coordinates))?$/;
    const name = specName(resolved);
    assert(network.test(name) && rest.test(name.replace(network, "")), name);
    const again = resolveSpec(parseSpec(JSON.stringify(resolved)));
    assertEquals(specDigest(again), specDigest(resolved));
  }
  return true;
}

for (const seed of seeds) {
  Deno.test(`parseSpec: 300 damaged texts (seed ${seed})`, () => {
    const { below, pick } = random(seed);
    let good = 0;
    for (let i = 0; i < 300; i++) {
      let text = sample;
      for (let edits = 1 + below(4); edits > 0; edits--) {
        const at = below(text.length);
        const length = below(2) * below(20);
        text = text.slice(0, at) + (below(3) === 0 ? "" : pick(spice).repeat(1 + below(2))) +
          text.slice(at + length);
      }
      good += Number(digest(text));
    }
    assert(good > 0, "not one of them was a spec: the damage is too great to find anything");
    assertEquals(({} as { architecture?: unknown }).architecture, undefined);
  });

  Deno.test(`parseSpec: 200 random values in random fields (seed ${seed})`, () => {
    const { below, pick } = random(seed + 100);
    const values: (() => unknown)[] = [
      () => below(2000) - 1000,
      () => (below(2000) - 1000) / 7,
      () => pick([1e300, -1e300, 5e-324, 2 ** 53, -0]),
      () =>
        pick([
          true,
          false,
          null,
          "",
          "D",
          "mnist",
          "linear",
          "../x",
          "$(x)",
          "\u0000",
          "x".repeat(20_000),
        ]),
      () => Array.from({ length: below(4) }, () => pick(values)()),
      () => ({
        [pick(["from", "to", "count", "x-a", "steps", "__proto__", "rule"])]: pick(
          values.slice(0, 3),
        )(),
      }),
    ];
    const fields = [
      "architecture",
      "kaiserBeta",
      "normalized",
      "normInside",
      "kernelSize",
      "gain",
      "cutoff",
      "dataset",
      "data",
      "imageSize",
      "channels",
      "baseWidth",
      "classes",
      "seed",
      "noise",
      "precision",
      "training",
      "sampling",
      "evaluation",
      "sweep",
      "extends",
      "x-y",
      "toString",
    ];
    const inside: Record<string, string[]> = {
      cutoff: ["down", "up"],
      noise: ["steps", "start", "end", "schedule"],
      data: ["limit", "digest", "fit", "flip", "path"],
      training: [
        "epochs",
        "images",
        "batchSize",
        "decay",
        "decayFraction",
        "emaDecay",
        "labelDropout",
        "from",
      ],
      sampling: [
        "sampler",
        "steps",
        "eta",
        "variance",
        "guidance",
        "labels",
        "rotation",
        "shift",
        "count",
      ],
      evaluation: ["metrics", "kidSubsets", "isSplits", "everyEpochs", "equivariance"],
      sweep: ["architecture", "training.epochs", "seed", "x-a", "constructor", "a..b"],
    };
    for (let i = 0; i < 200; i++) {
      const spec: Record<string, unknown> = {
        architecture: pick(["A", "C", "E"]),
        dataset: "mnist",
      };
      for (let n = 1 + below(3); n > 0; n--) {
        const field = pick(fields);
        const section = inside[field];
        spec[field] = section && below(4) > 0
          ? { [pick(section)]: pick(values)() }
          : pick(values)();
      }
      digest(JSON.stringify(spec));
      // A spec made in code is checked as well.
      try {
        resolveSpec(spec as Spec);
      } catch (error) {
        if (!(error instanceof UserError)) {
          throw new Error(`by ${JSON.stringify(spec)}`, { cause: error });
        }
      }
    }
  });
}
