// Sweeps on the command line: the display, and workers that share a folder and are killed.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { files } from "../bundle/layout.ts";
import { exampleBundle, examplePayload, exampleSpec } from "../bundle/testing.ts";
import { newMembers } from "../runner/sweep_member.ts";
import { expandSweep, parseSpec } from "../spec/mod.ts";
import { comparisonOf } from "./sweep.ts";
import { countLine, sweepDisplay, tableLines } from "./sweep_table.ts";
import { command, ignoreRuns, withFolder } from "./testing.ts";

const members = () => {
  const [a, b, c] = newMembers(
    expandSweep(parseSpec("architecture: A\ndataset: mnist"), ["seed=1,2,3"]),
  );
  Object.assign(a!, { state: "finished", loss: 0.03125, seconds: 60, bundle: "out/a" });
  Object.assign(b!, {
    state: "running",
    phase: { name: "training", share: 0.5 },
    loss: 0.25,
    secondsLeft: 90,
  });
  return [a!, b!, c!];
};

Deno.test("the table has one line per member, or those around the running one that fit the terminal", () => {
  assertEquals(tableLines(members()), [
    "member          state          loss    time left",
    "A mnist seed=1  finished       0.0313",
    "A mnist seed=2  training 50 %  0.2500  1 min 30 s",
    "A mnist seed=3  waiting",
    "1 of 3 finished, 1 waiting: about 1 min 00 s for this worker alone",
  ]);
  const short = tableLines(members(), 3);
  assertEquals(short.length, 3);
  assertStringIncludes(short[1]!, "seed=2");
});

Deno.test("the table is redrawn in place on a terminal; elsewhere each change of state is a line", () => {
  const all = members();
  const written: string[] = [];
  const options = { write: (text: string) => void written.push(text), now: () => 0 };
  const table = sweepDisplay({
    ...options,
    terminal: true,
    size: () => ({ columns: 30, rows: 40 }),
  });
  table.change(all[1]!, all);
  table.progress.message("said");
  assertEquals(written.length, 3);
  assert(written[0]!.split("\n").every((line) => line.length < 30), written[0]);
  assertEquals(written[1], "\x1b[5A\x1b[Jsaid\n");
  table.change(all[1]!, all);
  assertEquals(written.length, 3, "nothing new so soon");
  table.clear();
  assertEquals(written[3], "\x1b[5A\x1b[J");

  written.length = 0;
  const plain = sweepDisplay({ ...options, terminal: false });
  for (const member of [...all, ...all]) plain.change(member, all);
  assertEquals(written, [
    "A mnist seed=1: finished, out/a\n",
    `${countLine(all)}\n`,
    "A mnist seed=3: waiting\n",
  ]);
});

Deno.test({
  name: "sweep: compares scores, or says why there are none (needs --allow-read --allow-write)",
  ignore: (["read", "write"] as const).some((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  ),
  fn() {
    const folder = Deno.makeTempDirSync();
    const spec = exampleSpec();
    const payload = examplePayload();
    const said = (name: string, metrics: unknown, of = spec) => {
      const changed = new Map(payload).set(files.metrics, JSON.stringify(metrics));
      return comparisonOf([{
        spec: of,
        bundle: exampleBundle(join(folder, name), changed).path,
      }])?.text;
    };
    try {
      const metrics = JSON.parse(String(payload.get(files.metrics)));
      assertStringIncludes(said("scored", metrics) ?? "", "mnist FID");
      const why = "Nothing was scored: no weights.";
      assertEquals(
        said("failed", { ...metrics, scores: [], notes: [why] }),
        `no scores to compare:\n- ${why}`,
      );
      const none = { ...spec, evaluation: { ...spec.evaluation, metrics: [] } };
      assertEquals(
        said("none", { ...metrics, scores: [], notes: [] }, none),
        "no scores to compare: evaluation.metrics is empty",
      );
      assertEquals(comparisonOf([{ spec, bundle: null }]), null);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: `sweep: two workers share it, and one takes over from a killed one${
    ignoreRuns && ` (${ignoreRuns})`
  }`,
  ignore: ignoreRuns !== "",
  fn: () =>
    withFolder(async (folder) => {
      const args = ["sweep", "tiny.yaml", "seed=1,2", "training.previewEveryEpochs=null"];
      const first = command(folder, [...args, "training.images=800"]);
      // Its first line comes with its first phase. Paused there, it holds its lock.
      assert(await first.prints("seed=1: engine"), "the first worker trains");
      first.kill("SIGSTOP");
      const second = command(folder, [...args, "training.images=800"]);
      assert(
        await second.prints("seed=1: this run (A on mnist): process "),
        "the second sees who works on seed 1",
      );
      assert(await second.prints("seed=2: finished"), "and does what is left");
      first.kill("SIGKILL");
      assertEquals((await first.result).signal, "SIGKILL");
      const { code, out, err } = await second.result;
      assertEquals(code, 0, err);
      assertStringIncludes(out, "2 of 2 finished");
      assertStringIncludes(out, "\n\nno scores to compare: evaluation.metrics is empty\n");
      const bundles = [...Deno.readDirSync(join(folder, "out"))].map(({ name }) => name).filter((
        name,
      ) => !name.startsWith("."));
      assertEquals(bundles.length, 2, bundles.join());
      assertEquals([...Deno.readDirSync(join(folder, "out", ".work"))].map(({ name }) => name), []);

      const failing = await command(folder, ["sweep", "tiny.yaml", "dataset=cifar-10"]).result;
      assertEquals(failing.code, 1, failing.err);
      assertStringIncludes(
        failing.out,
        "1 failed:\n- A cifar-10: dataset cifar-10: no files in",
      );
    }),
});
