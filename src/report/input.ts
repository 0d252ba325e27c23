/** What a bundle's report is made of. */
import type { Digests } from "../bundle/layout.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import type { SpectrumRow } from "../evaluation/sample_spectrum.ts";
import type { DrawnClasses } from "../spec/labels.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import type { ScoreCurve } from "../runner/score_curves.ts";
import type { LossRow } from "./losses.ts";
import type { Pictures } from "./sheet.ts";

/** A PNG picture that is shown as it is; `kind` says under which heading. */
export interface ShownPicture {
  kind: "denoising" | "training" | "filter";
  png: Uint8Array;
  alt: string;
  caption: string;
}

/** A film in MP4; null in place of the bytes of one that is too large for the page. */
export interface ShownFilm {
  kind: "rotation" | "denoising";
  mp4: Uint8Array | null;
  file: string;
  label: string;
  caption: string;
}

/** What a report tells. What is null or empty is left out of it. */
export interface ReportInput {
  /** "d2n-mnistm": the bundle's folder or the spec's file, without its digest. */
  name: string;
  /**
   * The bundle's folder, for commands to paste; null where it is unknown, or no name for a command
   * line.
   */
  folder: string | null;
  /** What was run, in a sentence. */
  summary: string;
  /** The digest of the bundle. */
  digest: string;
  digests: Digests;
  spec: ResolvedSpec;
  losses: LossRow[];
  /** What is known of the machine and its speed: names and values. */
  environment: [name: string, value: string][];
  /** For each angle in degrees the images drawn. */
  samples: { angleDegrees: number; pictures: Pictures }[];
  /** The classes that the samples go round; null of a model that knows none. */
  classes: DrawnClasses | null;
  /** In the order in which they are shown. */
  pictures: ShownPicture[];
  films: ShownFilm[];
  metrics: Evaluation | null;
  /** The scores while training, a curve a metric; empty where there were none. */
  scoreCurves: ScoreCurve[];
  /** How much power samples and data have at each frequency; null where it is not known. */
  spectrum: SpectrumRow[] | null;
  /** Every file with its SHA-256, and what it is. */
  files: { name: string; sha256: string; meaning: string }[];
  /** What made the files: project, runtime, libraries. */
  provenance: [name: string, value: string][];
}
