/** `deno task unpack`: unpacks a bundle that somebody packed. */
import { unpackBundle } from "../bundle/unpack.ts";
import { verifyBundle } from "../report/verify.ts";
import { UserError } from "../messages/errors.ts";
import { defaultFolder } from "./folders.ts";
import { explainFolder } from "../files/results.ts";
import { parseOptions } from "./options.ts";
import { line, print, printError } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Unpack a bundle that \`deno task pack\` made, and verify it. Nothing is written outside
the folder, and nothing is overwritten. If the bundle does not verify, nothing
remains.

Usage: deno task unpack FILE [FOLDER]

  FOLDER        where the bundle's folder appears (default: out)

Options:
  --out FOLDER  the same as FOLDER`;

/** Unpacks the archive. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [archive, named, ...more] = words;
  const isTwice = named !== undefined && values.out !== undefined;
  if (archive === undefined || more.length > 0 || isTwice) {
    throw new UserError(`unpack takes one file and one folder\n\n${help}`);
  }
  const into = values.out ?? named ?? defaultFolder("out");
  const { path, digest, files } = await unpackBundle(archive, into, verifyBundle, printError)
    .catch((error) => {
      throw explainFolder(error, into);
    });
  print(line`${path}: verified, ${files} files`);
  print(`  digest ${digest}`);
  return 0;
}
