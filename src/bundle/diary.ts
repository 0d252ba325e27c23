/** Reading a run's diary, while it is written or afterwards. */
import { z } from "zod";
import { type CsvField, csvText } from "../formats/csv.ts";

const text = z.string().max(100_000);
const figure = z.number().nullable();

/** What a line tells, each kind with its own fields. */
const happened = z.discriminatedUnion("event", [
  z.object({ event: z.literal("start"), name: text, model: text, dataset: text, run: text }),
  z.object({ event: z.literal("phase"), phase: text, total: z.number(), unit: text }),
  z.object({
    event: z.literal("step"),
    step: z.int(),
    steps: z.int(),
    epoch: z.int().nullable(),
    /** Mean of the last fifty steps. */
    loss: figure,
    imagesPerSecond: figure,
    learningRate: figure,
    /** Of the process. */
    memoryBytes: figure,
  }),
  z.object({ event: z.literal("progress"), phase: text, done: z.number(), total: z.number() }),
  z.object({ event: z.literal("message"), text }),
  z.object({
    event: z.literal("preview"),
    step: z.int(),
    epoch: z.number(),
    /** Beside the diary. */
    file: text,
  }),
  z.object({
    event: z.literal("score"),
    metric: text,
    value: z.number(),
    standardError: figure,
    step: z.int(),
    /** While training: of how many images, drawn how; left out: of the run's samples. */
    of: text.exactOptional(),
  }),
  z.object({
    event: z.literal("end"),
    how: z.enum(["finished", "stopped", "failed"]),
    reason: text.optional(),
  }),
]);

const line = z.intersection(z.object({ time: z.iso.datetime() }), happened);

/** What a line tells. */
export type DiaryText = z.infer<typeof happened>;

/** A line, with its time in UTC. */
export type DiaryLine = { time: string } & DiaryText;

/** The lines of a kind. */
export type LineOf<Event extends DiaryText["event"]> = Extract<DiaryLine, { event: Event }>;

/**
 * The lines of a diary that count: those that cannot be read are left out, as the last one of a
 * killed process may be; and so is what a run did a second time, because it was killed after it had
 * last saved.
 */
export function parseDiary(content: string): DiaryLine[] {
  const lines: DiaryLine[] = [];
  for (const row of content.split("\n")) {
    const read = row === "" ? null : lineOf(row);
    if (read === null) continue;
    if (read.event === "step" || read.event === "preview") dropLater(lines, read);
    lines.push(read);
  }
  return lines;
}

function lineOf(row: string): DiaryLine | null {
  try {
    return line.safeParse(JSON.parse(row)).data ?? null;
  } catch {
    return null; // Cut off, or no diary's.
  }
}

/** Takes away the steps that come again, and the previews after them. */
function dropLater(lines: DiaryLine[], { event, step }: LineOf<"step"> | LineOf<"preview">): void {
  for (let i = lines.length - 1; i >= 0; i--) {
    const other = lines[i];
    if (other?.event !== "step" && other?.event !== "preview") continue;
    const comesAgain = other.event === event ? other.step >= step : other.step > step;
    if (comesAgain) lines.splice(i, 1);
    else if (other.event === "step") return;
  }
}

/** The lines of a diary of a kind. */
export function linesOf<Event extends DiaryText["event"]>(
  lines: readonly DiaryLine[],
  event: Event,
): LineOf<Event>[] {
  return lines.filter((one): one is LineOf<Event> => one.event === event);
}

/** The course of a training as CSV, a row a line of the diary. */
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
