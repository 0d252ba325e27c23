/**
 * Which folder paths count from: the one where the person stands, however the program was started.
 */
import { UserError } from "../messages/errors.ts";

/** The project's folder, or the address of wherever it was loaded from. */
const project = new URL("../../", import.meta.url);

/** An environment variable; undefined also where nobody may ask for it. */
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
 * Goes back to where the person stands: `deno task` starts its commands in the project's folder,
 * and leaves the person's in INIT_CWD.
 */
export function goToPerson(): void {
  const from = variable("INIT_CWD");
  if (from === undefined || project.protocol !== "file:") return;
  if (realPath(project) === realPath(".") && realPath(from) !== null) Deno.chdir(from);
}

/**
 * The folder `out` or `data` where none is named: the project's for those who stand in it, also in
 * a folder below; elsewhere that beside the person.
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
 * A word of the command line with the home folder for the `~/` that its value begins with: shells
 * put it in for `~/x`, but not for `--out=~/x` and `data.path=~/x`.
 *
 * @throws UserError where nobody says which folder that is
 */
export function withHome(word: string): string {
  const [, before, behind] = /^((?:[^=/\\]+=)?)~[/\\](.*)$/s.exec(word) ?? [];
  if (behind === undefined) return word;
  const home = variable("HOME") ?? variable("USERPROFILE");
  if (home === undefined || home === "") {
    throw new UserError(`${word}: which folder ~ is, is not known here; write it in full`);
  }
  return `${before}${home.replace(/[/\\]$/, "")}/${behind}`;
}
