import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { planLines } from "./sweep_plan.ts";
import { bundleOf, command, ignoreRuns, tinySpec, withFolder } from "./testing.ts";

Deno.test("sweep --dry-run: the table and its sum", () => {
  assertEquals(
    planLines([
      { name: "A mnist", state: "finished: out/a", outcome: "finished", seconds: null },
      { name: "D-2N mnist", state: "waiting", outcome: "waiting", seconds: 60 },
      {
        name: "D-2N\x1b",
        state: "waiting for the model of D-2N mnist",
        outcome: "waiting",
        seconds: null,
      },
      { name: "B-2N mnist", state: "refused: no\nroom", outcome: "refused", seconds: null },
    ]),
    [
      "member      time        state",
      "A mnist                 finished: out/a",
      "D-2N mnist  about 60 s  waiting",
      "D-2N\\u{1b}              waiting for the model of D-2N mnist",
      "B-2N mnist              refused: no\\nroom",
      "1 of 4 finished, 2 waiting: about 60 s for one worker here, 1 failed or refused",
    ],
  );
});

Deno.test({
  name: `sweep --dry-run: finished, waiting and refused members; nothing is written${
    ignoreRuns && ` (${ignoreRuns})`
  }`,
  ignore: ignoreRuns !== "",
  fn: () =>
    withFolder(async (folder) => {
      const words = ["tiny.yaml", "--engine", "cpu"];
      const { code, out, err } = await command(folder, ["run", ...words]).result;
      assertEquals(code, 0, err);
      const { path } = bundleOf(out);
      const listed = () =>
        [...Deno.readDirSync(join(folder, "out"))].map(({ name }) => name).sort();
      const before = listed();
      const axes = ["dataset=mnist,cifar-10", "sampling.count=4,6", "--dry-run"];
      const plan = await command(folder, ["sweep", ...words, ...axes]).result;
      assertEquals(plan.code, 1, plan.err);
      const lines = plan.out.trim().split("\n");
      assert(lines[1]?.endsWith(`finished: ${path}`), plan.out);
      assert(lines[2]?.includes("waiting; reuses the model of"), plan.out);
      assert(lines[3]?.includes("refused: dataset cifar-10"), plan.out);
      assertEquals(lines[5], "1 of 4 finished, 1 waiting, 2 failed or refused");
      assertEquals(listed(), before);
    }, tinySpec.replace("images: 80", "images: 16")),
});
