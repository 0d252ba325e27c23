/** `deno task new`: four questions, and a commented spec as the answer. */
import { dirname, fromFileUrl, relative, resolve } from "@std/path";
import { counted } from "../messages/counted.ts";
import { type Glance, glanceAt } from "../datasets/mod.ts";
import { UserError } from "../messages/errors.ts";
import { exists } from "../files/create.ts";
import { nearest } from "../messages/nearest.ts";
import { classesText } from "../spec/labels.ts";
import { parseSpec, resolveSpec, specName } from "../spec/mod.ts";
import { printable } from "../messages/printable.ts";
import { withHome } from "./folders.ts";
import { positionals } from "./positionals.ts";
import { exitCodeOf } from "./signals.ts";
import { print } from "../messages/terminal.ts";

/** What editors complete specs by. */
const schemaFile = fromFileUrl(new URL("../../experiments/spec.schema.json", import.meta.url));

/** What `--help` prints. */
export const help = `Asks four questions and writes a commented spec.

Usage: deno task new [FILE]

FILE is by default NAME-DATASET.yaml, in experiments/ where there is such a folder; a file that exists is never overwritten.`;

/** The four answers, as a person types them. */
export interface Answers {
  /** The paper's name, such as D-2N. */
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
  suggested: string;
  /** What is wrong with an answer; undefined where nothing is. */
  wrong(answer: string): string | undefined;
}

const datasets = ["mnist", "mnist-m", "cifar-10"];
const networkForm = /^(A|([B-E])-(\d+(?:\.\d+)?)(N?)(-norm)?)$/i;
const isPath = (answer: string) => /[\\/.]/.test(answer);

function oneOf(words: readonly string[], answer: string): string | undefined {
  if (words.includes(answer)) return undefined;
  const near = nearest(answer, words);
  return `one of ${words.join(", ")}${near ? `; did you mean ${near}?` : ""}`;
}

/** Trying an answer in an otherwise good spec tells what the spec language says against it. */
function wrongInSpec(changed: Partial<Answers>): string | undefined {
  try {
    resolveSpec(parseSpec(newSpec({ ...suggestedAnswers, ...changed })));
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message.replaceAll(/^[^:]*:\d+:\d+: /gm, "");
    throw error;
  }
}

const questions: readonly Question[] = [
  {
    key: "network",
    text:
      "Which network? A baseline, B filtered resampling, C filtered nonlinearities, D both, E: D that is turned\n" +
      "while sampling; then -, the Kaiser beta, and N for a normalized filter",
    suggested: "D-2N",
    wrong: (answer) =>
      networkForm.test(answer)
        ? wrongInSpec({ network: answer })
        : "a name such as A, B-0, D-1 or D-2N",
  },
  {
    key: "dataset",
    text:
      "Which images? mnist, mnist-m, cifar-10, or the path of a folder of your own, such as ./photos",
    suggested: "mnist",
    wrong: (answer) => isPath(answer) ? wrongInSpec({ dataset: answer }) : oneOf(datasets, answer),
  },
  {
    key: "size",
    text:
      "How large? small: 16 pixels, minutes; full: 32 pixels and as long as in the paper, hours on a CPU",
    suggested: "small",
    wrong: (answer) => oneOf(["small", "full"], answer),
  },
  {
    key: "rotation",
    text: "By how many degrees shall the images turn while they are drawn? 0: not at all",
    suggested: "0",
    wrong: (answer) =>
      answer.trim() === "" || isNaN(Number(answer))
        ? "a number"
        : wrongInSpec({ rotation: answer }),
  },
];
const suggestedAnswers = Object.fromEntries(
  questions.map(({ key, suggested }) => [key, suggested]),
) as unknown as Answers;

/** Images that the paper's trainings see at least: a hundred epochs of 6,000. */
const publishedImages = 600_000;

/** Images that a small training sees, where there are enough: minutes on two cores. */
const smallImages = 160_000;

