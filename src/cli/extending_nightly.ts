/** Applies the recipes of docs/extending.md to a copy of the project, checks and runs it. */
import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { bundleOf, ignoreRuns } from "./testing.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));

/** A spec that uses everything the recipes add. */
const spec = `architecture: A
dataset: stripes
imageSize: 8
baseWidth: 4
classes: 2
data: { limit: 200 }
training: { images: 80, batchSize: 8 }
sampling: { steps: 4, count: 4, batchSize: 2 }
evaluation: { metrics: [mean] }
`;

async function run(cwd: string, program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: { NO_COLOR: "1", INIT_CWD: cwd },
  }).output();
  const decoder = new TextDecoder();
  assert(success, `${args.join(" ")}\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

Deno.test({
  name: `docs/extending.md: each recipe applies, compiles and runs${
    ignoreRuns && ` (${ignoreRuns})`
  }`,
  ignore: ignoreRuns !== "",
  fn: async () => {
    const copy = Deno.makeTempDirSync();
    try {
      const tracked = (await run(root, "git", ["ls-files"])).trim().split("\n");
      for (const name of tracked) {
        Deno.mkdirSync(join(copy, dirname(name)), { recursive: true });
        Deno.copyFileSync(join(root, name), join(copy, name));
      }
      Deno.symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
      await run(copy, "git", ["init", "--quiet"]);
      const page = Deno.readTextFileSync(join(root, "docs/extending.md"));
      const recipes = [...page.matchAll(/```diff\n([\s\S]*?)```/g)].map(([, diff = ""]) => diff);
      assertEquals(recipes.length, 3);
      for (const [i, recipe] of recipes.entries()) {
        Deno.writeTextFileSync(join(copy, `${i}.diff`), recipe);
        await run(copy, "git", ["apply", `${i}.diff`]);
      }
      await run(copy, Deno.execPath(), ["check"]);
      Deno.writeTextFileSync(join(copy, "toy.yaml"), spec);
      const words = ["run", "-A", "src/cli/main.ts", "run", "toy.yaml", "--engine", "cpu"];
      const bundle = bundleOf(await run(copy, Deno.execPath(), words)).path;
      const metrics = Deno.readTextFileSync(join(copy, bundle, "data/metrics.json"));
      assertEquals(JSON.parse(metrics).scores[0].metric, "classifier-mean");
      const network = Deno.readTextFileSync(join(copy, bundle, "data/network.txt"));
      assert(network.includes("average-pooling"));
    } finally {
      Deno.removeSync(copy, { recursive: true });
    }
  },
});
