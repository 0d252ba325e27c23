/** The results of checking a bundle. */
import { line } from "../messages/terminal.ts";

/** Something wrong with a bundle. */
export interface Problem {
  /** The file's name in the bundle; empty for the bundle as a whole. */
  file: string;
  /** What is wrong with it. */
  what: string;
}

/** The result of verifying a bundle. */
export interface Verification {
  /** The bundle's folder. */
  path: string;
  /** Whether there are no problems. */
  ok: boolean;
  /** SHA-256 of the payload manifest, which identifies the payload; null without a manifest. */
  digest: string | null;
  /** Number of files that were read. */
  files: number;
  /** Their total size in bytes. */
  bytes: number;
  /** Everything that is wrong with the bundle. */
  problems: Problem[];
  /** Files that were recreated from others with the same bytes. */
  derived: string[];
  /** What could not be checked, as noun phrases. */
  notes: string[];
}

/** Reports a problem of the file that is being checked. */
export type Fault = (what: string) => void;

/** Verifies a bundle's folder. */
export type Verify = (path: string) => Promise<Verification>;

/** The first problems of a verification, one per line. */
export function problemText({ problems }: Verification, max = 20): string {
  const lines = problems.slice(0, max).map(({ file, what }) =>
    line`  ${file || "the bundle"}: ${what}`
  );
  if (problems.length > max) lines.push(`  and ${problems.length - max} more`);
  return lines.join("\n");
}
