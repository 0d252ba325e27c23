/** What the checks of a bundle's files share: its files, and where they report problems. */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import type { BundleFiles } from "./open.ts";
import type { Fault, Problem } from "./problem.ts";
import type { Digests } from "./schemas.ts";

/** A bundle that is being checked. Its bytes match its manifests. */
export interface CheckContext {
  bundle: BundleFiles;
  /** SHA-256 of each of its files. */
  digestOf: ReadonlyMap<string, string>;
  /** The bundle's digest. */
  digest: string;
  problems: Problem[];
  /** Files that were recreated with the same bytes. */
  derived: string[];
  /** What could not be checked. */
  notes: string[];
}

/** The same, with the spec and the digests that all other files are checked against. */
export interface RunContext extends CheckContext {
  spec: ResolvedSpec;
  digests: Digests;
}

/**
 * Checks one file. Reports a problem if the file is missing or cannot be read.
 *
 * @returns the result of `check`, or null if the file is missing or unreadable
 */
export async function checkFile<T>(
  { bundle, digestOf, problems }: CheckContext,
  name: string,
  check: (fault: Fault) => T | Promise<T>,
): Promise<T | null> {
  const fault: Fault = (what) => void problems.push({ file: name, what });
  if (!digestOf.has(name)) {
    fault("missing");
    return null;
  }
  try {
    return await check(fault);
  } catch (error) {
    // A file may be nested so deeply that the parser overflows the stack (RangeError).
    const isExpected = error instanceof UserError || error instanceof SyntaxError ||
      error instanceof RangeError;
    if (!isExpected) throw error;
    fault(error.message.replace(`${join(bundle.path, name)}: `, "").replace(`${name}: `, ""));
    return null;
  }
}

/**
 * Compares a file with the bytes that other files imply.
 *
 * @param of those other files, for the message
 */
export async function checkDerived(
  context: CheckContext,
  name: string,
  expected: string | Uint8Array,
  of: string,
): Promise<void> {
  await checkFile(context, name, (fault) => {
    const found = context.bundle.bytes(name);
    const bytes = typeof expected === "string" ? new TextEncoder().encode(expected) : expected;
    const isSame = found.length === bytes.length && found.every((byte, i) => byte === bytes[i]);
    if (isSame) context.derived.push(name);
    else fault(`it does not match ${of}`);
  });
}
