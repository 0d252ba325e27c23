/** Reads the files that a user names. */
import { UserError } from "../messages/errors.ts";

/** Explains a failure to open or read a path; returns other errors unchanged. */
export function explainInputError(error: unknown, path: string): unknown {
  if (error instanceof Deno.errors.NotFound) {
    return new UserError(`${path}: no such file or folder`);
  }
  if (error instanceof Deno.errors.FilesystemLoop) {
    return new UserError(`${path}: this is a link to itself`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new UserError(`${path}: no permission to read it`);
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return new UserError(`${path}: this is a folder; a file is expected`);
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return new UserError(`${path}: this is a file; a folder is expected`);
  }
  return error;
}

/**
 * The bytes of a file.
 *
 * @throws UserError if the file does not exist, or may not be read
 */
export async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
}

/**
 * The bytes of a file, for readers of many large files: reuses the given buffer if they fit.
 *
 * @throws UserError if the file does not exist, or may not be read
 */
export async function readInputInto(
  path: string,
  buffer: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
  try {
    const { size } = await file.stat();
    const bytes = size <= buffer.length ? buffer : new Uint8Array(size);
    let length = 0;
    for (
      let count;
      length < size && (count = await file.read(bytes.subarray(length, size))) !== null;
    ) length += count;
    return bytes.subarray(0, length);
  } catch (error) {
    throw explainInputError(error, path);
  } finally {
    file.close();
  }
}
