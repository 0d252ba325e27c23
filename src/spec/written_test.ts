/**
 * The standalone text of a spec says the same as the file with all its changes. The seed identifies
 * the overrides.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { filesTest } from "../files/testing.ts";
import { loadSpec, loadSweep, parseSpec, resolveSpec, runDigest, specDigest } from "./mod.ts";
import { withOverrides } from "./resolve.ts";
import { writtenAlone } from "./written.ts";

const text = `# yaml-language-server: $schema=spec.schema.json
# A spec with what texts have.
architecture: D # both
kaiserBeta: 2 # of the window
dataset: mnist
data: { limit: &some 100 } # the first ones
imageSize: 16

training:
  # A young network needs a higher rate.
  images: 5000
  learningRate: 1.0e-3
  decay: linear
  decayFraction: 0.5
sampling: {
  sampler: ancestral,
  count: *some,
} # as published
x-note: [one, { two: 2 }]
`;

const written = (overrides: string[], of = text) => {
  const spec = parseSpec(of);
  const file = { spec, text: of, path: "spec.yaml" };
  return writtenAlone(file, withOverrides(spec, overrides), overrides);
};

Deno.test("a spec as written stays as it is, and keeps its comments if it is changed", () => {
  assertEquals(written([]), text);
  const changed = written(["kaiserBeta=1", "training.epochs=3", "classes=10"]);
  for (
    const words of [
      "kaiserBeta: 1 # of the window",
      "architecture: D # both",
      "# A young network needs a higher rate.",
      "# With these overrides from the command line: kaiserBeta=1 training.epochs=3 classes=10",
    ]
  ) assertStringIncludes(changed, words);
  assert(!/images: 5000/.test(changed), "epochs take the place of images");
});

function generator(seed: number) {
  let state = seed;
  return (below: number) => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

const choices: Record<string, string[]> = {
  "architecture": ["A", "B", "C", "D", "E"],
  "kaiserBeta": ["0", "1.5", "2"],
  "normalized": ["true", "false"],
  "normInside": ["true", "false"],
  "cutoff.up": ["1", "3"],
  "dataset": ["mnist", "mnist-m", "folder"],
  "data.limit": ["5", "null"],
  "data.path": ["photos", "'a: b # c'", "/x/y"],
  "data.flip": ["true"],
  "classes": ["10", "null"],
  "seed": ["1", "4294967295"],
  "noise.schedule": ["linear", "cosine"],
  "noise.start": ["1e-3"],
  "training.epochs": ["3", "0.5"],
  "training.images": ["7", "null"],
  "training.decay": ["none", "cosine"],
  "training.decayFraction": ["0.25"],
  "training.previewEveryEpochs": ["null", "2"],
  "training.previewSampler": ["fast", "published"],
  "training.from": ["out/x"],
  "sampling": ["{ count: 3 }", "{ shift: { rows: 1 } }"],
  "sampling.sampler": ["ddim", "dpm-solver++"],
  "sampling.eta": ["0.5"],
  "sampling.rotation": ["30", "[0, 45]", "{ from: -90, to: 90, count: 3 }"],
  "sampling.labels": ["1", "[1, 2]"],
  "sampling.shift": ["{ columns: 2, rule: published }"],
  "sampling.motion": ["state", "frame"],
  "sampling.noise": ["fixed", "carried"],
  "evaluation.metrics": ["[]", "[fid]"],
  "evaluation.kidSubsets": ["5"],
  "evaluation.everyEpochs": ["null", "2"],
  "evaluation.equivariance": ["true", "false"],
  "x-who": ["me", "[1, 'two # 3']"],
};

const flow = JSON.stringify({ architecture: "D", dataset: "mnist", data: { limit: 3 } });
const windows = text.replaceAll("\n", "\r\n");

for (const seed of [1, 2, 3]) {
  Deno.test(`a spec as written, with random overrides, is the same run (seed ${seed})`, () => {
    const below = generator(seed);
    const names = Object.keys(choices);
    let good = 0;
    for (let round = 0; round < 150; round++) {
      const overrides = Array.from({ length: 1 + below(4) }, () => {
        const name = names[below(names.length)]!;
        const values = choices[name]!;
        return `${name}=${values[below(values.length)]}`;
      });
      const of = [text, flow, windows][below(3)]!;
      let meant;
      try {
        meant = resolveSpec(parseSpec(of), overrides);
      } catch {
        continue; // Overrides that contradict each other are not a run.
      }
      good++;
      const alone = resolveSpec(parseSpec(written(overrides, of)));
      assertEquals(alone, meant, `${JSON.stringify(overrides)} over\n${of}`);
      assertEquals(specDigest(alone), specDigest(meant));
    }
    assert(good > 30, `only ${good} were specs`);
  });
}

filesTest(
  "a spec that extends another, and a sweep's member, become standalone texts",
  async (folder) => {
    const put = (name: string, content: string) => Deno.writeTextFile(join(folder, name), content);
    await put("base.yaml", "dataset: mnist\nsampling: { count: 3 }\n");
    await put("own.yaml", "extends: base.yaml # the common part\narchitecture: A # none\n");
    await put(
      "sweep.yaml",
      "extends: own.yaml\nsweep: { architecture: [A, D], kaiserBeta: [1, 2] }\n",
    );

    const one = await loadSpec(join(folder, "own.yaml"), ["seed=7"]);
    assertEquals(resolveSpec(parseSpec(one.written)), one.resolved);
    assertStringIncludes(one.written, "Includes base.yaml, which it extends.");
    assertStringIncludes(one.written, "architecture: A # none");

    const { members } = await loadSweep(join(folder, "sweep.yaml"), ["seed=7"]);
    assertEquals(members.length, 3);
    for (const { resolved, written } of members) {
      assertEquals(resolveSpec(parseSpec(written)), resolved);
    }
    assertEquals(
      new Set(members.map(({ resolved }) => runDigest(specDigest(resolved), ""))).size,
      3,
    );
  },
);
