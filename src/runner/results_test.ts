/**
 * What tiny runs compute, pinned by digests: a change of results that nobody meant is seen here.
 * Who means it raises METHOD_VERSION, tells it in the CHANGELOG, and pins anew what the failing
 * test prints.
 *
 * The engine is `cpu`: plain loops in JavaScript, whose sums have one order on every machine. (V8's
 * exp and its like are compiled code, which an ARM compiler may round otherwise: pinned for
 * x86-64.) TensorFlow and GPUs choose their code by the processor; that they compute the same
 * within rounding is the golden cases' business.
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

/** The files that hold what was computed; pictures and texts about it may change with a release. */
const results = [files.losses, files.model, files.average, files.optimizer, files.samples];

const tiny = `dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 8 }
training: { images: 8, batchSize: 4, emaDecay: 0.9, previewEveryEpochs: null }
evaluation: { metrics: [] }
`;

/** Specs with the first digits of their results' digests, for the method version beside. */
const pinned: { method: number; name: string; spec: string; digests: string[] }[] = [
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
    spec:
      "architecture: D\nnormInside: true\nclasses: 10\nsampling: { sampler: ddim, steps: 2, count: 2, batchSize: 2, rotation: [0, 30] }\n",
    digests: [
      "06be5d79588ee644",
      "351acac2f71c286c",
      "92ba49039a46f016",
      "0445ddd0393d5c23",
      "094e8087839cbc9c",
    ],
  },
];

for (const { method, name, spec, digests } of pinned) {
  Deno.test({
    name:
      `the results of ${name} are those of method version ${method} (needs x86-64, --allow-read --allow-write)`,
    ignore,
    async fn() {
      const out = Deno.makeTempDirSync();
      try {
        const { path } = await runExperiment(resolveSpec(parseSpec(tiny + spec)), {
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
