/** What the judges of a bundle's files share: its files, and a place for what they find. */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import type { BundleFiles } from "./open.ts";
import type { Fault, Problem } from "./problem.ts";
import type { Digests } from "./schemas.ts";

/** A bundle under judgement, its bytes known to be those of its manifests. */
export interface Judging {
  bundle: BundleFiles;
  /** SHA-256 of each of its files. */
  digestOf: ReadonlyMap<string, string>;
  /** The bundle's digest. */
  digest: string;
  problems: Problem[];
  /** Files that were made again and came out the same. */
  derived: string[];
  /** What could not be judged. */
  notes: string[];
}

/** The same, with what everything else is judged by. */
export interface JudgingRun extends Judging {
  spec: ResolvedSpec;
  digests: Digests;
}

/**
 * Judges one file. That it is missing, or that it cannot be read as what it should be, is a problem
 * of that file.
 *
 * @returns what the judge gives; null where it could not
 */
export async function judge<T>(
  { bundle, digestOf, problems }: Judging,
  name: string,
  read: (fault: Fault) => T | Promise<T>,
): Promise<T | null> {
  const fault: Fault = (what) => void problems.push({ file: name, what });
  if (!digestOf.has(name)) {
    fault("missing");
    return null;
  }
  try {
    return await read(fault);
  } catch (error) {
    // A stranger's file may be nested deeper than a parser goes (RangeError).
    const isExpected = error instanceof UserError || error instanceof SyntaxError ||
      error instanceof RangeError;
    if (!isExpected) throw error;
    fault(error.message.replace(`${join(bundle.path, name)}: `, "").replace(`${name}: `, ""));
    return null;
  }
}

/** Compares a file with what it is made of: the same bytes, or a problem. */
export async function judgeDerived(
  judging: Judging,
  name: string,
  expected: string | Uint8Array,
  of: string,
): Promise<void> {
  await judge(judging, name, (fault) => {
    const found = judging.bundle.bytes(name);
    const bytes = typeof expected === "string" ? new TextEncoder().encode(expected) : expected;
    const isSame = found.length === bytes.length && found.every((byte, i) => byte === bytes[i]);
    if (isSame) judging.derived.push(name);
    else fault(`it is not what is made of ${of}`);
  });
}
