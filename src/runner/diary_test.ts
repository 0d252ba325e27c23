import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { type DiaryStart, startDiary } from "./diary.ts";
import { diaryCsv, type DiaryLine, linesOf, parseDiary } from "../bundle/diary.ts";
import { filesTest } from "../files/testing.ts";
import { silentProgress } from "../messages/progress.ts";

const start: DiaryStart = { name: "tiny", model: "D-2N", dataset: "mnist", run: "1".repeat(64) };

const needsFiles = {
  ignore: (["read", "write"] as const).some((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  ),
};

/** Writes the diary of a training from one step to another, at 100 ms per step. */
function train(path: string, from: number, to: number, clock: { ms: number }) {
  const diary = startDiary(silentProgress, () => clock.ms);
  diary.learningRate = (step) => 0.1 / step;
  const followed: DiaryLine[] = [];
  diary.follow((line) => followed.push(line));
  diary.progress.update(3, { of: 9 });
  diary.progress.message("data: read");
  diary.writeTo(path, start);
  diary.progress.phase("training", 100, "steps");
  for (let step = from + 1; step <= to; step++) {
    clock.ms += 100;
    diary.progress.update(step, { epoch: `${step}/100`, loss: 1 / step, "images/s": 20 });
  }
  return { diary, followed };
}

Deno.test({
  name: "the diary: at most one line per second, including the last step, appended by each start " +
    "(needs files)",
  ...needsFiles,
  fn() {
    const folder = Deno.makeTempDirSync();
    try {
      const path = join(folder, "progress.jsonl");
      const clock = { ms: 1_700_000_000_000 };
      train(path, 0, 40, clock);
      // Killed in the middle of a line, and resumed at step 25.
      const before = Deno.readTextFileSync(path) + '{"time":"2023-11-14T22:13:24.100Z","event":"st';
      Deno.writeTextFileSync(path, before);
      const { diary, followed } = train(path, 25, 100, clock);
      diary.progress.record?.({ event: "preview", step: 100, epoch: 100, file: "preview.png" });
      diary.end("finished");
      diary.progress.message("not any more");

      const text = Deno.readTextFileSync(path);
      assert(text.startsWith(before + "\n"), "nothing is rewritten");
      assertEquals(diary.text(), text);
      const lines = parseDiary(text);
      const steps = linesOf(lines, "step");
      assertEquals(steps.map(({ step }) => step), [1, 11, 21, 26, 36, 46, 56, 66, 76, 86, 96, 100]);
      assertEquals([steps[3]?.learningRate, steps[3]?.epoch, steps[3]?.loss], [
        0.1 / 26,
        26,
        1 / 26,
      ]);
      assertEquals(linesOf(lines, "start").length, 2);
      assertEquals(lines.map(({ event }) => event).slice(-2), ["preview", "end"]);
      assertEquals(followed.filter(({ event }) => event === "step").length, 9);
      assertEquals(diaryCsv(lines).split("\n").length, 1 + 12 + 1);
      // A reader gets the complete lines while the file is being written.
      for (let cut = 0; cut < text.length; cut += 7) parseDiary(text.slice(0, cut));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "a diary that cannot be written, or that another process took over, does not stop a run " +
    "(needs files)",
  ...needsFiles,
  fn() {
    const folder = Deno.makeTempDirSync();
    try {
      const path = join(folder, "progress.jsonl");
      const diary = startDiary(silentProgress);
      let mine = true;
      diary.writeTo(path, start, () => {
        if (!mine) throw new Error("lost");
      });
      diary.progress.message("mine");
      mine = false;
      diary.progress.message("another's");
      diary.end("stopped");
      assertEquals(parseDiary(Deno.readTextFileSync(path)).map(({ event }) => event), [
        "start",
        "message",
      ]);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

filesTest("the diary tells the equivariance loss next to the denoising loss", (folder) => {
  const path = join(folder, "progress.jsonl");
  const diary = startDiary(silentProgress);
  diary.writeTo(path, start);
  diary.progress.phase("training", 2, "steps");
  const update = (step: number, more: Record<string, number>) =>
    diary.progress.update(step, { epoch: "1/1", loss: 0.5, ...more });
  update(1, { "equivariance loss": 0.25 });
  update(2, {});
  const steps = linesOf(parseDiary(Deno.readTextFileSync(path)), "step");
  assertEquals(steps.map(({ loss, equivarianceLoss }) => [loss, equivarianceLoss]), [
    [0.5, 0.25],
    [0.5, undefined],
  ]);
  diary.end("finished");
});

Deno.test("lines of a diary with a wrong format are ignored", () => {
  const time = "2023-11-14T22:13:24.100Z";
  const rows = [
    "",
    "null",
    "[]",
    '{"event":"message","text":"no time"}',
    JSON.stringify({ time, event: "message", text: 3 }),
    JSON.stringify({ time, event: "unknown" }),
    JSON.stringify({ time: "yesterday", event: "message", text: "a" }),
    JSON.stringify({ time, event: "message", text: "a", more: 1 }),
  ];
  assertEquals(parseDiary(rows.join("\n")), [{ time, event: "message", text: "a" }]);
});
