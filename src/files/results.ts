/** Writes the files that a command makes for its user, and explains file system errors. */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { writeFileAtomic } from "./create.ts";

const defaultAdvice = "choose another folder with --out FOLDER";

/**
 * Writes files into a folder, which is created if it does not exist.
 *
 * @param advice how to choose another folder, for the message if this one cannot be used
 * @throws UserError if the folder cannot be written to, or the disk is full
 */
export function writeResults(
  folder: string,
  files: Iterable<readonly [name: string, bytes: Uint8Array]>,
  advice = defaultAdvice,
): void {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    for (const [name, bytes] of files) writeFileAtomic(join(folder, name), bytes);
  } catch (error) {
    throw explainFolder(error, folder, advice);
  }
}

/** Turns the error of a full disk into advice for the user. */
export function explainFullDisk(error: unknown, folder: string): unknown {
  if (!(error instanceof Error && /os error 28\b/.test(error.message))) return error;
  return new UserError(
    `${folder}: the disk is full. Free some space and repeat the command: it resumes where it ` +
      "last saved",
  );
}

/**
 * Turns the file system's refusal to write into advice for the user; returns other errors
 * unchanged.
 */
export function explainFolder(error: unknown, folder: string, advice = defaultAdvice): unknown {
  const reasons: [new (...args: never[]) => Error, string][] = [
    [Deno.errors.PermissionDenied, "no permission to write to it"],
    [Deno.errors.NotADirectory, "a part of its path is a file"],
    [Deno.errors.AlreadyExists, "it is a file"],
  ];
  for (const [kind, reason] of reasons) {
    if (error instanceof kind) return new UserError(`${folder}: ${reason}; ${advice}`);
  }
  const [, number] = /\(os error (\d+)\)/.exec(error instanceof Error ? error.message : "") ?? [];
  if (number === "30") {
    return new UserError(`${folder}: the disk is read-only; ${advice}`);
  }
  if (number === "28") {
    return new UserError(`${folder}: the disk is full; free some space, or ${advice}`);
  }
  return error;
}
