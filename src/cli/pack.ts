/** `deno task pack`: packs a bundle into one file. */
import { packBundle } from "../bundle/pack.ts";
import { requireBundle } from "../bundle/read.ts";
import { verifyBundle } from "../report/verify.ts";
import { siblingPath } from "./folders.ts";
import { positionals } from "./positionals.ts";
import { print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Verify a bundle and pack it into one .tar.gz. A bundle always packs to the same
bytes.

Usage: deno task pack BUNDLE [FILE]

  FILE  the archive to write (default: next to the bundle, its name with .tar.gz
        added); an existing file is replaced`;

/** Packs the bundle. */
export async function run(args: string[]): Promise<number> {
  const [bundle, file] = positionals(args, [1, 2], "pack takes one bundle and a file", help);
  requireBundle(bundle!, "pack");
  const archive = file ?? siblingPath(bundle!, ".tar.gz");
  const { digest, files } = await packBundle(bundle!, archive, verifyBundle);
  print(
    `${archive}: ${(Deno.statSync(archive).size / 1e6).toFixed(1)} MB, ${files} files, verified`,
  );
  print(`  digest ${digest}`);
  print(`The recipient unpacks it with: deno task unpack ${archive.split(/[\\/]/).pop()}`);
  return 0;
}
