/** What judging a bundle says. */
import { line } from "../messages/terminal.ts";

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

/** Says whether a folder is a whole bundle. */
export type Verify = (path: string) => Promise<Verification>;

/** A verification's problems as lines. */
export function problemText({ problems }: Verification, most = 20): string {
  const lines = problems.slice(0, most).map(({ file, what }) =>
    line`  ${file || "the bundle"}: ${what}`
  );
  if (problems.length > most) lines.push(`  and ${problems.length - most} more`);
  return lines.join("\n");
}
