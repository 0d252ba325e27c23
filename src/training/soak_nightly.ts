// Runs 20,000 steps of a real training, with its optimizer, average, losses and checkpoints, and
// checks that nothing leaks. The file is not named like a test, because `deno task nightly` runs it
// in a process of its own: next to what large networks leave behind, no growth would show. Memory
// in use is the better measure. Resident memory varies by a third with the pages that allocators
// and the system keep or drop. It must not grow by more than a tenth.
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

const steps = 20_000;
const every = 1000;

/**
 * Bytes in use after a garbage collection: V8's heap, and on Linux the memory allocated by malloc.
 */
function inUse(): { heap: number; malloc: number } {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error("this test needs --v8-flags=--expose-gc");
  gc();
  return { heap: Deno.memoryUsage().heapUsed, malloc: mallocBytes() };
}

/** `uordblks`, the eighth of glibc's ten `mallinfo2` numbers. */
function mallocBytes(): number {
  if (Deno.build.os !== "linux") return 0;
  const struct = Array.from({ length: 10 }, () => "usize" as const);
  const libc = Deno.dlopen("libc.so.6", { mallinfo2: { parameters: [], result: { struct } } });
  const numbers = new BigUint64Array(libc.symbols.mallinfo2().buffer);
  libc.close();
  return Number(numbers[7]);
}

Deno.test("20,000 steps of a tiny training leave tensors, memory and open files flat", async () => {
  const engine = await openEngine("tensorflow");
  const dataset = noiseDataset(64);
  const spec = resolveSpec(parseSpec(
    `architecture: D\ndataset: mnist\nimageSize: 8\nbaseWidth: 4\n` +
      `training: { images: ${2 * steps}, batchSize: 2, emaDecay: 0.99 }\n`,
  ));
  const state = newState(compileUNet(spec), true);
  const losses: number[] = [];
  const folder = Deno.makeTempDirSync();
  const marks: {
    tensors: number;
    files: number;
    heap: number;
    malloc: number;
    resident: number;
  }[] = [];
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
        const tensors = await stateTensors(state);
        const previews = null;
        await writeCheckpoint(join(folder, "a"), {
          training: "a",
          places,
          losses,
          tensors,
          previews,
        });
        const files = Deno.build.os === "linux" ? [...Deno.readDirSync("/proc/self/fd")].length : 0;
        marks.push({
          tensors: tf.memory().numTensors,
          files,
          ...inUse(),
          resident: Deno.memoryUsage().rss,
        });
        console.log(`step ${step}: ${JSON.stringify(marks.at(-1))}`);
      },
    });
  } finally {
    disposeState(state);
    engine.dispose();
    Deno.removeSync(folder, { recursive: true });
  }
  assertEquals(losses.length, steps);
  // Everything that is compiled and cached once exists by the third mark.
  const [first, ...later] = marks.slice(2);
  for (const { tensors, files, heap, malloc } of later) {
    assertEquals([tensors, files], [first!.tensors, first!.files]);
    assert(heap < 1.02 * first!.heap, `V8's heap grew from ${first!.heap} to ${heap}`);
    assert(
      malloc <= 1.02 * first!.malloc,
      `malloc's memory grew from ${first!.malloc} to ${malloc}`,
    );
  }
  const min = (from: number, to: number) =>
    Math.min(...marks.slice(from, to).map(({ resident }) => resident));
  assert(
    min(11, 20) < 1.1 * min(2, 11),
    `the resident memory grew from ${min(2, 11)} to ${min(11, 20)}`,
  );
});
