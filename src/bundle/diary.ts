/** Reads a run's diary, `progress.jsonl`, which may still be growing. */
import { z } from "zod";
import { type CsvField, csvText } from "../formats/csv.ts";

const text = z.string().max(100_000);
const figure = z.number().nullable();

/** The kinds of lines, each with its own fields. */
const event = z.discriminatedUnion("event", [
  z.object({ event: z.literal("start"), name: text, model: text, dataset: text, run: text }),
  z.object({ event: z.literal("phase"), phase: text, total: z.number(), unit: text }),
  z.object({
    event: z.literal("step"),
    step: z.int(),
    steps: z.int(),
    epoch: z.int().nullable(),
    /** Mean of the last 50 steps. */
    loss: figure,
    /** With training.equivariance, the mean of that loss. */
    equivarianceLoss: figure.exactOptional(),
    imagesPerSecond: figure,
    learningRate: figure,
    /** Resident memory of the process. */
    memoryBytes: figure,
  }),
  z.object({ event: z.literal("progress"), phase: text, done: z.number(), total: z.number() }),
  z.object({ event: z.literal("message"), text }),
  z.object({
    event: z.literal("preview"),
    step: z.int(),
    epoch: z.number(),
    /** A file next to the diary. */
    file: text,
  }),
  z.object({
    event: z.literal("score"),
    metric: text,
    value: z.number(),
    standardError: figure,
    step: z.int(),
    /** What was scored, for interim scores. Absent for the run's samples. */
    of: text.exactOptional(),
  }),
  z.object({
    event: z.literal("end"),
    how: z.enum(["finished", "stopped", "failed"]),
    reason: text.optional(),
  }),
]);

const line = z.intersection(z.object({ time: z.iso.datetime() }), event);

/** A line without its time. */
export type DiaryText = z.infer<typeof event>;

/** A line, with its time in UTC. */
export type DiaryLine = { time: string } & DiaryText;

/** A line of one kind. */
export type LineOf<Event extends DiaryText["event"]> = Extract<DiaryLine, { event: Event }>;

/**
 * Parses a diary. Leaves out unreadable lines, such as the cut-off last line of a killed process.
 * If a run was killed after it last saved, it repeated some steps; only the later lines are kept.
 */
export function parseDiary(content: string): DiaryLine[] {
  const lines: DiaryLine[] = [];
  for (const row of content.split("\n")) {
    const read = row === "" ? null : lineOf(row);
    if (read === null) continue;
    if (read.event === "step" || read.event === "preview") dropRepeated(lines, read);
    lines.push(read);
  }
  return lines;
}

function lineOf(row: string): DiaryLine | null {
  try {
    return line.safeParse(JSON.parse(row)).data ?? null;
  } catch {
    return null; // Cut off, or not a line of a diary.
  }
}

/** Removes the steps that a line repeats, and the previews after them. */
function dropRepeated(
  lines: DiaryLine[],
  { event, step }: LineOf<"step"> | LineOf<"preview">,
): void {
  for (let i = lines.length - 1; i >= 0; i--) {
    const other = lines[i];
    if (other?.event !== "step" && other?.event !== "preview") continue;
    const isRepeated = other.event === event ? other.step >= step : other.step > step;
    if (isRepeated) lines.splice(i, 1);
    else if (other.event === "step") return;
  }
}

/** The lines of one kind. */
export function linesOf<Event extends DiaryText["event"]>(
  lines: readonly DiaryLine[],
  event: Event,
): LineOf<Event>[] {
  return lines.filter((one): one is LineOf<Event> => one.event === event);
}

/** A training's steps as CSV, with one row per line of the diary. */
export function diaryCsv(lines: readonly DiaryLine[]): string {
  const head = ["time", "step", "epoch", "loss", "images_per_second", "learning_rate"];
  const rows = linesOf(lines, "step").map((row): CsvField[] => [
    row.time,
    row.step,
    row.epoch,
    row.loss,
    row.imagesPerSecond,
    row.learningRate,
    row.memoryBytes,
  ]);
  return csvText([[...head, "memory_bytes"], ...rows]);
}
