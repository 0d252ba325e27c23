/**
 * The command line: finds the verb, runs it, and turns errors into a message and an exit code.
 * 0: done; 1: members or comparisons failed; 2: a problem for the user to fix (one message);
 * 70: a bug of ours (with its stack trace).
 */
import { UserError } from "../messages/errors.ts";
import { nearest } from "../messages/nearest.ts";
import { type ListedVerb, type Verb, verbs as allVerbs } from "./verbs.ts";
import { oneLine, print, printError } from "../messages/terminal.ts";
import { expandHome, restoreUserFolder } from "./folders.ts";
import { handleSignals } from "./signals.ts";

/** The help of the whole command line. */
export function overview(verbs: typeof allVerbs = allVerbs): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const list = Object.entries(verbs).map(([name, { summary }]) =>
    `  ${name.padEnd(width)}  ${summary}`
  );
  return `Train, sample and measure alias-free diffusion models, and write bundles that
anyone can verify.

Usage: deno task COMMAND [arguments]

Commands:
${list.join("\n")}

Examples:
  deno task run experiments/quickstart.yaml   # a first run, in minutes
  deno task run experiments/d2n-mnistm.yaml   # the paper's D-2N on MNIST-M
  deno task doctor                            # which engines work here
  deno task run --help                        # arguments and options of run

Without Deno, use \`npx -y deno task COMMAND\`. npx does not forward signals: under
a scheduler or in a container, start Deno itself (docs/clusters.md).`;
}

/** The end of every verb's help. */
function commonHelp({ computes }: Pick<ListedVerb, "computes">): string {
  const signals = `
  75   SIGUSR1 (a scheduler's warning): saved; start it again
  130  Ctrl-C, or the terminal was closed: saved
  143  SIGTERM: saved

After 75, 130 and 143 the same command resumes. Under nohup, a run outlives its
terminal. npx does not forward signals: under a scheduler or in a container, start
Deno itself (docs/clusters.md).`;
  return `
Paths are relative to the current folder. Inside this project, the default folders
out and data are the project's. ~/ at the start of a value is your home folder.

Exit codes:
  0    done
  1    a member, a comparison or a check failed
  2    a problem for you to fix, described in the last message
  70   a bug in this project, with a stack trace${computes ? signals : ""}`;
}

/** An error of ours, with its stack trace and its causes. */
function crashText(error: unknown): string {
  return Deno.inspect(error, { colors: false });
}

/** Refuses line breaks and escape sequences, which could forge lines in messages. */
function refuseControlCharacters(arg: string): void {
  if (!/[\p{Cc}\u2028\u2029]/u.test(arg)) return;
  throw new UserError(
    `"${oneLine(arg)}": contains control characters; remove them, or rename the file`,
  );
}

function findVerb(name: string, verbs: typeof allVerbs): ListedVerb {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb !== undefined) return verb;
  const near = nearest(name, Object.keys(verbs));
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw new UserError(
    `unknown command ${JSON.stringify(name)}${hint}\nCommands: ${Object.keys(verbs).join(", ")}`,
  );
}

/**
 * Runs one command.
 *
 * @param args verb and arguments, as after `deno task`
 * @param verbs the known verbs; tests pass their own
 * @returns the exit code
 */
export async function main(
  args: readonly string[],
  verbs: typeof allVerbs = allVerbs,
): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined || name === "help" || name === "--help" || name === "-h") {
      print(overview(verbs));
      return name === undefined ? 2 : 0;
    }

    const listed = findVerb(name, verbs);
    const verb: Verb = await listed.load();
    if (rest.includes("--help") || rest.includes("-h")) {
      print(`${verb.help}\n${commonHelp(listed)}`);
      return 0;
    }

    rest.forEach(refuseControlCharacters);
    return await verb.run(rest.map(expandHome));
  } catch (error) {
    if (error instanceof UserError) {
      printError(error.message);
      return 2;
    }
    printError(crashText(error));
    return 70;
  }
}

/** The first version of Deno on which everything works. */
const [minMajor, minMinor] = [2, 7];

/** The message for an outdated Deno, on one line; null if the version is new enough. */
export function outdatedMessage(version: string): string | null {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return null;
  return `This project needs Deno ${minMajor}.${minMinor} or later; this is Deno ${version}. ` +
    "Run `deno upgrade`, or use `npx -y deno@latest task COMMAND`.";
}

if (import.meta.main) {
  // Checked before anything is loaded that an old Deno does not understand.
  const outdated = outdatedMessage(Deno.version.deno);
  if (outdated !== null) {
    printError(outdated);
    Deno.exit(2);
  }
  const [name = ""] = Deno.args;
  if (Object.hasOwn(allVerbs, name) && allVerbs[name]?.computes) handleSignals();
  restoreUserFolder();
  Deno.exit(await main(Deno.args));
}
