/** The verbs of the command line. A new one is a file beside this one, a line here and a task in
 * deno.json with the permissions that it needs. */

/** What a verb's file exports. */
export interface Verb {
  /** Does it; the number is the exit code. Throws `UserError` where the person can mend it. */
  readonly run: (args: string[]) => Promise<number>;
  /** What `--help` prints. */
  readonly help: string;
}

/** A verb as the list knows it. */
export interface ListedVerb {
  /** What it does, in a line. */
  readonly summary: string;
  /** Whether it opens an engine: then it has all permissions, and heeds signals. */
  readonly computes?: true;
  /** Loads its file, only when it is asked for. */
  readonly load: () => Promise<Verb>;
}

/** Every verb. */
export const verbs: Readonly<Record<string, ListedVerb>> = {
  run: {
    computes: true,
    summary: "trains and samples what a spec says, and writes a bundle",
    load: () => import("./run.ts"),
  },
  sweep: {
    computes: true,
    summary: "runs what a sweep stands for, and compares",
    load: () => import("./sweep.ts"),
  },
  sample: {
    computes: true,
    summary: "draws more images from a trained bundle",
    load: () => import("./sample.ts"),
  },
  new: {
    summary: "asks four questions and writes a commented spec",
    load: () => import("./new.ts"),
  },
  name: { summary: "a spec's paper name and digest", load: () => import("./name.ts") },
  data: {
    summary: "fetches a dataset's archives; shows or exports its images",
    load: () => import("./data.ts"),
  },
  evaluate: {
    computes: true,
    summary: "FID, KID and IS of one set of images against another",
    load: () => import("./evaluate.ts"),
  },
  compare: { summary: "the paper's table from bundles", load: () => import("./compare.ts") },
  diff: {
    summary: "two bundles side by side: spec, losses, scores, samples",
    load: () => import("./diff.ts"),
  },
  report: { summary: "many bundles on one page, side by side", load: () => import("./report.ts") },
  equivariance: {
    computes: true,
    summary: "how well networks keep turns and shifts, in decibels",
    load: () => import("./equivariance.ts"),
  },
  verify: {
    summary: "checks bundles: is every byte what the run wrote?",
    load: () => import("./verify.ts"),
  },
  reproduce: {
    computes: true,
    summary: "runs a bundle again and compares every byte",
    load: () => import("./reproduce.ts"),
  },
  pack: { summary: "makes one file of a bundle, to send", load: () => import("./pack.ts") },
  unpack: {
    summary: "unpacks and verifies what somebody packed",
    load: () => import("./unpack.ts"),
  },
  show: {
    summary: "lists a bundle's pictures, draws collages, animations and report",
    load: () => import("./show.ts"),
  },
  status: {
    summary: "the runs of a folder: at work, waiting, failed, finished",
    load: () => import("./status.ts"),
  },
  serve: {
    summary: "shows the runs of a folder in a browser, as they go on",
    load: () => import("./serve.ts"),
  },
  play: {
    summary: "writes a page that draws with a bundle's model in any browser",
    load: () => import("./play.ts"),
  },
  doctor: {
    computes: true,
    summary: "which engines work on this machine, and how to get the others",
    load: () => import("./doctor.ts"),
  },
};
