/**
 * The verbs of the command line. To add one: a file next to this one, an entry here, and a task in
 * deno.json with the permissions that it needs.
 */

/** What a verb's file exports. */
export interface Verb {
  /** Runs the verb and returns the exit code. Throws `UserError` for problems the user can fix. */
  readonly run: (args: string[]) => Promise<number>;
  /** What `--help` prints. */
  readonly help: string;
}

/** A verb's entry in the list. */
export interface ListedVerb {
  /** What it does, in one line. */
  readonly summary: string;
  /** Whether it opens an engine. Such verbs have all permissions and handle signals. */
  readonly computes?: true;
  /** Loads the verb's file, only when it is needed. */
  readonly load: () => Promise<Verb>;
}

/** Every verb. */
export const verbs: Readonly<Record<string, ListedVerb>> = {
  run: {
    computes: true,
    summary: "Train and sample a spec, and write a bundle",
    load: () => import("./run.ts"),
  },
  sweep: {
    computes: true,
    summary: "Run the members of a sweep and compare them",
    load: () => import("./sweep.ts"),
  },
  sample: {
    computes: true,
    summary: "Draw more images from a trained bundle",
    load: () => import("./sample.ts"),
  },
  new: {
    summary: "Ask four questions and write a commented spec",
    load: () => import("./new.ts"),
  },
  name: {
    summary: "Print a spec's name in the paper and its digest",
    load: () => import("./name.ts"),
  },
  data: {
    summary: "Download a dataset; show or export its images",
    load: () => import("./data.ts"),
  },
  evaluate: {
    computes: true,
    summary: "Compute FID, KID and Inception Score of images",
    load: () => import("./evaluate.ts"),
  },
  compare: {
    summary: "Print the paper's table from bundles",
    load: () => import("./compare.ts"),
  },
  diff: {
    summary: "Show how two bundles differ: spec, losses, scores, samples",
    load: () => import("./diff.ts"),
  },
  report: {
    summary: "Write one page about many bundles",
    load: () => import("./report.ts"),
  },
  equivariance: {
    computes: true,
    summary: "Measure equivariance to rotation and shift, in decibels",
    load: () => import("./equivariance.ts"),
  },
  verify: {
    summary: "Check every byte of a bundle",
    load: () => import("./verify.ts"),
  },
  reproduce: {
    computes: true,
    summary: "Run a bundle again and compare every byte",
    load: () => import("./reproduce.ts"),
  },
  pack: {
    summary: "Pack a bundle into one file",
    load: () => import("./pack.ts"),
  },
  unpack: {
    summary: "Unpack a bundle and verify it",
    load: () => import("./unpack.ts"),
  },
  show: {
    summary: "List a bundle's pictures; draw collages, animations, report",
    load: () => import("./show.ts"),
  },
  status: {
    summary: "List the runs in a folder: running, waiting, failed, finished",
    load: () => import("./status.ts"),
  },
  serve: {
    summary: "Show the runs in a folder live in a browser",
    load: () => import("./serve.ts"),
  },
  play: {
    summary: "Write a page that draws with a bundle's model in any browser",
    load: () => import("./play.ts"),
  },
  doctor: {
    computes: true,
    summary: "Check which engines work on this machine",
    load: () => import("./doctor.ts"),
  },
  completions: {
    summary: "Print a script that completes commands in bash, zsh or fish",
    load: () => import("./completions.ts"),
  },
};
