/** The content of a bundle's report. */
import type { Digests } from "../bundle/layout.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import type { SpectrumRow } from "../evaluation/sample_spectrum.ts";
import type { DrawnClasses } from "../spec/labels.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import type { ScoreCurve } from "../bundle/score_curves.ts";
import type { LossRow } from "./losses.ts";
import type { Pictures } from "./sheet.ts";

/** A PNG picture that is shown as it is; `kind` selects its heading. */
export interface ShownPicture {
  kind: "denoising" | "training" | "filter";
  png: Uint8Array;
  alt: string;
  caption: string;
}

/** A film in MP4; the bytes are null if it is too large for the page. */
export interface ShownFilm {
  kind: "rotation" | "denoising";
  mp4: Uint8Array | null;
  file: string;
  label: string;
  caption: string;
}

/** The content of a report. Fields that are null or empty are left out of the page. */
export interface ReportInput {
  /** "d2n-mnistm": the bundle's folder or the spec's file, without the digest. */
  name: string;
  /**
   * The bundle's folder, for commands to paste; null if it is unknown or not safe on a command
   * line.
   */
  folder: string | null;
  /** One sentence about what was run. */
  summary: string;
  /** The digest of the bundle. */
  digest: string;
  digests: Digests;
  spec: ResolvedSpec;
  losses: LossRow[];
  /** What is known about the machine and its speed: names and values. */
  environment: [name: string, value: string][];
  /** The images drawn at each angle in degrees. */
  samples: { angleDegrees: number; pictures: Pictures }[];
  /** The classes that the samples cycle through; null for a model without classes. */
  classes: DrawnClasses | null;
  /** In display order. */
  pictures: ShownPicture[];
  films: ShownFilm[];
  metrics: Evaluation | null;
  /** The scores during training, one curve per metric; empty if there are none. */
  scoreCurves: ScoreCurve[];
  /** The power of samples and data at each frequency; null if unknown. */
  spectrum: SpectrumRow[] | null;
  /** Every file with its SHA-256 and its meaning. */
  files: { name: string; sha256: string; meaning: string }[];
  /** What produced the files: project, runtime, libraries. */
  provenance: [name: string, value: string][];
}
