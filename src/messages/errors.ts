/**
 * An error that the user can fix: a wrong spec, a missing file, a full disk. The message says what
 * is wrong, where (with file:line:column if possible) and what to do. The command line prints it
 * without a stack trace and exits with code 2; every other error keeps its stack trace.
 */
export class UserError extends Error {
  /** The error's name, as printed. */
  override name = "UserError";
}
