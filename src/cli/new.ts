/** `deno task new`: asks four questions and writes a commented spec. */
import { dirname, fromFileUrl, relative, resolve } from "@std/path";
import { counted } from "../messages/counted.ts";
import { inspectDataset, type Inspection } from "../datasets/mod.ts";
import { UserError } from "../messages/errors.ts";
import { exists } from "../files/create.ts";
import { nearest } from "../messages/nearest.ts";
import { classesText } from "../spec/labels.ts";
import { parseSpec, resolveSpec, specName } from "../spec/mod.ts";
import { printable } from "../messages/printable.ts";
import { expandHome } from "./folders.ts";
import { positionals } from "./positionals.ts";
import { exitCodeOf } from "./signals.ts";
import { print } from "../messages/terminal.ts";

/** The schema that editors use for completion. */
const schemaFile = fromFileUrl(new URL("../../experiments/spec.schema.json", import.meta.url));

/** What `--help` prints. */
export const help = `Ask four questions and write a commented spec. Needs a terminal.

Usage: deno task new [FILE]

  FILE  the spec to write (default: NAME-DATASET.yaml, in experiments/ if there is
        such a folder); an existing file is never overwritten`;

/** The four answers, as the user types them. */
export interface Answers {
  /** The network's name in the paper, such as D-2N. */
  network: string;
  /** A dataset's name, or the path of a folder of images. */
  dataset: string;
  size: "small" | "full";
  /** Degrees. */
  rotation: string;
}

interface Question {
  key: keyof Answers;
  text: string;
  /** The answer to an empty line. */
  suggestion: string;
  /** What is expected instead of an invalid answer; undefined if the answer is valid. */
  check(answer: string): string | undefined;
}

const datasets = ["mnist", "mnist-m", "cifar-10"];
const networkForm = /^(A|([B-E])-(\d+(?:\.\d+)?)(N?)(-norm)?)$/i;
const isPath = (answer: string) => /[\\/.]/.test(answer);

function oneOf(words: readonly string[], answer: string): string | undefined {
  if (words.includes(answer)) return undefined;
  const near = nearest(answer, words);
  return `one of ${words.join(", ")}${near ? `; did you mean ${near}?` : ""}`;
}

/** Checks an answer with the spec language: resolves an otherwise valid spec. */
function checkInSpec(changed: Partial<Answers>): string | undefined {
  try {
    resolveSpec(parseSpec(specText({ ...suggestedAnswers, ...changed })));
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message.replaceAll(/^[^:]*:\d+:\d+: /gm, "");
    throw error;
  }
}

const questions: readonly Question[] = [
  {
    key: "network",
    text: "Which network? A: baseline; B: filtered resampling; C: filtered nonlinearities;\n" +
      "D: both; E: D, rotated while sampling. Add - and the Kaiser beta, and N for a\n" +
      "normalized filter",
    suggestion: "D-2N",
    check: (answer) =>
      networkForm.test(answer)
        ? checkInSpec({ network: answer })
        : "a name such as A, B-0, D-1 or D-2N",
  },
  {
    key: "dataset",
    text: "Which images? mnist, mnist-m, cifar-10, or the path of your own, such as ./photos",
    suggestion: "mnist",
    check: (answer) => isPath(answer) ? checkInSpec({ dataset: answer }) : oneOf(datasets, answer),
  },
  {
    key: "size",
    text: "How large? small: 16 pixels, minutes on a CPU; full: 32 pixels and as long as in\n" +
      "the paper, hours on a CPU",
    suggestion: "small",
    check: (answer) => oneOf(["small", "full"], answer),
  },
  {
    key: "rotation",
    text: "By how many degrees do the images rotate during sampling? 0: no rotation",
    suggestion: "0",
    check: (answer) =>
      answer.trim() === "" || isNaN(Number(answer))
        ? "a number"
        : checkInSpec({ rotation: answer }),
  },
];
const suggestedAnswers = Object.fromEntries(
  questions.map(({ key, suggestion }) => [key, suggestion]),
) as unknown as Answers; // Every question has a suggestion.

/** Images seen in the shortest of the paper's trainings: a hundred epochs of 6,000. */
const publishedImages = 600_000;

/** Images seen in a small training, if the dataset is large enough: minutes on two cores. */
const smallImages = 160_000;

/** The lines about training, for a size and the number of images in the dataset. */
function trainingLines(size: Answers["size"], count: number): string[] {
  if (size === "full") {
    return count < publishedImages / 100
      ? [
        "training:",
        `  images: ${publishedImages} # as many as the paper's 100 epochs of 6,000 images`,
      ]
      : ["training:", "  epochs: 100 # as published, with batches of 16 and a rate of 3e-4"];
  }
  // With few images, each is seen a hundred times; more would only be memorised.
  const images = Math.min(smallImages, Math.max(16_000, 100 * count));
  const few = images < smallImages;
  return [
    "training: # a small budget needs a higher rate that falls, and an average of the weights",
    `  images: ${images}${few ? ` # ${counted(Math.round(images / count), "epoch")}` : ""}`,
    "  batchSize: 32",
    "  learningRate: 8.0e-4",
    "  warmupSteps: 100",
    "  decay: linear",
    "  decayFraction: 0.3",
    `  emaDecay: ${few ? 0.995 : 0.999}`,
  ];
}

