/** Writes TensorBoard event files from the lines of a run's diary. */
import { join } from "@std/path";
import { writeAll } from "../files/create.ts";
import { hostName } from "../files/host.ts";
import { readRegular } from "../files/read.ts";
import { pngSize } from "../formats/png.ts";
import {
  lastSteps,
  type Observation,
  observationRecord,
  versionRecord,
} from "../formats/tensorboard.ts";
import type { DiaryLine } from "../bundle/diary.ts";

/** Maximum size of a preview's PNG file. */
const maxPreviewBytes = 64 << 20;

/** Writes the lines of a diary as events. */
export interface EventWriter extends Disposable {
  /** Writes a line, unless its step has been written before. */
  write(line: DiaryLine): void;
}

/** What an event file is written from. */
export interface EventOptions {
  /** The run's folder in TensorBoard's log folder. */
  folder: string;
  /** The folder of the files that the diary names. */
  work: string;
  /** The resolved spec as YAML. */
  spec: string;
}

/**
 * Starts an event file in a run's folder, after those of earlier starts. Steps that are already in
 * them, which a killed run repeats, are not written again.
 */
export function openEvents({ folder, work, spec }: EventOptions): EventWriter {
  Deno.mkdirSync(folder, { recursive: true });
  const last = writtenBefore(folder);
  const file = newEventFile(folder);
  const write = (seconds: number, step: number, observations: readonly Observation[]) => {
    const unwritten = observations.filter(({ tag }) => step > (last.get(tag) ?? -1));
    if (unwritten.length === 0) return;
    writeAll(file, observationRecord(seconds, step, unwritten));
    for (const { tag } of unwritten) last.set(tag, step);
  };
  const seconds = Date.now() / 1000;
  writeAll(file, versionRecord(seconds));
  const text = spec.split("\n").map((line) => `    ${line}`).join("\n");
  write(seconds, 0, [{ kind: "text", tag: "spec", text }]);
  return {
    write(line) {
      if (!("step" in line)) return;
      write(Date.parse(line.time) / 1000, line.step, observationsOf(line, work));
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/** The last step of each tag in the event files of earlier starts. */
function writtenBefore(folder: string): Map<string, number> {
  const last = new Map<string, number>();
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (!isFile || !name.includes("tfevents")) continue;
    for (const [tag, step] of lastSteps(Deno.readFileSync(join(folder, name)))) {
      last.set(tag, Math.max(last.get(tag) ?? 0, step));
    }
  }
  return last;
}

/** Creates a file with a name that TensorBoard reads after the earlier ones. */
function newEventFile(folder: string): Deno.FsFile {
  const host = hostName().replace(/[^\w.-]+/g, "-") || "host";
  for (let seconds = Math.floor(Date.now() / 1000);; seconds++) {
    const path = join(folder, `events.out.tfevents.${seconds}.${host}`);
    try {
      return Deno.openSync(path, { write: true, createNew: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** The observations in a line of the diary. */
function observationsOf(line: DiaryLine, work: string): Observation[] {
  switch (line.event) {
    case "step":
      return [
        ...scalar("loss", line.loss),
        ...scalar("equivariance loss", line.equivarianceLoss ?? null),
        ...scalar("images per second", line.imagesPerSecond),
        ...scalar("learning rate", line.learningRate),
        ...scalar("memory in GB", line.memoryBytes === null ? null : line.memoryBytes / 1e9),
      ];
    case "score": {
      // Interim scores, of few images drawn fast, are not on the same curve as the run's scores.
      const when = line.of === undefined ? "" : " while training";
      return [
        ...scalar(`score${when}/${line.metric}`, line.value),
        ...scalar(`standard error${when}/${line.metric}`, line.standardError),
      ];
    }
    case "preview": {
      const png = readRegular(join(work, line.file), maxPreviewBytes);
      return png ? [{ kind: "image", tag: "preview", png, ...pngSize(png) }] : [];
    }
    default:
      return [];
  }
}

function scalar(tag: string, value: number | null): Observation[] {
  return value === null ? [] : [{ kind: "scalar", tag, value }];
}
