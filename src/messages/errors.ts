/**
 * An error that a person caused and can mend: a wrong spec, a missing file, a full disk. The
 * message says what is wrong, where (file:line:column where there is one) and what to do. The
 * command line prints it without a stack and exits with code 2; every other error keeps its stack.
 */
export class UserError extends Error {
  /** Its name, for those who print it. */
  override name = "UserError";
}