/** The lines about the images and their classes. */
function dataLines(dataset: string, { classNames }: Inspection): string[] {
  const lines = isPath(dataset)
    ? ["dataset: folder", `data: { path: ${JSON.stringify(dataset)} }`]
    : [`dataset: ${dataset}`];
  if (classNames === null || classNames.length > 1000) return lines;
  const all = { labels: classNames.map((_, label) => label), names: classNames };
  return [
    ...lines,
    `classes: ${classNames.length} # ${printable(classesText(all), 70)}; without this line, the ` +
    "network ignores the classes",
  ];
}

/**
 * The text of the commented spec for the answers.
 *
 * @param schema the path of spec.schema.json, relative to the spec
 * @param found what the user's own images are
 */
export function specText(
  { network, dataset, size, rotation }: Answers,
  schema = "spec.schema.json",
  found: Inspection = { count: Infinity, classNames: null },
): string {
  const [, , letter, beta, normalized, inside] = network.toUpperCase().match(networkForm) ?? [];
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    "# Fields that are not here have the published defaults: `deno task run FILE --dry-run` shows " +
    "them all.",
    `architecture: ${
      letter ?? "A"
    } # A baseline, B filtered resampling, C filtered nonlinearities, D both, E D rotated`,
  ];
  if (letter) {
    lines.push(`kaiserBeta: ${beta} # beta of the low-pass kernel's window; 0: a window of ones`);
    lines.push(`normalized: ${normalized !== ""} # the N: unit gain at frequency zero`);
    if (inside) lines.push("normInside: true # GroupNorm between the filtered upsampling and GELU");
  }
  lines.push(...dataLines(dataset, found));
  if (size === "small") {
    lines.push("imageSize: 16 # a multiple of 8; also the width of the first layer");
  }
  lines.push(...trainingLines(size, found.count));
  lines.push("sampling:", "  count: 64 # images per angle; scores need about 2,000");
  if (size === "small") {
    lines.push(
      "  steps: 250 # of 999",
      "  variance: posterior",
      "  clip: true # networks with little training need it",
    );
  }
  lines.push(
    `  rotation: ${
      Number(rotation)
    } # degrees, counter-clockwise; a list such as [0, 45] draws each angle`,
  );
  if (size === "small") {
    lines.push("evaluation: { metrics: [] } # [fid, kid, is] need more images");
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Asks for one line. The suggestion is not passed to `prompt` as text to edit, because users would
 * type after it.
 */
function askOnTerminal(text: string, suggestion: string): string | null {
  print(`${text}.`);
  return prompt(`[${suggestion}]`);
}

/** The answers; null if the user gives up. Ctrl-C and the end of the input look the same. */
function askAll(ask: typeof askOnTerminal): Answers | null {
  const answers: Record<string, string> = {};
  for (const { key, text, suggestion, check } of questions) {
    while (answers[key] === undefined) {
      const typed = ask(text, suggestion)?.trim();
      const answer = typed === "" ? suggestion : typed && expandHome(typed);
      if (answer === undefined) return null;
      const expected = check(answer);
      if (expected === undefined) answers[key] = answer;
      else print(`  Expected: ${expected}`);
    }
  }
  return answers as unknown as Answers; // Every question has been answered.
}

/**
 * Inspects the user's own images. If they do not exist yet or cannot be read, it says so, and the
 * spec is written nevertheless.
 */
async function inspectImages(path: string): Promise<Inspection | undefined> {
  if (!isPath(path)) return undefined;
  const data = { path, limit: null, digest: null, fit: "crop" } as const;
  try {
    const found = await inspectDataset({ dataset: "folder", imageSize: 32, channels: 3, data });
    const classes = found.classNames ? `, classes: ${found.classNames.length}` : "";
    print(`${path}: ${counted(found.count, "image")}${classes}.`);
    return found;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    print(`Note: these images cannot be read yet: ${error.message}`);
    return undefined;
  }
}

/** Asks, writes the spec, and prints how to run it; `ask` is for tests. */
export async function run(
  args: string[],
  ask: typeof askOnTerminal = askOnTerminal,
): Promise<number> {
  const [given] = positionals(args, [0, 1], "new takes one file", help);
  if (ask === askOnTerminal && !Deno.stdin.isTerminal()) {
    throw new UserError(
      "new asks questions: run it in a terminal, or copy a spec such as experiments/quickstart.yaml",
    );
  }
  const answers = askAll(ask);
  if (answers === null) return exitCodeOf("SIGINT");
  const found = await inspectImages(answers.dataset);
  const resolved = resolveSpec(parseSpec(specText(answers, undefined, found)));
  const dataset = resolved.dataset === "folder" ? "folder" : resolved.dataset.replace("-", "");
  const file = `${specName(resolved).toLowerCase().replace("-", "")}-${dataset}.yaml`;
  const path = given ?? (exists("experiments") ? `experiments/${file}` : file);
  const schema = relative(dirname(resolve(path)), schemaFile).replaceAll("\\", "/");
  try {
    await Deno.writeTextFile(path, specText(answers, schema, found), { createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new UserError(`${path}: already exists; name another file: deno task new FILE`);
    }
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(`${path}: the folder does not exist; create it first`);
    }
    throw error;
  }
  print(
    `wrote ${path}: ${specName(resolved)} on ${resolved.dataset}. To run it:\n` +
      `  deno task run ${path}`,
  );
  return 0;
}