/** The lines about training that fit a size and the images that there are. */
function trainingLines(size: Answers["size"], count: number): string[] {
  if (size === "full") {
    return count < publishedImages / 100
      ? [
        "training:",
        `  images: ${publishedImages} # as many as the paper's 100 epochs of 6,000 images`,
      ]
      : ["training:", "  epochs: 100 # as published, with batches of 16 and a rate of 3e-4"];
  }
  // Of few images each is seen a hundred times; more would only be learnt by heart.
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

/** The lines about the images, and the classes that were found. */
function dataLines(dataset: string, { classNames }: Glance): string[] {
  const lines = isPath(dataset)
    ? ["dataset: folder", `data: { path: ${JSON.stringify(dataset)} }`]
    : [`dataset: ${dataset}`];
  if (classNames === null || classNames.length > 1000) return lines;
  const all = { labels: classNames.map((_, label) => label), names: classNames };
  return [
    ...lines,
    `classes: ${classNames.length} # ${printable(classesText(all), 70)}; without this line all ` +
    "images are of one kind",
  ];
}

/**
 * The commented spec that the answers stand for.
 *
 * @param schema the way from it to spec.schema.json
 * @param found of the person's own images
 */
export function newSpec(
  { network, dataset, size, rotation }: Answers,
  schema = "spec.schema.json",
  found: Glance = { count: Infinity, classNames: null },
): string {
  const [, , letter, beta, normalized, inside] = network.toUpperCase().match(networkForm) ?? [];
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    "# Every field that is not here has the published default; `deno task run FILE --dry-run` shows " +
    "them all.",
    `architecture: ${
      letter ?? "A"
    } # A baseline, B filtered resampling, C filtered nonlinearities, D both, E D turned`,
  ];
  if (letter) {
    lines.push(`kaiserBeta: ${beta} # of the low-pass kernel's window; 0: a window of ones`);
    lines.push(`normalized: ${normalized !== ""} # the N: unit gain at frequency zero`);
    if (inside) lines.push("normInside: true # GroupNorm between the filtered upsampling and GELU");
  }
  lines.push(...dataLines(dataset, found));
  if (size === "small") {
    lines.push("imageSize: 16 # a multiple of 8; the network's width follows it");
  }
  lines.push(...trainingLines(size, found.count));
  lines.push("sampling:", "  count: 64 # images for each angle; scores want 2,000");
  if (size === "small") {
    lines.push(
      "  steps: 250 # of 999",
      "  variance: posterior",
      "  clip: true # what young networks need",
    );
  }
  lines.push(
    `  rotation: ${
      Number(rotation)
    } # degrees, counter-clockwise; a list such as [0, 45] draws each angle`,
  );
  if (size === "small") {
    lines.push("evaluation: { metrics: [] } # fid, kid, is: for more images than these");
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Asks for one line. The suggestion is not put there as text to be edited: whoever types would type
 * behind it.
 */
function askPerson(text: string, suggested: string): string | null {
  print(`${text}.`);
  return prompt(`[${suggested}]`);
}

/**
 * The answers; null where the person has had enough: Ctrl-C and the end of the input look alike.
 */
function askAll(ask: typeof askPerson): Answers | null {
  const answers: Record<string, string> = {};
  for (const { key, text, suggested, wrong } of questions) {
    while (answers[key] === undefined) {
      const typed = ask(text, suggested)?.trim();
      const answer = typed === "" ? suggested : typed && withHome(typed);
      if (answer === undefined) return null;
      const complaint = wrong(answer);
      if (complaint === undefined) answers[key] = answer;
      else print(`  Needed: ${complaint}`);
    }
  }
  return answers as unknown as Answers;
}

/**
 * What there is of a person's own images. Where they are not there yet, or cannot be read, the spec
 * is written all the same, and that is told.
 */
async function glanceAtOwn(path: string): Promise<Glance | undefined> {
  if (!isPath(path)) return undefined;
  const data = { path, limit: null, digest: null, fit: "crop" } as const;
  try {
    const found = await glanceAt({ dataset: "folder", imageSize: 32, channels: 3, data });
    const classes = found.classNames ? `, classes: ${found.classNames.length}` : "";
    print(`${path}: ${counted(found.count, "image")}${classes}.`);
    return found;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    print(`Mind that these images cannot be read now: ${error.message}`);
    return undefined;
  }
}

/** Asks, writes the spec, and says how to run it; `ask` is for tests. */
export async function run(
  args: string[],
  ask: typeof askPerson = askPerson,
): Promise<number> {
  const [given] = positionals(args, [0, 1], "new takes one file", help);
  const answers = askAll(ask);
  if (answers === null) {
    if (Deno.stdin.isTerminal()) return exitCodeOf("SIGINT");
    throw new UserError("`deno task new` asks questions; start it in a terminal");
  }
  const found = await glanceAtOwn(answers.dataset);
  const resolved = resolveSpec(parseSpec(newSpec(answers, undefined, found)));
  const dataset = resolved.dataset === "folder" ? "folder" : resolved.dataset.replace("-", "");
  const file = `${specName(resolved).toLowerCase().replace("-", "")}-${dataset}.yaml`;
  const path = given ?? (exists("experiments") ? `experiments/${file}` : file);
  const schema = relative(dirname(resolve(path)), schemaFile).replaceAll("\\", "/");
  try {
    await Deno.writeTextFile(path, newSpec(answers, schema, found), { createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new UserError(`${path}: exists already; name another file: deno task new FILE`);
    }
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(`${path}: its folder does not exist`);
    }
    throw error;
  }
  print(
    `${path} is written: ${
      specName(resolved)
    } on ${resolved.dataset}. Run it with\n  deno task run ${path}`,
  );
  return 0;
}
