import { assert, assertEquals } from "@std/assert";
import { formatDuration } from "../messages/duration.ts";
import { barLine, createProgress, plainLine } from "./progress.ts";

const state = {
  name: "training",
  done: 1200,
  total: 5000,
  unit: "steps",
  fields: { epoch: "4/16", loss: 0.031234, "images/s": 283.4 },
  left: 432,
};

Deno.test("durations have at most two units", () => {
  const texts = [0, 0.4, 59.6, 75, 3599.7, 18_180, 86_400 * 2 + 3600 * 4 + 59, Infinity, NaN].map(
    formatDuration,
  );
  assertEquals(texts, [
    "0 s",
    "0 s",
    "1 min 00 s",
    "1 min 15 s",
    "1 h 00 min",
    "5 h 03 min",
    "2 d 4 h",
    "?",
    "?",
  ]);
});

Deno.test("a log line has count, percentage, fields and time left", () => {
  assertEquals(
    plainLine(state),
    "training: 1,200 of 5,000 steps (24 %), epoch 4/16, loss 0.0312, 283 images/s, 7 min 12 s left",
  );
});

Deno.test("bytes are shown as megabytes", () => {
  const bytes = { name: "fetching", unit: "bytes", fields: {}, left: null };
  assertEquals(
    plainLine({ ...bytes, done: 52e6, total: 170.5e6 }),
    "fetching: 52 of 171 MB (30 %)",
  );
  assertEquals(
    plainLine({ ...bytes, done: 28_881, total: 1_648_877 }),
    "fetching: 0.03 of 1.65 MB (1 %)",
  );
});

Deno.test("a terminal line is shorter than the terminal's width", () => {
  assertEquals(
    barLine({ ...state, columns: 200 }),
    "training " + "█".repeat(7) + "░".repeat(23) +
      " 1,200/5,000 steps · epoch 4/16 · loss 0.0312 · 283 images/s · 7 min 12 s left",
  );
  for (let columns = 1; columns < 120; columns++) {
    const line = barLine({ ...state, columns });
    assert(line.length < Math.max(columns, 2), `${line.length} of ${columns} columns`);
  }
  assertEquals(
    barLine({ ...state, total: 0, done: 0, fields: {}, left: null, columns: 30 }),
    "training ░░░░░░░░░░ 0/0 steps",
  );
});

/** A progress display over a made-up clock, and all that it wrote. */
function record(terminal: boolean) {
  const clock = { ms: 0 };
  const written: string[] = [];
  const progress = createProgress({
    terminal,
    write: (text) => void written.push(text),
    columns: () => 100,
    now: () => clock.ms,
  });
  return { clock, written, progress };
}

Deno.test("the time left ignores the time before the first update", () => {
  const { clock, written, progress } = record(false);
  progress.phase("training", 1000, "steps");
  clock.ms = 60_000; // compiling the first step
  progress.update(500, {}); // resumed
  clock.ms = 80_000;
  progress.update(520, {}); // one step a second
  assertEquals(written.at(-1), "training: 520 of 1,000 steps (52 %), 8 min 00 s left\n");
  progress.done();
  assertEquals(written.at(-1), "training: 520 steps in 1 min 20 s\n");
});

Deno.test("the time left follows a change of speed within minutes", () => {
  const { clock, written, progress } = record(false);
  progress.phase("training", 10_000, "steps");
  for (let step = 0; step < 600; step++, clock.ms += 100) progress.update(step, {}); // ten a second
  for (let step = 600; step <= 900; step++, clock.ms += 1000) progress.update(step, {}); // one a second
  const left = written.at(-1)!.match(/(\d) h (\d+) min left/);
  assert(left !== null, written.at(-1));
  const seconds = Number(left?.[1]) * 3600 + Number(left?.[2]) * 60;
  assert(Math.abs(seconds - 9100) < 200, `${seconds} s`);
});

Deno.test("overhead does not count as slowness, and future overhead counts towards the time left", () => {
  const { clock, written, progress } = record(false);
  progress.phase("training", 1000, "steps");
  for (let step = 0; step < 100; step++, clock.ms += 1000) progress.update(step, {}); // one a second
  clock.ms += 120_000; // a preview
  progress.update(100, {}, { pausedSeconds: 120, secondsLeft: 360 });
  assertEquals(written.at(-1), "training: 100 of 1,000 steps (10 %), 21 min 00 s left\n");
});

Deno.test("a log gets few lines, whatever the number of updates", () => {
  const { clock, written, progress } = record(false);
  progress.phase("training", 360_000, "steps");
  for (let step = 0; step <= 180_000; step++, clock.ms += 100) progress.update(step, {}); // five hours
  assert(written.length > 20 && written.length < 110, `${written.length} lines`);
  assert(written.every((line) => line.endsWith("\n") && !line.includes("\r")));
});

Deno.test("a message does not break the bar, and a new phase ends the old one", () => {
  const { clock, written, progress } = record(true);
  progress.phase("sampling", 10, "images");
  clock.ms = 1000;
  progress.update(5, {});
  progress.message("a picture is at preview.png");
  progress.phase("writing", 2, "files");
  assertEquals(written[2], "\r\x1b[Ka picture is at preview.png\n");
  assert(written[3]!.startsWith("\r\x1b[Ksampling █"));
  assertEquals(written[4], "\r\x1b[Ksampling: 5 images in 1 s\n");
  assert(written[5]!.startsWith("\r\x1b[Kwriting ░"));
  progress.update(1, {});
  progress.done();
  assertEquals(written.at(-1), "\r\x1b[Kwriting: 1 file in 0 s\n");
});

Deno.test("quiet writes nothing", () => {
  const written: string[] = [];
  const progress = createProgress({
    quiet: true,
    write: (text) => void written.push(text),
    terminal: true,
  });
  progress.phase("training", 10, "steps");
  progress.update(10, { loss: 1 });
  progress.message("something");
  progress.done();
  assertEquals(written, []);
});
