/** The system's lock on an open file (flock), where there is one that keeps others out. */

/** What came of asking for it. */
export type Flock = "taken" | "refused" | "none";

/** "There is no such lock here": ENOSYS, EOPNOTSUPP, ENOTSUP, EINVAL, ENOLCK; Linux and macOS. */
const unsupported = /\(os error (38|95|22|37|78|102|45|77)\)/;

/**
 * Takes the operating system's lock on an open file, and tries whether it keeps others out. It is
 * lost when the file is closed.
 *
 * @param path of the same file
 * @param kind several may hold a shared one at the same time
 * @returns `refused` where another has it; `none` where the disk has no such lock, or one that
 *   everybody gets
 */
export function tryFlock(file: Deno.FsFile, path: string, kind: "shared" | "exclusive"): Flock {
  const taken = tryLock(file, kind === "exclusive");
  if (taken !== "taken") return taken;

  let other: Deno.FsFile;
  try {
    other = Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "none"; // It was removed meanwhile.
    throw error;
  }
  try {
    // Another who looks at the same moment refuses as well, which shows the same.
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
