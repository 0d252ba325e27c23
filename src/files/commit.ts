/** Finds the commit of this project's own files, without running git. */
import { fromFileUrl, join } from "@std/path";

const root = fromFileUrl(new URL("../../", import.meta.url));

/**
 * The checked-out commit, from git's own files.
 *
 * @param folder the project's folder; tests set it
 * @returns null if unknown: no checkout, a worktree, no permission
 */
export function checkedOutCommit(folder = root): string | null {
  try {
    const head = Deno.readTextFileSync(join(folder, ".git", "HEAD")).trim();
    const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
    return commitOrNull(ref === undefined ? head : refCommit(join(folder, ".git"), ref));
  } catch {
    return null;
  }
}

function refCommit(git: string, ref: string): string {
  try {
    return Deno.readTextFileSync(join(git, ref)).trim();
  } catch {
    const packed = Deno.readTextFileSync(join(git, "packed-refs")).split("\n");
    return packed.find((line) => line.endsWith(` ${ref}`))?.split(" ")[0] ?? "";
  }
}

function commitOrNull(text: string): string | null {
  return /^[0-9a-f]{40,64}$/.test(text) ? text : null;
}
