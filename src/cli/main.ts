/**
 * The command line: finds the verb, calls it, and turns what goes wrong into a message and an exit
 * code. 0: done; 1: members or comparisons failed; 2: something that the person can mend
 * (one message); 70: our own error (with its stack).
 */
import { UserError } from "../messages/errors.ts";
import { nearest } from "../messages/nearest.ts";
import { type ListedVerb, type Verb, verbs as allVerbs } from "./verbs.ts";
import { oneLine, print, printBeside } from "../messages/terminal.ts";
import { goToPerson, withHome } from "./folders.ts";
import { heedSignals } from "./signals.ts";

/** The help of the whole command line. */
export function overview(verbs: typeof allVerbs = allVerbs): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const list = Object.entries(verbs).map(([name, { summary }]) =>
    `  ${name.padEnd(width)}  ${summary}`
  );
  return `Trains, samples and measures alias-free diffusion models, and writes bundles that anyone can verify.

Usage: deno task VERB [arguments]

${list.join("\n")}

Examples:
  deno task run experiments/quickstart.yaml    a first run, in minutes
  deno task run experiments/d2n-mnistm.yaml    the paper's D-2N on MNIST-M, in full
  deno task doctor                             which engines work here
  deno task run --help                         what a verb takes

Where Deno is not installed, \`npx -y deno task VERB\` does the same, but hands no signal on: under a scheduler and in
a container start Deno itself (docs/clusters.md).`;
}

/** What holds for every verb, behind its own help. */
function commonHelp({ computes }: Pick<ListedVerb, "computes">): string {
  const signals = `
75: SIGUSR1, a scheduler's warning; 130: Ctrl-C, or the terminal was closed; 143: SIGTERM. What can be saved is saved
first, and the same command goes on there. Under nohup a run outlives its terminal. npx hands no signal on: under a
scheduler and in a container start Deno itself (docs/clusters.md).`;
  return `
Paths count from the folder where you stand. out and data are this project's where you stand in it, else those beside
you. ~/ at the beginning of a value is your home folder.

Exit codes: 0: done; 1: a member, a comparison or a check failed; 2: something to mend, said in the last message;
70: an error of this project.${computes ? signals : ""}`;
}

/** An error that is ours, with its stack and its causes. */
function crashText(error: unknown): string {
  return Deno.inspect(error, { colors: false });
}

/** A word with a line break or an escape could forge lines wherever a message names it. */
function refuseUnseen(word: string): void {
  if (!/[\p{Cc}\u2028\u2029]/u.test(word)) return;
  throw new UserError(
    `"${oneLine(word)}": has control characters; rename the file, or leave them away`,
  );
}

/**
 * Runs one command.
 *
 * @param args verb and its arguments, as after `deno task`
 * @param verbs the known verbs; other ones for tests
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
    const known = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
    if (known === undefined) {
      const near = nearest(name, Object.keys(verbs));
      throw new UserError(
        `there is no verb ${JSON.stringify(name)}${
          near === undefined ? "" : `; did you mean ${near}?`
        }\n` +
          `known: ${Object.keys(verbs).join(", ")}`,
      );
    }
    const verb: Verb = await known.load();
    if (rest.includes("--help") || rest.includes("-h")) {
      print(`${verb.help}\n${commonHelp(known)}`);
      return 0;
    }
    rest.forEach(refuseUnseen);
    return await verb.run(rest.map(withHome));
  } catch (error) {
    if (error instanceof UserError) {
      printBeside(error.message);
      return 2;
    }
    printBeside(crashText(error));
    return 70;
  }
}

/** The first version of Deno on which everything works. */
const [leastMajor, leastMinor] = [2, 7];

/** What to tell whoever has an older Deno, in a line; null where it is new enough. */
export function whyTooOld(version: string): string | null {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return null;
  return `This project needs Deno ${leastMajor}.${leastMinor} or later, and this is Deno ${version}: ` +
    "`deno upgrade` gets it, or `npx -y deno@latest task VERB`.";
}

if (import.meta.main) {
  // Before anything is loaded that an old Deno does not understand.
  const tooOld = whyTooOld(Deno.version.deno);
  if (tooOld !== null) {
    printBeside(tooOld);
    Deno.exit(2);
  }
  const [name = ""] = Deno.args;
  if (Object.hasOwn(allVerbs, name) && allVerbs[name]?.computes) heedSignals();
  goToPerson();
  Deno.exit(await main(Deno.args));
}
