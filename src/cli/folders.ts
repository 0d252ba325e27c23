/** The user's current folder, default folders, and paths to print. */
import { isAbsolute, relative, resolve } from "@std/path";
import { UserError } from "../messages/errors.ts";

/** The project's folder, or the URL that the project was loaded from. */
const project = new URL("../../", import.meta.url);

/** An environment variable; undefined also without the permission to read it. */
function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

function realPath(path: string | URL): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null;
  }
}

/**
 * Returns to the folder in which the user gave the command. `deno task` starts commands in the
 * project's folder, and leaves the user's folder in INIT_CWD.
 */
export function restoreUserFolder(): void {
  const from = variable("INIT_CWD");
  if (from === undefined || project.protocol !== "file:") return;
  if (realPath(project) === realPath(".") && realPath(from) !== null) Deno.chdir(from);
}

/**
 * The default folder `out` or `data`: the project's if the current folder is inside the project,
 * otherwise the one in the current folder.
 */
export function defaultFolder(name: "out" | "data"): string {
  const root = project.protocol === "file:" ? realPath(project) : null;
  const here = realPath(".");
  if (root === null || here === null || here === root) return name;
  const separator = Deno.build.os === "windows" ? "\\" : "/";
  const top = root.endsWith(separator) ? root : root + separator;
  if (!here.startsWith(top)) return name;
  const up = here.slice(top.length).split(separator).map(() => `..${separator}`);
  return up.join("") + name;
}

/**
 * The path next to `path` whose name is longer by a suffix: `out/a`, `-pictures` gives
 * `out/a-pictures`. It is relative if `path` is, so that it can be pasted.
 */
export function siblingPath(path: string, suffix: string): string {
  const sibling = resolve(path) + suffix;
  return isAbsolute(path) ? sibling : relative(".", sibling);
}

/**
 * Expands `~/` at the start of a value. Shells do that for `~/x`, but not for `--out=~/x` and
 * `data.path=~/x`.
 *
 * @throws UserError if the home folder is unknown
 */
export function expandHome(arg: string): string {
  const [, name, rest] = /^((?:[^=/\\]+=)?)~[/\\](.*)$/s.exec(arg) ?? [];
  if (rest === undefined) return arg;
  const home = variable("HOME") ?? variable("USERPROFILE");
  if (home === undefined || home === "") {
    throw new UserError(`${arg}: cannot expand ~, because HOME is not set; write the full path`);
  }
  return `${name}${home.replace(/[/\\]$/, "")}/${rest}`;
}
