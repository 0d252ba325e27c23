// 20,000 steps of a real training, with its optimizer, average, losses and checkpoints: nothing that it makes may stay.
// Not named like a test: `deno task nightly` runs it, in a process of its own, for beside what large networks leave
// behind no growth would be seen. A single look at the memory is good to some 5 % only; the middle of nine is better.
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { join } from "@std/path";
import { releaseFreedMemory } from "../engines/tensorflow/resident.ts";
import { openEngine } from "../engines/mod.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { disposeState, newState, stateTensors } from "./state.ts";
import { noiseDataset } from "./testing.ts";
import { train } from "./train.ts";

const steps = 20_000, every = 1000;

/**
 * Memory of the process's own when garbage is collected and what was freed is given back, in bytes. Pages of files, such
 * as those of libraries, are left out where the system tells them apart: it drops and reads them again as it likes.
 */
async function memoryBytes(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error("this test needs --v8-flags=--expose-gc");
  let least = Infinity;
  for (let look = 0; look < 5; look++) {
    gc();
    // Pages go back to the system a little later, by a thread of V8's.
    await new Promise((resolve) => setTimeout(resolve, 100));
    releaseFreedMemory();
    least = Math.min(least, anonymousBytes() ?? Deno.memoryUsage().rss);
  }
  return least;
}

function anonymousBytes(): number | null {
  if (Deno.build.os !== "linux") return null;
  const [, kilobytes] = Deno.readTextFileSync("/proc/self/status").match(/RssAnon:\s*(\d+) kB/) ?? [];
  return kilobytes === undefined ? null : 1024 * Number(kilobytes);
}

Deno.test("20,000 steps of a tiny training leave tensors, memory and open files flat", async () => {
  const engine = await openEngine("tensorflow"), dataset = noiseDataset(64);
  const spec = resolveSpec(parseSpec(
    `architecture: D\ndataset: mnist\nimageSize: 8\nbaseWidth: 4\n` +
      `training: { images: ${2 * steps}, batchSize: 2, emaDecay: 0.99 }\n`,
  ));
  const state = newState(compileUNet(spec), true), losses: number[] = [], folder = Deno.makeTempDirSync();
  const marks: { tensors: number; files: number; memory: number }[] = [];
  try {
    await train({
      engine,
      spec,
      dataset,
      state,
      losses,
      onStep: async (step) => {
        if (step % every !== 0) return;
        const places = [{ name: engine.name, device: engine.device, threads: engine.threads }];
        const tensors = await stateTensors(state), previews = null;
        await writeCheckpoint(join(folder, "a"), { training: "a", places, losses, tensors, previews });
        const files = Deno.build.os === "linux" ? [...Deno.readDirSync("/proc/self/fd")].length : 0;
        marks.push({ tensors: tf.memory().numTensors, files, memory: await memoryBytes() });
        console.log(`step ${step}: ${JSON.stringify(marks.at(-1))}`);
      },
    });
  } finally {
    disposeState(state);
    engine.dispose();
    Deno.removeSync(folder, { recursive: true });
  }
  assertEquals(losses.length, steps);
  // What is compiled and cached once is there by the third mark.
  const [first, ...later] = marks.slice(2);
  for (const { tensors, files } of later) assertEquals([tensors, files], [first!.tensors, first!.files]);
  const middle = (from: number, to: number) => {
    const sorted = marks.slice(from, to).map(({ memory }) => memory).sort((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  };
  const early = middle(2, 11), late = middle(11, 20);
  assert(late < 1.05 * early, `the memory grew from ${early} to ${late}`);
});
