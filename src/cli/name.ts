/** `deno task name`: a spec's paper name and digest. */
import { UserError } from "../messages/errors.ts";
import { expandSweep } from "../spec/sweep.ts";
import { readSpec, specDigest, specName } from "../spec/mod.ts";
import { oneLine, print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Prints the paper name of a spec (D-2N) and its digest; of a sweep, a line for each member.

Usage: deno task name SPEC [field=value ...]

  deno task name experiments/d2n-mnistm.yaml
  deno task name experiments/d2n-mnistm.yaml kaiserBeta=1 normalized=false`;

/** The lines that the verb prints: name, digest, dataset. */
export async function nameLines(path: string, overrides: readonly string[]): Promise<string[]> {
  const members = expandSweep((await readSpec(path)).spec, overrides);
  return members.map((resolved) =>
    `${specName(resolved).padEnd(6)} ${specDigest(resolved)} ${resolved.dataset}`
  );
}

/** Prints a line for the spec, or for each member of the sweep; 0 where it is one. */
export async function run(args: string[]): Promise<number> {
  const [path, ...overrides] = args;
  if (path === undefined) {
    throw new UserError(`name needs a spec, such as experiments/quickstart.yaml\n\n${help}`);
  }
  for (const text of await nameLines(path, overrides)) print(oneLine(text));
  return 0;
}
