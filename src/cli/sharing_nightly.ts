// Two runs of one training, on a disk whose flock does not work.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { brokenFlocks, flockEnvironment, ignoreShims } from "../files/lock_testing.ts";
import { command, ignoreRuns, tinySpec, withFolder } from "./testing.ts";

const ignore = ignoreRuns || ignoreShims;
/** Saves after each step, and never ends. */
const longSpec = tinySpec.replace("images: 80", "images: 8000000")
  .replace("previewEveryEpochs: 3", "previewEveryEpochs: 1");

Deno.test({
  name: `without flock one run trains, another is refused, and one that lost its lock stops${
    ignore && ` (${ignore})`
  }`,
  ignore: ignore !== "",
  fn: () =>
    withFolder(async (folder) => {
      const env = flockEnvironment(folder, brokenFlocks["there is none"]);
      const start = (spec: string) =>
        command(folder, ["run", spec, "--engine", "tensorflow", "--out", "out"], env);
      Deno.writeTextFileSync(join(folder, "long.yaml"), longSpec);
      const first = start("long.yaml");
      assert(await first.prints("epoch 1: "));
      const second = await start("long.yaml").result;
      assertEquals([second.code, second.out], [2, ""]);
      assertStringIncludes(second.err, "has been working on it since");

      const work = join(folder, "out", ".work");
      const lock = [...Deno.readDirSync(work)].find(({ name }) => name.endsWith(".lock-1"))?.name;
      if (lock === undefined) throw new Error("there is no lock");
      Deno.copyFileSync(join(work, lock), join(work, lock.replace(/1$/, "2")));
      const { code, err } = await first.result;
      assertEquals(code, 2, err);
      assertStringIncludes(err, "took it over");
      assert(!/^\s+at /m.test(err), err);
    }),
});
