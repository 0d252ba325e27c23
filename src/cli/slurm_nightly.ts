// The batch script of docs/clusters.md on a real Slurm: a cancelled job saves, a job that is warned
// saves and queues itself again, and the bundle has the bytes of an undisturbed run. `deno task
// nightly` runs it.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { eventually, startSlurm, whyNoSlurm } from "./slurm_testing.ts";
import { command, ignoreRuns, tinySpec, withFolder } from "./testing.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));
const ignore = ignoreRuns || whyNoSlurm();

/** The manifest of the only bundle in a folder. */
function manifest(out: string): string {
  const [bundle] = [...Deno.readDirSync(out)].filter(({ name }) => !name.startsWith("."));
  return Deno.readTextFileSync(join(out, bundle!.name, "manifest-sha256.txt"));
}

const read = (path: string) => Deno.readTextFile(path).catch(() => "");

Deno.test({
  name: `slurm: a cancelled job saves, a job that is warned is queued again${
    ignore && ` (${ignore})`
  }`,
  ignore: ignore !== "",
  fn: () =>
    withFolder(async (folder) => {
      const spec = join(folder, "tiny.yaml");
      const words = ["run", spec, "--engine", "cpu", "--out"];
      const alone = await command(folder, [...words, "alone"]).result;
      assertEquals(alone.code, 0, alone.err);

      const state = await Deno.makeTempDir({ prefix: "slurm-" });
      const log = join(folder, "log");
      const out = join(folder, "out");
      try {
        await using slurm = await startSlurm(state);
        const path = `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`;
        const submit = async () =>
          (await slurm.run(
            "sbatch",
            ...["--parsable", "--cpus-per-task=1", `--output=${log}`, `--chdir=${root}`],
            ...[`--export=ALL,NO_COLOR=1,PATH=${path}`],
            ...[join(root, "experiments/slurm.sh"), ...words, out],
          )).trim();
        const said = (what: string, times: number) =>
          eventually(what, async () => (await read(log)).split(what).length > times);
        const jobState = async (job: string) =>
          (await slurm.run("scontrol", "show", "job", job)).match(/JobState=(\w+)/)?.[1] ?? "";

        const cancelled = await submit();
        await said("engine: ", 1);
        await slurm.run("scancel", cancelled);
        await said("the same command resumes", 1);
        await eventually("end", async () => await jobState(cancelled) === "CANCELLED");

        const job = await submit();
        await said("resuming at step", 1);
        await slurm.run("scancel", "--batch", "--signal=USR1", job);
        await said("start again", 1);
        await eventually("queue", async () => await jobState(job) === "PENDING");
        await eventually("idle node", async () => await slurm.isIdle());
        // By default, Slurm delays a requeued job by two minutes.
        await slurm.run("scontrol", "update", `JobId=${job}`, "StartTime=now");
        await said("bundle: ", 1);
        await eventually("end", async () => await jobState(job) === "COMPLETED");

        const text = await read(log);
        assertStringIncludes(text, "resuming at step");
        assertEquals(manifest(out), manifest(join(folder, "alone")), text);
      } finally {
        await Deno.remove(state, { recursive: true });
      }
    }, tinySpec.replace("images: 80", "images: 240")),
});
