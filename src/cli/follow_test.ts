// Following a run: its diary, `status` of another process, and events for TensorBoard, also after
// the run was killed.
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { linesOf, parseDiary } from "../bundle/diary.ts";
import { lastSteps } from "../formats/tensorboard.ts";
import { bundleOf, command, ignoreRuns, tinySpec, withFolder } from "./testing.ts";

const project = fromFileUrl(new URL("../../", import.meta.url));

/** What `status --json` prints if it may read only the folder. */
async function statusJsonOf(folder: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-lock",
      "--no-prompt",
      `--allow-read=${project},${folder}`,
      join(project, "src/cli/main.ts"),
      "status",
      "out",
      "--json",
    ],
    cwd: folder,
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Waits until a run's diary has a preview, before which the run saves. */
async function savedStep(folder: string): Promise<void> {
  const root = join(folder, "out", ".work");
  for (;; await new Promise((done) => setTimeout(done, 50))) {
    try {
      const names = [...Deno.readDirSync(root)].filter(({ isDirectory }) => isDirectory);
      const text = Deno.readTextFileSync(join(root, names[0]?.name ?? "", "progress.jsonl"));
      if (linesOf(parseDiary(text), "preview").length > 0) return;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

// Long enough to be observed while running.
const spec = tinySpec.replace("images: 80", "images: 1200").replace(
  "previewEveryEpochs: 3",
  "previewEveryEpochs: 10",
);

Deno.test({
  name:
    "status shows a run running, killed and finished; diary and events continue after the kill" +
    (ignoreRuns && ` (${ignoreRuns})`),
  ignore: ignoreRuns !== "",
  fn: () =>
    withFolder(async (folder) => {
      const args = ["run", "tiny.yaml", "--engine", "tensorflow", "--tensorboard", "events"];
      const first = command(folder, args);
      await savedStep(folder);
      const [running] = (await statusJsonOf(folder)).runs;
      assertEquals([running.name, running.state, running.model], ["tiny", "running", "A"]);
      assertEquals(running.progress.phase, "training");
      first.kill("SIGKILL");
      await first.result;

      // So long ago that the process cannot just be slow.
      const [lock] = [...Deno.readDirSync(join(folder, "out", ".work"))]
        .filter(({ isFile }) => isFile);
      Deno.utimeSync(join(folder, "out", ".work", lock?.name ?? ""), 1, 1);
      const [stopped] = (await statusJsonOf(folder)).runs;
      assertEquals([stopped.name, stopped.state], ["tiny", "stopped"]);

      const { code, out, err } = await command(folder, args).result;
      assertEquals(code, 0, err);
      const [finished, ...more] = (await statusJsonOf(folder)).runs;
      assertEquals([finished.name, finished.state, more.length], ["tiny", "finished", 0]);

      const bundle = bundleOf(out);
      const diary = parseDiary(Deno.readTextFileSync(join(folder, bundle.path, "progress.jsonl")));
      assertEquals(linesOf(diary, "start").length, 2);
      const steps = linesOf(diary, "step").map(({ step }) => step);
      assertEquals(steps, [...new Set(steps)].sort((a, b) => a - b), "no step twice");
      assertEquals(steps.at(-1), 150);

      const [events] = [...Deno.readDirSync(join(folder, "events"))];
      const files = [...Deno.readDirSync(join(folder, "events", events?.name ?? ""))]
        .map(({ name }) => Deno.readFileSync(join(folder, "events", events?.name ?? "", name)));
      assertEquals(files.length, 2);
      const last = files.map((bytes) => lastSteps(bytes).get("loss") ?? 0);
      assertEquals(Math.max(...last), 150);
      assert(Math.min(...last) < 150);
    }, spec),
});
