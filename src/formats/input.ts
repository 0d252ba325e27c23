/** Reading the files that a person names. */
import { UserError } from "../errors.ts";

/** What a failure to open or read a path means to a person; other errors are handed through. */
export function explainInputError(error: unknown, path: string): unknown {
  if (error instanceof Deno.errors.NotFound) return new UserError(`${path}: there is no such file or folder`);
  if (error instanceof Deno.errors.PermissionDenied) return new UserError(`${path}: this file may not be read`);
  if (error instanceof Deno.errors.IsADirectory) return new UserError(`${path}: a folder, where a file is expected`);
  if (error instanceof Deno.errors.NotADirectory) return new UserError(`${path}: a file, where a folder is expected`);
  return error;
}

/**
 * The bytes of a file.
 *
 * @throws UserError where there is no such file, or it may not be read
 */
export async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
}
