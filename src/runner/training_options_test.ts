/** A run with every option of training: stopped, resumed and reproduced. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { filesTest } from "../files/testing.ts";
import { silentProgress } from "../messages/progress.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { reproduceBundle } from "./reproduce.ts";
import { runExperiment } from "./run.ts";

const spec = resolveSpec(parseSpec(`architecture: A
dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 5 }
training:
  images: 5
  batchSize: 2
  previewEveryEpochs: null
  clipNorm: 0.5
  accumulate: 2
  dropout: 0.2
  augment: { shift: 1.5, turn: 20 }
  equivariance: { weight: 0.5, shift: 1, turn: 45 }
sampling: { steps: 2, count: 2, batchSize: 2 }
evaluation: { metrics: [] }
`));

filesTest(
  "a run with every option of training: stopped or repeated, it is the same",
  async (folder) => {
    const options = { engine: "cpu", dataRoot: join(folder, "data") } as const;
    const stop = new AbortController();
    const losses: unknown[] = [];
    const progress = {
      ...silentProgress,
      update(done: number, fields: Record<string, string | number> = {}) {
        if (!("loss" in fields)) return;
        losses.push(fields["equivariance loss"]);
        if (done === 2) stop.abort(new Error("stopped"));
      },
    };
    const out = join(folder, "out");
    const stopped = { ...options, out, progress, signal: stop.signal };
    await assertRejects(() => runExperiment(spec, stopped), Error, "stopped");
    assertEquals(losses.map((loss) => typeof loss), ["number", "number"]);
    const { path } = await runExperiment(spec, { ...options, out });
    const { verdict } = await reproduceBundle(path, { ...options, out: join(folder, "again") });
    assertEquals(verdict, "same");
  },
);
