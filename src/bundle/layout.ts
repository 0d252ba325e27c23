/** The files of a bundle and what they contain. Each bundle's README is made from this. */
import { markdownTable, md, trustedMarkdown } from "../formats/markdown.ts";
import { stringify } from "@std/yaml";
import { classesText, type DrawnClasses } from "../spec/labels.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { Digests } from "./schemas.ts";

export type { Digests } from "./schemas.ts";

/** The payload files that programs read, under data/. */
export const files = {
  /** The resolved spec, which `deno task run` accepts. */
  spec: "spec.yaml",
  /** {@link Digests} as JSON. */
  digests: "digests.json",
  /** The network's layers as a table. */
  network: "network.txt",
  /** The trained weights, with PyTorch's names. */
  model: "model.safetensors",
  /** Their moving average, if the spec asks for one. */
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
 * The resolved spec as a YAML file that can be run again. The text depends only on the resolved
 * spec, not on how it was written.
 */
export function resolvedSpecYaml(resolved: ResolvedSpec): string {
  return "# The resolved spec: every default is in it. `deno task run` takes this file as it is.\n" +
    stringify(resolved as unknown as Record<string, unknown>);
}

/** JSON for a payload: indented, keys in the given order, a newline at the end. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

/**
 * Descriptions of a bundle's files by patterns of their names, in the order in which to read them.
 */
const descriptions: [pattern: RegExp, text: string][] = [
  [/^report\.html$/, "**open this first**: everything at a glance, in any browser"],
  [/^data\/grid\.png$/, "the samples"],
  [
    /^data\/rotation-beside\.(png|gif|mp4)$/,
    "two models, rotated while drawing; the reference comes first",
  ],
  [
    /^data\/rotation.*\.(png|gif|mp4)$/,
    "the same images, rotated while they were drawn; one column per angle",
  ],
  [/^data\/classes\.png$/, "the samples, one column per class"],
  [/^data\/denoising.*\.(png|gif|mp4)$/, "how images emerge from noise"],
  [/^data\/noising.*\.png$/, "how training images become noise"],
  [/^previews\.png$/, "samples drawn during training"],
  [/^spectrum\.csv$/, "power of samples and data at each spatial frequency"],
  [/^data\/collage.*\.png$/, "the samples at their own size, 400 per sheet"],
  [
    /^data\/samples\.safetensors$/,
    "the samples' exact pixels: uint8, images x rows x columns x channels, for each angle",
  ],
  [/^data\/metrics\..*$/, "the scores, with their errors"],
  [/^data\/equivariance.*$/, "how well the network preserves rotations and shifts"],
  [/^data\/loss\.csv$/, "training step and loss"],
  [/^data\/loss\.(png|svg)$/, "the loss as a diagram"],
  [/^data\/(filter|kernel|lowpass).*$/, "the low-pass kernel's coefficients"],
  [/^data\/response.*$/, "the low-pass kernel's frequency response"],
  [/^data\/resampling.*$/, "an image down- and upsampled with and without the filter"],
  [/^data\/model\.safetensors$/, "the trained network; PyTorch's names and shapes"],
  [/^data\/average\.safetensors$/, "the moving average of the weights, which drew the samples"],
  [/^data\/optimizer\.safetensors$/, "the optimizer's state, for continuing the training"],
  [/^data\/network\.txt$/, "the network's layers"],
  [
    /^data\/spec\.yaml$/,
    "the resolved spec, with every default; `deno task run` accepts it",
  ],
  [/^data\/digests\.json$/, "digests of spec, data and run"],
  [/^spec-as-written\..*$/, "the spec as written, with its comments"],
  [/^provenance\.json$/, "what made these files: versions, device, data (an in-toto statement)"],
  [/^environment\.json$/, "machine, versions and times of the run"],
  [/^log.*$/, "the messages of the run"],
  [
    /^progress\.jsonl$/,
    "the run's diary: losses, previews, scores, starts and stops",
  ],
  [/^README\.md$/, "this file"],
  [/^manifest-sha256\.txt$/, "SHA-256 of each file under data/"],
  [/^tagmanifest-sha256\.txt$/, "SHA-256 of each file outside data/"],
  [/^bag.*\.txt$/, "says that this folder is a BagIt bag (RFC 8493)"],
];

/** The files that every bag has, in addition to those that were added to it. */
const filesOfBag = [
  "manifest-sha256.txt",
  "tagmanifest-sha256.txt",
  "bagit.txt",
  "bag-info.txt",
  "README.md",
];

/** Describes a file; empty if there is no description. */
export function describeFile(name: string): string {
  return descriptions.find(([pattern]) => pattern.test(name))?.[1] ?? "";
}

/** The content of a bundle's README. */
export interface ReadmeInput {
  /** The run's name: "d2n-mnistm, D-2N". */
  title: string;
  /** What was run, in a sentence or two. */
  summary: string;
  /** The bundle's digest. */
  digest: string;
  digests: Digests;
  /** Names of all added files; those of payload files begin with data/. */
  names: string[];
  /** The classes that the samples cycle through; absent for an unconditional model. */
  classes?: DrawnClasses | null;
  /** Notes about unused data and decisions about the data, as in environment.json. */
  notes?: readonly string[];
}

/** The README's section on the data; empty if there are no notes. */
function notesText(notes: readonly string[]): string {
  if (notes.length === 0) return "";
  const lines = notes.map((note) => md`- ${note}`);
  return `## Data\n\n${lines.join("\n")}\n\n`;
}

/** The text of a bundle's README.md: what the files are, how to verify and repeat the run. */
export function bundleReadme(
  { title, summary, digest, digests, names, classes = null, notes = [] }: ReadmeInput,
): string {
  const rank = (name: string) => {
    const at = descriptions.findIndex(([pattern]) => pattern.test(name));
    return at < 0 ? descriptions.length : at;
  };
  const all = [...new Set([...names, ...filesOfBag])].sort((a, b) =>
    rank(a) - rank(b) || (a < b ? -1 : 1)
  );
  const table = markdownTable(
    ["file", "what it is"],
    all.map((name) => [name, trustedMarkdown(describeFile(name))]),
  );
  return `${md`# ${title}

${summary}`}
${classes ? `\n${md`Classes of the samples, in turn: ${classesText(classes)}.`}\n` : ""}
${table}

The files under data/ come out the same, byte for byte, when the run is repeated with the same engine, kind of device
and number of threads (see environment.json). Files outside may differ: times, machine, versions, and this text.

${notesText(notes)}## Digest

    ${digest}

identifies everything under data/: it is the SHA-256 of manifest-sha256.txt. The run is ${digests.run}
(spec ${digests.spec.slice(0, 12)}, data ${digests.data.slice(0, 12)}, method ${digests.method}).

## Verify

    sha256sum -c manifest-sha256.txt     # in this folder: checks every byte
    deno task verify THIS_FOLDER         # in the project's folder: checks names, links, spec, network and scores, too

## Run it again

    deno task reproduce THIS_FOLDER     # and compares every file under data/
`;
}
