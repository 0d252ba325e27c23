/** `deno task name`: a spec's name in the paper and its digest. */
import { UserError } from "../messages/errors.ts";
import { expandSweep } from "../spec/sweep.ts";
import { readSpec, specDigest, specName } from "../spec/mod.ts";
import { oneLine, print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Print a spec's name in the paper (D-2N), its digest and its dataset. A sweep
gets one line per member.

Usage: deno task name SPEC [field=value ...]

Examples:
  deno task name experiments/d2n-mnistm.yaml
  deno task name experiments/d2n-mnistm.yaml kaiserBeta=1 normalized=false`;

/** The lines to print: name, digest, dataset. */
export async function nameLines(path: string, overrides: readonly string[]): Promise<string[]> {
  const members = expandSweep((await readSpec(path)).spec, overrides);
  return members.map((resolved) =>
    `${specName(resolved).padEnd(6)} ${specDigest(resolved)} ${resolved.dataset}`
  );
}

/** Prints one line for a spec, or for each member of a sweep. */
export async function run(args: string[]): Promise<number> {
  const [path, ...overrides] = args;
  if (path === undefined) {
    throw new UserError(`name needs a spec, such as experiments/quickstart.yaml\n\n${help}`);
  }
  for (const text of await nameLines(path, overrides)) print(oneLine(text));
  return 0;
}
