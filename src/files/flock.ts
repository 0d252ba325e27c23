/** The operating system's lock on an open file (flock), if it exists and excludes others. */

/** The result of trying to take it. */
export type Flock = "taken" | "refused" | "none";

/** Errors for "no such lock here": ENOSYS, EOPNOTSUPP, ENOTSUP, EINVAL, ENOLCK; Linux and macOS. */
const unsupported = /\(os error (38|95|22|37|78|102|45|77)\)/;

/**
 * Takes the operating system's lock on an open file, and tests whether it excludes others. Closing
 * the file releases it.
 *
 * @param path the path of the same file
 * @param kind several processes may hold a shared lock at the same time
 * @returns `refused` if another process has it; `none` if the disk has no such lock, or one that
 * everybody gets
 */
export function tryFlock(file: Deno.FsFile, path: string, kind: "shared" | "exclusive"): Flock {
  const taken = tryLock(file, kind === "exclusive");
  if (taken !== "taken") return taken;

  let other: Deno.FsFile;
  try {
    other = Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "none"; // It was removed in the meantime.
    throw error;
  }
  try {
    // Another process that tests at the same moment is refused, too, which proves the same.
    return tryLock(other, true) === "refused" ? "taken" : "none";
  } finally {
    other.close();
  }
}

function tryLock(file: Deno.FsFile, isExclusive: boolean): Flock {
  try {
    return file.tryLockSync(isExclusive) ? "taken" : "refused";
  } catch (error) {
    if (error instanceof Deno.errors.NotSupported) return "none";
    if (error instanceof Error && unsupported.test(error.message)) return "none";
    throw error;
  }
}
