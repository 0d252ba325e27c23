/** What judging a bundle says. */

/** Something about a bundle that is not as it must be. */
export interface Problem {
  /** The file's name in the bundle, or "" for the bundle as a whole. */
  file: string;
  /** What is wrong with it, in words. */
  what: string;
}

/** What verifying a bundle found. */
export interface Verification {
  /** The bundle's folder. */
  path: string;
  /** True where there are no problems. */
  ok: boolean;
  /**
   * SHA-256 of the payload manifest, which stands for the whole; null where there is no manifest.
   */
  digest: string | null;
  /** Files whose bytes were read. */
  files: number;
  /** How many bytes those were. */
  bytes: number;
  /** What is not as it must be; empty where all is well. */
  problems: Problem[];
  /** Files that were made again from others and came out the same. */
  derived: string[];
  /** What could not be judged, and why, in sentences. */
  notes: string[];
}

/** Is told what is wrong with the file under judgement. */
export type Fault = (what: string) => void;
