/** Writes the files that a command makes for its user, and explains file system errors. */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { writeFileAtomic } from "./create.ts";

const byOut = "choose another folder with --out FOLDER";

/**
 * Writes files into a folder, which is created if it does not exist.
 *
 * @param wayOut how to name another folder, for the message if this one cannot be used
 * @throws UserError if the folder cannot be written to, or the disk is full
 */
export function writeResults(
  folder: string,
  files: Iterable<readonly [name: string, bytes: Uint8Array]>,
  wayOut = byOut,
): void {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    for (const [name, bytes] of files) writeFileAtomic(join(folder, name), bytes);
  } catch (error) {
    throw explainFolder(error, folder, wayOut);
  }
}

/** Turns the error of a full disk into advice for the user. */
export function explainFullDisk(error: unknown, folder: string): unknown {
  if (!(error instanceof Error && /os error 28\b/.test(error.message))) return error;
  return new UserError(
    `${folder}: the disk is full. Make room and give the same command again: it goes on where it ` +
      "last saved",
  );
}

/**
 * Turns the file system's refusal to write into advice for the user; returns other errors
 * unchanged.
 */
export function explainFolder(error: unknown, folder: string, wayOut = byOut): unknown {
  const reasons: [new (...args: never[]) => Error, string][] = [
    [Deno.errors.PermissionDenied, "it may not be written to"],
    [Deno.errors.NotADirectory, "a part of its path is a file"],
    [Deno.errors.AlreadyExists, "it is a file"],
  ];
  for (const [kind, reason] of reasons) {
    if (error instanceof kind) return new UserError(`${folder}: ${reason}; ${wayOut}`);
  }
  const [, number] = /\(os error (\d+)\)/.exec(error instanceof Error ? error.message : "") ?? [];
  if (number === "30") {
    return new UserError(`${folder}: the disk is read-only; ${wayOut}`);
  }
  if (number === "28") return new UserError(`${folder}: the disk is full; make room, or ${wayOut}`);
  return error;
}
