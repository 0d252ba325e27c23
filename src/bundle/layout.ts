/**
 * What lies where in a bundle, and what the files' names mean. The README of each bundle is made
 * from this.
 */
import { markdownTable, md, trustedMarkdown } from "../formats/markdown.ts";
import { stringify } from "@std/yaml";
import { classesText, type DrawnClasses } from "../spec/labels.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { Digests } from "./schemas.ts";

export type { Digests } from "./schemas.ts";

/** The payload files that programs look for, under data/. */
export const files = {
  /** The resolved spec; `deno task run` takes it as it is. */
  spec: "spec.yaml",
  /** {@link Digests} as JSON. */
  digests: "digests.json",
  /** The network's layers as a table. */
  network: "network.txt",
  /** The trained weights under PyTorch's names. */
  model: "model.safetensors",
  /** Their moving average, where the spec asks for one. */
  average: "average.safetensors",
  /** AdamW's moments. */
  optimizer: "optimizer.safetensors",
  /** step,loss */
  losses: "loss.csv",
  /**
   * uint8 [count, size, size, channels] for each angle; the tensor's name is the angle in degrees:
   * "0", "-22.5".
   */
  samples: "samples.safetensors",
  /** The scores, with the digest of {@link files.samples} as `samples`. */
  metrics: "metrics.json",
} as const;

/**
 * The resolved spec as a YAML file that can be run again: the same text for the same spec, however
 * it was written.
 */
export function resolvedSpecYaml(resolved: ResolvedSpec): string {
  return "# The resolved spec: every default is in it. `deno task run` takes this file as it is.\n" +
    stringify(resolved as unknown as Record<string, unknown>);
}

/** JSON for a payload: indented, keys in the order given, a newline at the end. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

/**
 * What each file of a bundle is, for people: patterns of names and words, in the order of reading.
 */
const meanings: [pattern: RegExp, words: string][] = [
  [/^report\.html$/, "**open this first**: everything at a glance, in any browser"],
  [/^data\/grid\.png$/, "the samples"],
  [
    /^data\/rotation-beside\.(png|gif|mp4)$/,
    "two models, turned while they drew: the reference first",
  ],
  [
    /^data\/rotation.*\.(png|gif|mp4)$/,
    "the same images, turned while they were drawn: angles across, images down",
  ],
  [/^data\/classes\.png$/, "the samples, a class a column under its name"],
  [/^data\/denoising.*\.(png|gif|mp4)$/, "how images come out of noise"],
  [/^data\/noising.*\.png$/, "how training images become noise"],
  [/^previews\.png$/, "samples drawn while training"],
  [/^spectrum\.csv$/, "how much power samples and data have at each spatial frequency"],
  [/^data\/collage.*\.png$/, "the samples, 400 a sheet, at their own size"],
  [
    /^data\/samples\.safetensors$/,
    "the samples' exact pixels: uint8, images x rows x columns x channels, for each angle",
  ],
  [/^data\/metrics\..*$/, "the scores, with their errors"],
  [/^data\/equivariance.*$/, "how well the network keeps turns and shifts"],
  [/^data\/loss\.csv$/, "training step and loss"],
  [/^data\/loss\.(png|svg)$/, "the loss as a diagram"],
  [/^data\/(filter|kernel|lowpass).*$/, "the low-pass kernel's coefficients"],
  [/^data\/response.*$/, "what the low-pass kernel does to each frequency"],
  [/^data\/resampling.*$/, "an image down- and upsampled with and without the filter"],
  [/^data\/model\.safetensors$/, "the trained network; PyTorch's names and shapes"],
  [/^data\/average\.safetensors$/, "the moving average of the weights, which drew the samples"],
  [/^data\/optimizer\.safetensors$/, "the optimizer's state, for going on with the training"],
  [/^data\/network\.txt$/, "the network's layers"],
  [
    /^data\/spec\.yaml$/,
    "the resolved spec: every default in it; `deno task run` takes it as it is",
  ],
  [/^data\/digests\.json$/, "digests of spec, data and run"],
  [/^spec-as-written\..*$/, "the spec as it was written, with its comments"],
  [/^provenance\.json$/, "what made these files: versions, device, data (an in-toto statement)"],
  [/^environment\.json$/, "machine, versions and times of the run"],
  [/^log.*$/, "what was said while it ran"],
  [
    /^progress\.jsonl$/,
    "its diary: the course of the training, previews, scores, starts and stops",
  ],
  [/^README\.md$/, "this file"],
  [/^manifest-sha256\.txt$/, "SHA-256 of each file under data/"],
  [/^tagmanifest-sha256\.txt$/, "SHA-256 of each file outside data/"],
  [/^bag.*\.txt$/, "says that this folder is a BagIt bag (RFC 8493)"],
];

/** The files that a bag has beyond those that were added to it. */
const ofTheBag = [
  "manifest-sha256.txt",
  "tagmanifest-sha256.txt",
  "bagit.txt",
  "bag-info.txt",
  "README.md",
];

/** What a file is, in words; "" where nobody said. */
export function meaningOf(name: string): string {
  return meanings.find(([pattern]) => pattern.test(name))?.[1] ?? "";
}

/** What the README of a bundle tells. */
export interface ReadmeInput {
  /** The run's name: "d2n-mnistm, D-2N". */
  title: string;
  /** What was run, in a sentence or two. */
  summary: string;
  /** The bundle's digest. */
  digest: string;
  digests: Digests;
  /** Names of all files that were added, payload names beginning with data/. */
  names: string[];
  /** The classes that the samples go round; left out of a model that knows none. */
  classes?: DrawnClasses | null;
  /** What of the data is not used, and what was decided; a line each, as environment.json has them. */
  notes?: readonly string[];
}

/** The section on the data, for a README; empty where there is nothing to tell. */
function notesText(notes: readonly string[]): string {
  if (notes.length === 0) return "";
  const lines = notes.map((note) => md`- ${note}`);
  return `## Data\n\n${lines.join("\n")}\n\n`;
}

/** README.md of a bundle: what is what, how to verify it and run it again. */
export function bundleReadme(
  { title, summary, digest, digests, names, classes = null, notes = [] }: ReadmeInput,
): string {
  const rank = (name: string) => {
    const at = meanings.findIndex(([pattern]) => pattern.test(name));
    return at < 0 ? meanings.length : at;
  };
  const all = [...new Set([...names, ...ofTheBag])].sort((a, b) =>
    rank(a) - rank(b) || (a < b ? -1 : 1)
  );
  const table = markdownTable(
    ["file", "what it is"],
    all.map((name) => [name, trustedMarkdown(meaningOf(name))]),
  );
  return `${md`# ${title}

${summary}`}
${classes ? `\n${md`Classes of the samples, in turn: ${classesText(classes)}.`}\n` : ""}
${table}

What lies under data/ comes out the same, byte by byte, when the run is repeated on the same engine, kind of device and
number of threads (environment.json names them). What lies outside may differ: times, machine, versions, and this text.

${notesText(notes)}## Digest

    ${digest}

stands for everything under data/: it is the SHA-256 of manifest-sha256.txt. The run is ${digests.run}
(spec ${digests.spec.slice(0, 12)}, data ${digests.data.slice(0, 12)}, method ${digests.method}).

## Verify

    sha256sum -c manifest-sha256.txt     # in this folder: every byte
    deno task verify THIS_FOLDER         # in the project's: names, links, spec, network and scores too

## Run it again

    deno task reproduce THIS_FOLDER     # and compares all that lies under data/
`;
}
