import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { resolvedSpecYaml } from "../bundle/layout.ts";
import { exampleBundle, examplePayload, exampleSpec } from "../bundle/testing.ts";
import { UserError } from "../messages/errors.ts";
import { parseSpec, resolveSpec, specDigest } from "../spec/mod.ts";
import { filesTest } from "../files/testing.ts";
import { statusJson, statusText } from "./status.ts";
import type { DiaryText } from "../bundle/diary.ts";
import { differencesFromNearest } from "../runner/nearest_finished.ts";
import { statusOf } from "../runner/status.ts";
import { readSweeps, recordSweep } from "../runner/sweep_record.ts";

const startMs = Date.parse("2026-01-01T00:00:00.000Z");
const spec = resolveSpec(parseSpec("architecture: A\ndataset: mnist\nimageSize: 8\nbaseWidth: 4"));

/** Creates a work folder whose process was alive this many seconds ago; null: never. */
function placeOfWork(out: string, key: string, more: DiaryText[], silentSeconds: number | null) {
  const path = join(out, ".work", key);
  Deno.mkdirSync(path, { recursive: true });
  const run = "1".repeat(64);
  const figures = { epoch: 1, imagesPerSecond: 20, learningRate: 0.1, memoryBytes: 1e9 };
  const step = (step: number): DiaryText => ({
    event: "step",
    step,
    steps: 100,
    loss: 1 / step,
    ...figures,
  });
  const events: DiaryText[] = [
    { event: "start", name: `name-${key[0]}`, model: "A", dataset: "mnist", run },
    { event: "phase", phase: "training", total: 100, unit: "steps" },
    step(10),
    step(20),
    step(30),
    ...more,
  ];
  const lines = events.map((event, i) =>
    JSON.stringify({ time: new Date(startMs + 1000 * i).toISOString(), ...event })
  );
  Deno.writeTextFileSync(join(path, "progress.jsonl"), lines.join("\n") + '\n{"time":"2026');
  Deno.writeTextFileSync(join(path, "spec.yaml"), resolvedSpecYaml(spec));
  if (silentSeconds === null) return;
  const lock = `${path}.lock-1`;
  Deno.writeTextFileSync(lock, "{}");
  const heard = new Date(startMs + 60_000 - 1000 * silentSeconds);
  Deno.utimeSync(lock, heard, heard);
}

filesTest(
  "status: running, stopped, failed, waiting and finished runs, by name",
  (out) => {
    placeOfWork(out, "a".repeat(16), [], 3);
    placeOfWork(out, "b".repeat(16), [], 40);
    placeOfWork(out, "c".repeat(16), [{ event: "end", how: "stopped" }], null);
    placeOfWork(
      out,
      "d".repeat(16),
      [{ event: "end", how: "failed", reason: "the loss is NaN" }],
      null,
    );
    const killed: DiaryText = { event: "message", text: "killed after this" };
    placeOfWork(out, "e".repeat(16), [killed], 3600);
    exampleBundle(join(out, "example-0123456789ab"), examplePayload());
    Deno.mkdirSync(join(out, "broken-0123456789ab", "data"), { recursive: true });
    Deno.writeTextFileSync(
      join(out, "broken-0123456789ab", "data", "spec.yaml"),
      "no: spec\u001b[2K",
    );
    const members = [exampleSpec(), spec, { ...spec, seed: 7 }];
    const forget = recordSweep(out, "sweep.yaml seed=42,7", members);

    const now = startMs + 60_000;
    const runs = statusOf(out, now);
    assertEquals(runs.map(({ name, state }) => [name, state]), [
      ["name-a", "running"],
      ["name-b", "silent"],
      ["name-c", "stopped"],
      ["name-d", "failed"],
      ["name-e", "stopped"],
      ["broken", "damaged"],
      ["example", "finished"],
    ]);
    const [first] = runs;
    assertEquals(first?.progress, {
      phase: "training",
      done: 30,
      total: 100,
      loss: 1 / 30,
      imagesPerSecond: 20,
      // Ten steps a second.
      secondsLeft: 7,
    });
    assertEquals(runs[1]?.progress?.secondsLeft, null);
    assertEquals(
      first?.lastSign,
      new Date(Math.max(
        Deno.statSync(join(out, ".work", "a".repeat(16), "progress.jsonl")).mtime!.getTime(),
        startMs,
      )).toISOString(),
    );
    assert(runs.every(({ bytes }) => bytes > 0));

    const text = statusText(out, now);
    for (
      const words of [
        "training 30 %",
        "stopped at training 30 %",
        "name-d: the loss is NaN",
        "classifier KID × 100 −0.120",
        "D-2N on mnist",
        "sweep sweep.yaml seed=42,7: 1 of 3 finished, 2 waiting: A mnist ",
        "To remove a run, remove its folder: rm -r FOLDER",
      ]
    ) assertStringIncludes(text, words);
    assert(!text.includes("\u001b"), "no escape sequence of a spec's message");
    const json = JSON.parse(JSON.stringify(statusJson(out)));
    assertEquals(json.sweeps[0].waiting.length, 2);
    assertStringIncludes(json.runs[6].remove, "rm -r ");
    forget();
    assertEquals(readSweeps(out), []);
    Deno.writeTextFileSync(join(out, "a-file"), "");
    assertThrows(() => recordSweep(join(out, "a-file", "x"), "sweep.yaml", members), UserError);
  },
);

