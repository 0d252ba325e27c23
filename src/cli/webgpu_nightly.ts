// Whole runs on WebGPU: every architecture from spec to scores, compared with TensorFlow, and a GPU
// that is lost during training. `deno task nightly` runs it.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { probeWebGpu } from "../engines/webgpu/mod.ts";
import { readTensors } from "../formats/safetensors.ts";
import { bundleOf, command, ignoreRuns, tinySpec, withFolder } from "./testing.ts";

const probe = await probeWebGpu();
const why = ignoreRuns || (probe.available ? "" : "NOTHING TESTED: no GPU, and no software GPU");

const gpuTest = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: `run on webgpu: ${name}${why && ` (${why})`}`, ignore: why !== "", fn });

const scored = tinySpec.replace(
  "metrics: []",
  "metrics: [fid, kid, is], kidSubsets: 2, kidSubsetSize: 4, isSplits: 2",
);

function losses(bundle: string): number[] {
  const rows = Deno.readTextFileSync(join(bundle, "data", "loss.csv")).trim().split("\n").slice(1);
  return rows.map((row) => Number(row.split(",")[1]));
}

/** The drawn images, by angle. */
async function samples(bundle: string): Promise<Map<string, Uint8Array>> {
  const tensors = await readTensors(join(bundle, "data", "samples.safetensors"));
  return new Map([...tensors].map(([angle, { data }]) => [angle, data as Uint8Array]));
}

for (const architecture of ["A", "B", "C", "D", "D\nnormInside: true"]) {
  gpuTest(
    `${architecture.replace("\n", ", ")}: from the spec to the scores, as on tensorflow`,
    () =>
      withFolder(async (folder) => {
        const [onGpu, onCpu] = [[], []] as [string[], string[]];
        for (const [engine, paths] of [["webgpu", onGpu], ["tensorflow", onCpu]] as const) {
          const { code, out, err } = await command(folder, [
            "run",
            "tiny.yaml",
            "--engine",
            engine,
            "--out",
            engine,
          ])
            .result;
          assertEquals(code, 0, err);
          const { path } = bundleOf(out);
          assertEquals((await command(folder, ["verify", path]).result).code, 0);
          paths.push(join(folder, path));
        }
        const [gpu, cpu] = [onGpu[0]!, onCpu[0]!];
        assertStringIncludes(Deno.readTextFileSync(join(gpu, "environment.json")), "webgpu");
        const expected = losses(cpu);
        assertEquals(expected.length, 10);
        losses(gpu).forEach((loss, i) =>
          assert(Math.abs(loss - expected[i]!) <= 0.01 * expected[i]!, `step ${i + 1}`)
        );
        const images = await samples(gpu);
        assertEquals([...images.keys()], ["0", "45"]);
        for (const [angle, pixels] of await samples(cpu)) {
          pixels.forEach((value, i) =>
            assert(Math.abs(value - images.get(angle)![i]!) <= 2, `pixel ${i} at ${angle}`)
          );
        }
        const { scores } = JSON.parse(Deno.readTextFileSync(join(gpu, "data", "metrics.json")));
        assertEquals(scores.length, 3);
        assert(scores.every(({ value }: { value: number }) => Number.isFinite(value)));
      }, scored.replace("architecture: A", `architecture: ${architecture}`)),
  );
}

// Preloaded: destroys the GPU device as soon as there is a checkpoint.
const losing = `
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await request.call(this, descriptor);
    const watch = setInterval(() => {
      for (const { name } of Deno.readDirSync("out/.work")) {
        try {
          Deno.statSync("out/.work/" + name + "/checkpoint.safetensors");
        } catch {
          continue;
        }
        clearInterval(watch);
        device.destroy();
      }
    }, 1);
    Deno.unrefTimer(watch);
    return device;
  };`;

gpuTest(
  "if the GPU is lost, it says so, and the last checkpoint is intact",
  () =>
    withFolder(async (folder) => {
      const preload = join(folder, "losing.ts");
      Deno.writeTextFileSync(preload, losing);
      const args = ["run", "tiny.yaml", "--engine", "webgpu", "--out"];
      const lost = await command(folder, [...args, "out"], {}, [preload]).result;
      assertEquals([lost.code, lost.out], [2, ""], lost.err);
      assertStringIncludes(lost.err, "The GPU was lost");
      assertStringIncludes(lost.err, "run again to go on from there");
      assert(!/^\s+at /m.test(lost.err), `a stack: ${lost.err}`);
      const resumed = await command(folder, [...args, "out"]).result;
      const alone = await command(folder, [...args, "alone"]).result;
      assertEquals([resumed.code, alone.code], [0, 0], resumed.err + alone.err);
      assertStringIncludes(resumed.err, "resuming at step 6");
      assertEquals(bundleOf(resumed.out).digest, bundleOf(alone.out).digest);
    }),
);
