/** `deno task pack`: a bundle as one file to send. */
import { resolve } from "@std/path";
import { packBundle } from "../bundle/pack.ts";
import { requireBundle } from "../bundle/read.ts";
import { verifyBundle } from "../report/verify.ts";
import { positionals } from "./positionals.ts";
import { print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Verifies a bundle and packs it into one .tar.gz, the same bytes each time.

Usage: deno task pack BUNDLE [FILE]

FILE is by default the bundle's name with .tar.gz added, next to the bundle. An older one is replaced.`;

/** Packs the bundle named. */
export async function run(args: string[]): Promise<number> {
  const [bundle, file] = positionals(
    args,
    [1, 2],
    "pack takes one bundle, and the file if it is to have a name",
    help,
  );
  requireBundle(bundle!, "pack");
  const archive = file ?? `${resolve(bundle!)}.tar.gz`;
  const { digest, files } = await packBundle(bundle!, archive, verifyBundle);
  print(
    `${archive}: ${(Deno.statSync(archive).size / 1e6).toFixed(1)} MB, ${files} files, verified`,
  );
  print(`  digest ${digest}`);
  print(`Whoever gets it: deno task unpack ${archive.split(/[\\/]/).pop()}`);
  return 0;
}
