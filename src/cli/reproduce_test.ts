// Runs repeated in another process: the same bytes on the same platform, reported differences on
// others.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { idxPair } from "../datasets/layouts_testing.ts";
import { probeWebGpu } from "../engines/webgpu/mod.ts";
import { wholeBundle } from "../runner/testing.ts";
import { bundleOf, command, ignoreRuns, withFolder } from "./testing.ts";

/**
 * A network that uses all of our kernels, and a training of four steps, whose batches are large
 * enough to be divided among threads.
 */
const spec = `architecture: D
dataset: mnist
imageSize: 8
baseWidth: 4
classes: 10
data: { limit: 32 }
training: { images: 128, batchSize: 32, emaDecay: 0.9, previewEveryEpochs: null }
sampling: { steps: 3, count: 3, batchSize: 2, rotation: [0, 45] }
evaluation: { metrics: [] }
`;

const noGpu = ignoreRuns ||
  ((await probeWebGpu()).available ? "" : "no GPU, not even a software one");

for (const [engine, ignore] of [["tensorflow", ignoreRuns], ["webgpu", noGpu]] as const) {
  Deno.test({
    name: `reproduce: another process on ${engine} gives the same bytes${ignore && ` (${ignore})`}`,
    ignore: ignore !== "",
    fn: () =>
      withFolder(async (folder) => {
        const first = await command(folder, ["run", "tiny.yaml", "--engine", engine]).result;
        assertEquals(first.code, 0, first.err);
        const { path, digest } = bundleOf(first.out);
        const second = await command(folder, ["reproduce", path]).result;
        assertEquals(second.code, 0, second.out + second.err);
        assertStringIncludes(second.out, `second:  ${path}-2\n`);
        assert(
          /^reproduced: all \d+ files under data\/ are the same, byte by byte$/m.test(second.out),
          second.out,
        );
        if (engine !== "tensorflow") return;

        // With other threads, sums round differently: that is reported, and accepted.
        const other = await command(folder, [
          "run",
          "tiny.yaml",
          "--again",
          "--threads",
          "1",
          "--quiet",
        ]).result;
        assertEquals(other.code, 0, other.out + other.err);
        assertStringIncludes(other.out, `second:  ${path}-3\n`);
        assertStringIncludes(other.out, "threads: ");
        const bundle = bundleOf(other.out.slice(other.out.indexOf("bundle: ")));
        assertEquals(bundle.path, `${path}-3`);
        if (navigator.hardwareConcurrency > 1) {
          assert(bundle.digest !== digest);
          assertStringIncludes(other.out, "reproduced within rounding");
          assert(
            /data\/model.safetensors: at most .* typically .* of the values \(within\)/.test(
              other.out,
            ),
            other.out,
          );
        }
      }, spec),
  });
}

Deno.test({
  name: `reproduce: a bundle that cannot be repeated is refused with the reason${
    ignoreRuns && ` (${ignoreRuns})`
  }`,
  ignore: ignoreRuns !== "",
  fn: () =>
    withFolder(async (folder) => {
      const path = await wholeBundle(folder);
      // Other images under the same name.
      const { images, labels } = idxPair(Array.from({ length: 16 }, (_, i) => i));
      Deno.mkdirSync(join(folder, "data", "mnist"), { recursive: true });
      Deno.writeFileSync(join(folder, "data", "mnist", "train-images-idx3-ubyte"), images);
      Deno.writeFileSync(join(folder, "data", "mnist", "train-labels-idx1-ubyte"), labels);
      const refused = async (...words: string[]) => {
        const { code, out, err } = await command(folder, ["reproduce", path]).result;
        assertEquals([code, out], [2, ""], err);
        for (const word of words) assertStringIncludes(err, word);
      };
      await refused("the images here differ from those it was made from", "--data");
      Deno.writeTextFileSync(join(path, "data", "loss.csv"), "step,loss\n");
      await refused("the bundle does not verify (data/loss.csv: its bytes have changed)");
    }),
});
