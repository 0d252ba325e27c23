/** `deno task unpack`: a bundle that somebody sent. */
import { unpackBundle } from "../bundle/unpack.ts";
import { verifyBundle } from "../report/verify.ts";
import { defaultFolder } from "./folders.ts";
import { explainFolder } from "../files/results.ts";
import { positionals } from "./positionals.ts";
import { line, print, printBeside } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Unpacks a bundle that \`deno task pack\` made, and verifies it. Nothing is left where it does not verify,
nothing is written outside the folder, and nothing is overwritten.

Usage: deno task unpack FILE [FOLDER]

The bundle's folder appears in FOLDER, by default out.`;

/** Unpacks the archive named. */
export async function run(args: string[]): Promise<number> {
  const [archive, into = defaultFolder("out")] = positionals(
    args,
    [1, 2],
    "unpack takes one file, and the folder to unpack into",
    help,
  );
  const { path, digest, files } = await unpackBundle(archive!, into, verifyBundle, printBeside)
    .catch((error) => {
      throw explainFolder(error, into, "name another folder after the file");
    });
  print(line`${path}: verified, ${files} files`);
  print(`  digest ${digest}`);
  return 0;
}