filesTest("status: repetitions of a run are marked, and name the first bundle", (out) => {
  const first = join(out, "example-0123456789ab");
  for (const path of [first, `${first}-2`, `${first}-10`]) exampleBundle(path, examplePayload());
  const json = statusJson(out);
  const repeats = json.runs.map(({ path, repeats }) => [path.slice(first.length), repeats]);
  assertEquals(repeats.sort(), [["", null], ["-10", first], ["-2", first]]);
  assertEquals(statusText(out).match(/^example \(repetition\) /gm)?.length, 2);
});

filesTest("status: unreadable entries do not hide the other runs", (out) => {
  exampleBundle(join(out, "example-0123456789ab"), examplePayload());
  const work = (key: string) => join(out, ".work", key.repeat(16));
  for (const key of ["a", "b", "c", "d"]) Deno.mkdirSync(work(key), { recursive: true });
  Deno.symlinkSync("/etc/passwd", join(work("a"), "progress.jsonl"));
  Deno.mkdirSync(join(work("b"), "progress.jsonl"));
  Deno.writeTextFileSync(join(work("c"), "progress.jsonl"), "\u0000\n{}\n[]\nnull\n");
  Deno.writeTextFileSync(join(work("c"), "spec.yaml"), "- no\n- spec");
  Deno.symlinkSync(out, join(work("d"), "round"));
  Deno.symlinkSync("nowhere", join(out, ".work", "e".repeat(16)));
  Deno.symlinkSync("nowhere", `${work("d")}.lock-1`);
  Deno.writeTextFileSync(join(out, ".work", `sweep-${"0".repeat(16)}.json`), '{"name":1}');
  Deno.symlinkSync(".", join(out, "linked"));
  exampleBundle(join(out, "without-0123456789ab"), examplePayload());
  Deno.removeSync(join(out, "without-0123456789ab", "data", "model.safetensors"));
  const runs = statusOf(out);
  assertEquals(
    runs.map(({ name }) => name),
    [..."abcd"].map((key) => key.repeat(16)).concat("example", "without"),
  );
  assertEquals(runs.at(-1)?.state, "damaged", "a bundle without its model is not finished");
  assertEquals(readSweeps(out), []);
  assertStringIncludes(statusText(out), "FID 12.35");
});

filesTest("status SPEC: the fields in which it differs from the nearest finished run", (out) => {
  assertEquals(differencesFromNearest(spec, join(out, "missing")).length, 1);
  const example = exampleSpec();
  exampleBundle(join(out, "example-0123456789ab"), examplePayload());
  assertStringIncludes(
    differencesFromNearest(example, out).join(),
    "is this run, and it is finished",
  );
  const other = { ...example, seed: 7, training: { ...example.training, epochs: 3 } };
  assert(specDigest(other) !== specDigest(example));
  assertEquals(
    differencesFromNearest(other, out).slice(1),
    [
      "  training.epochs  100, here 3",
      "  seed             42, here 7",
    ].sort((a, b) => a.includes("seed") === b.includes("seed") ? 0 : a.includes("seed") ? -1 : 1),
  );
});
