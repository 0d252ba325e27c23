import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { bundleOf, command, ignoreRuns, tinySpec } from "./testing.ts";

Deno.test({
  name: `wasm samples a trained bundle and refuses to train${ignoreRuns && ` (${ignoreRuns})`}`,
  ignore: ignoreRuns !== "",
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    try {
      const spec = join(folder, "tiny.yaml");
      Deno.writeTextFileSync(spec, tinySpec);
      const refused = await command(folder, ["run", spec, "--engine", "wasm"]).result;
      assertEquals(refused.code, 2, refused.err);
      assertStringIncludes(refused.err, "the engine wasm computes no gradients");

      const trained = await command(folder, ["run", spec, "--engine", "cpu"]).result;
      assertEquals(trained.code, 0, trained.err);
      const bundle = bundleOf(trained.out).path;
      const drawn = await command(folder, ["sample", bundle, "count=3", "--engine", "wasm"]).result;
      assertEquals(drawn.code, 0, drawn.err);
      const sample = bundleOf(drawn.out).path;
      assertEquals((await command(folder, ["verify", sample]).result).code, 0);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
