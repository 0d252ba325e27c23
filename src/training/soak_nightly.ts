// 20,000 steps of a real training, with its optimizer, average, losses and checkpoints: nothing that it makes may stay.
// Not named like a test: `deno task nightly` runs it, in a process of its own, for beside what large networks leave
// behind no growth would be seen.
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { join } from "@std/path";
import { openEngine } from "../engines/mod.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { disposeState, newState, stateTensors } from "./state.ts";
import { noiseDataset } from "./testing.ts";
import { train } from "./train.ts";

const steps = 20_000, every = 1000;

Deno.test("20,000 steps of a tiny training leave tensors, memory and open files flat", async () => {
  const engine = await openEngine("tensorflow"), dataset = noiseDataset(64);
  const spec = resolveSpec(parseSpec(
    `architecture: D\ndataset: mnist\nimageSize: 8\nbaseWidth: 4\n` +
      `training: { images: ${2 * steps}, batchSize: 2, emaDecay: 0.99 }\n`,
  ));
  const state = newState(compileUNet(spec), true), losses: number[] = [], folder = Deno.makeTempDirSync();
  const marks: { tensors: number; files: number; rss: number }[] = [];
  let least = Infinity;
  try {
    await train({
      engine,
      spec,
      dataset,
      state,
      losses,
      onStep: async (step) => {
        // Garbage comes and goes: what stays is the least of a stretch.
        if (step % 20 === 0) least = Math.min(least, Deno.memoryUsage().rss);
        if (step % every !== 0) return;
        const places = [{ name: engine.name, device: engine.device, threads: engine.threads }];
        const tensors = await stateTensors(state), previews = null;
        await writeCheckpoint(join(folder, "a"), { training: "a", places, losses, tensors, previews });
        const files = Deno.build.os === "linux" ? [...Deno.readDirSync("/proc/self/fd")].length : 0;
        marks.push({ tensors: tf.memory().numTensors, files, rss: least });
        least = Infinity;
        console.log(`step ${step}: ${JSON.stringify(marks.at(-1))}`);
      },
    });
  } finally {
    disposeState(state);
    engine.dispose();
    Deno.removeSync(folder, { recursive: true });
  }
  assertEquals(losses.length, steps);
  // The first marks are left out: what is compiled and cached once is there by then.
  const [first, ...later] = marks.slice(2);
  for (const { tensors, files, rss } of later) {
    assertEquals([tensors, files], [first!.tensors, first!.files]);
    assert(rss < 1.1 * first!.rss, `the resident memory grew from ${first!.rss} to ${rss}`);
  }
});
