/**
 * Pins the results of tiny runs by their digests, to catch unintended changes. If you change
 * results on purpose, raise METHOD_VERSION, note it in the CHANGELOG, and pin the digests that the
 * failing test prints.
 *
 * The engine is `cpu`: plain loops in JavaScript, whose sums have the same order on every machine.
 * V8's `exp` and similar functions are compiled code that may round differently on ARM, so the
 * digests are for x86-64. TensorFlow and GPUs choose their code by processor; the golden cases
 * check that they agree within rounding.
 */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { files } from "../bundle/layout.ts";
import { METHOD_VERSION, parseSpec, resolveSpec } from "../spec/mod.ts";
import { runExperiment } from "./run.ts";

const ignore = Deno.build.arch !== "x86_64" ||
  (["read", "write"] as const).some((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  );

/** The files with results. Pictures and texts about them may change with a release. */
const results = [files.losses, files.model, files.average, files.optimizer, files.samples];

const tiny = `dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 8 }
training: { images: 8, batchSize: 4, emaDecay: 0.9, previewEveryEpochs: null }
evaluation: { metrics: [] }
`;

/** Specs, and the first digits of their results' digests for a method version. */
const pinned: {
  method: number;
  name: string;
  spec: string;
  overrides?: string[];
  digests: string[];
}[] = [
  {
    method: 1,
    name: "A, ancestral",
    spec: "architecture: A\nsampling: { steps: 2, count: 2, batchSize: 2 }\n",
    digests: [
      "6f29d4c8c2845426",
      "d0173e0f18e71dea",
      "307dafa4d56e4c69",
      "c60b83caa9b6365f",
      "a58b3b6eefa3c183",
    ],
  },
  {
    method: 1,
    name: "D with everything: classes, guidance, DDIM, rotation",
    spec: "architecture: D\nnormInside: true\nclasses: 10\n" +
      "sampling: { sampler: ddim, steps: 2, count: 2, batchSize: 2, rotation: [0, 30] }\n",
    digests: [
      "06be5d79588ee644",
      "351acac2f71c286c",
      "92ba49039a46f016",
      "0445ddd0393d5c23",
      "094e8087839cbc9c",
    ],
  },
  {
    method: 1,
    name: "every option of training beyond the paper",
    spec: "architecture: A\nsampling: { steps: 2, count: 2, batchSize: 2 }\n",
    overrides: [
      "training.clipNorm=0.5",
      "training.accumulate=2",
      "training.dropout=0.2",
      "training.augment={ shift: 1.5, turn: 20 }",
      "training.equivariance={ weight: 0.5, shift: 1, turn: 45 }",
    ],
    digests: [
      "5d10924e4256aeee",
      "5ca2cb7379cbe41d",
      "3757ac99d7a2dfc7",
      "ce90291b77e36e82",
      "b69b193c87cf7b4f",
    ],
  },
];

for (const { method, name, spec, overrides = [], digests } of pinned) {
  Deno.test({
    name: `results of method version ${method}: ${name} (needs x86-64, --allow-read --allow-write)`,
    ignore,
    async fn() {
      const out = Deno.makeTempDirSync();
      try {
        const { path } = await runExperiment(resolveSpec(parseSpec(tiny + spec), overrides), {
          engine: "cpu",
          out,
          dataRoot: out,
        });
        const manifest = Deno.readTextFileSync(join(path, "manifest-sha256.txt"));
        const found = results.map((file) =>
          manifest.match(new RegExp(`(.{16}).{48}  data/${file}\n`))?.[1]
        );
        assertEquals([METHOD_VERSION, ...found], [method, ...digests], results.join(", "));
      } finally {
        Deno.removeSync(out, { recursive: true });
      }
    },
  });
}
