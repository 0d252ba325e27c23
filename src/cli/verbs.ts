/** The verbs of the command line. A new one is a file beside this one, a line here and a task in
 * deno.json with the permissions that it needs. */

/** What a verb's file exports. */
export interface Verb {
  /** Does it; the number is the exit code. Throws `UserError` where the person can mend it. */
  readonly run: (args: string[]) => Promise<number>;
  /** What `--help` prints. */
  readonly help: string;
}

/** Every verb: what it does in a line, and its file, which is loaded only when asked for. */
export const verbs: Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Verb> }>
> = {
  run: {
    summary: "trains and samples what a spec says, and writes a bundle",
    load: () => import("./run.ts"),
  },
  sweep: {
    summary: "runs what a sweep stands for, and compares",
    load: () => import("./sweep.ts"),
  },
  sample: { summary: "draws more images from a trained bundle", load: () => import("./sample.ts") },
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
    summary: "how well networks keep turns and shifts, in decibels",
    load: () => import("./equivariance.ts"),
  },
  verify: {
    summary: "checks bundles: is every byte what the run wrote?",
    load: () => import("./verify.ts"),
  },
  reproduce: {
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
  doctor: {
    summary: "which engines work on this machine, and how to get the others",
    load: () => import("./doctor.ts"),
  },
};
