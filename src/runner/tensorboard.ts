/** A run's course as TensorBoard's event files, made of the lines of its diary. */
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

/** Bytes of a preview's picture, at most. */
const mostPicture = 64 << 20;

/** Writes what a diary tells. */
export interface EventWriter extends Disposable {
  /** Writes a line, where it says something that was not written before. */
  write(line: DiaryLine): void;
}

/** What an event file is written of. */
export interface EventOptions {
  /** The folder of the run, among those that TensorBoard compares. */
  folder: string;
  /** Where the files lie that the diary names. */
  work: string;
  /** The resolved spec as YAML. */
  spec: string;
}

/**
 * Begins a file of events in a run's folder, behind those of its earlier starts: steps that stand
 * in them, and come again because the run was killed after it last saved, are not written again.
 */
export function openEvents({ folder, work, spec }: EventOptions): EventWriter {
  Deno.mkdirSync(folder, { recursive: true });
  const last = writtenBefore(folder);
  const file = newEventFile(folder);
  const put = (seconds: number, step: number, observations: readonly Observation[]) => {
    const news = observations.filter(({ tag }) => step > (last.get(tag) ?? -1));
    if (news.length === 0) return;
    writeAll(file, observationRecord(seconds, step, news));
    for (const { tag } of news) last.set(tag, step);
  };
  const seconds = Date.now() / 1000;
  writeAll(file, versionRecord(seconds));
  const text = spec.split("\n").map((line) => `    ${line}`).join("\n");
  put(seconds, 0, [{ kind: "text", tag: "spec", text }]);
  return {
    write(line) {
      if ("step" in line) put(Date.parse(line.time) / 1000, line.step, observationsOf(line, work));
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/** The last step of each tag in the files of earlier starts. */
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

/** A new file, named as TensorBoard wants it: it reads a folder's files in the order of names. */
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

/** What a line tells of its step. */
function observationsOf(line: DiaryLine, work: string): Observation[] {
  switch (line.event) {
    case "step":
      return [
        ...scalar("loss", line.loss),
        ...scalar("images per second", line.imagesPerSecond),
        ...scalar("learning rate", line.learningRate),
        ...scalar("memory in GB", line.memoryBytes === null ? null : line.memoryBytes / 1e9),
      ];
    case "score": {
      // Scores of few images drawn fast are no points of the curve of the run's own.
      const when = line.of === undefined ? "" : " while training";
      return [
        ...scalar(`score${when}/${line.metric}`, line.value),
        ...scalar(`standard error${when}/${line.metric}`, line.standardError),
      ];
    }
    case "preview": {
      const png = readRegular(join(work, line.file), mostPicture);
      return png ? [{ kind: "image", tag: "preview", png, ...pngSize(png) }] : [];
    }
    default:
      return [];
  }
}

function scalar(tag: string, value: number | null): Observation[] {
  return value === null ? [] : [{ kind: "scalar", tag, value }];
}
