/** `deno task verify`: checks that a bundle is as its run wrote it, and that its files agree. */
import { join } from "@std/path";
import { problemText, type Verification } from "../bundle/problem.ts";
import { counted } from "../messages/counted.ts";
import { exists } from "../files/create.ts";
import { notBundleReason } from "../bundle/read.ts";
import { verifyBundle } from "../report/verify.ts";
import { UserError } from "../messages/errors.ts";
import { parseOptions } from "./options.ts";
import { line, oneLine, print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Check bundles: every file and its digest, missing and extra files, and names and
links that lead outside. Check that the files agree: spec, digests, weights, losses,
samples, scores, provenance. Recreate the files that follow from others: README.md,
the network's table, filters, sheets, films, plots, report.html. verify needs no
engine and no network, and changes nothing.

Usage: deno task verify BUNDLE... [--digest HEX]

Options:
  --digest HEX  the digest that the bundle must have, or at least its first 12
                digits: ask the sender

A bundle whose files agree may still come from somebody else: compare its digest with
one from a source you trust. The digest covers the files under data/, not README.md,
report.html, provenance.json, environment.json and the logs. Weights, losses and
samples can only be checked by running the bundle again (deno task reproduce).
SECURITY.md says more.

With several paths, such as out/*, verify skips the files that pack, show, report,
compare and diff wrote.`;

/** Verifies the bundles. */
export async function run(args: string[]): Promise<number> {
  const { values: { digest }, words: paths } = parseOptions(args, ["digest"]);
  if (paths.length === 0) {
    throw new UserError("verify needs a bundle, such as out/quickstart-0123456789ab");
  }
  if (digest !== undefined && (paths.length > 1 || !/^[0-9a-f]{12,64}$/.test(digest))) {
    throw new UserError("--digest takes 12 to 64 hexadecimal digits, and applies to one bundle");
  }
  let good = true;
  for (const path of paths) {
    // `verify out/*` also lists what other verbs wrote next to bundles.
    const other = paths.length > 1 && otherResult(path);
    if (other) {
      print(line`${path}: skipped, ${other}`);
      continue;
    }
    const whyNot = notBundleReason(path, "verify", Infinity);
    if (whyNot !== null) {
      if (paths.length === 1) throw new UserError(whyNot);
      print(whyNot);
      good = false;
      continue;
    }
    const found = await verifyBundle(path);
    const isOther = digest !== undefined && !found.digest?.startsWith(digest);
    good &&= found.ok && !isOther;
    if (!found.ok) print(`${oneLine(path)}: NOT as it was written\n${problemText(found)}`);
    else if (isOther) {
      print(line`${path}: intact, but its digest is not the given one`);
    } else {
      print(line`${path}: verified, ${found.files} files, ${(found.bytes / 1e6).toFixed(1)} MB`);
    }
    print(line`  digest ${found.digest ?? "unknown"}`);
    if (found.ok) print(coverText(found));
  }
  return good ? 0 : 1;
}

/** What the digest of a verified bundle covers, and which files were recreated. */
function coverText({ derived, notes }: Verification): string {
  const unjudged = notes.map((note) => oneLine(note)).join("; ");
  return `  The digest covers the files under data/. Other files can change without changing it:
  README.md, provenance.json and report.html were compared with their sources;
  environment.json and the logs are the sender's word, like weights, losses and samples.
  Recreated with the same bytes: ${counted(derived.length, "file")}. Not recreated: ${unjudged}.`;
}

/** What a path is if, by its name, another verb wrote it next to bundles; otherwise null. */
function otherResult(path: string): string | null {
  if (path.endsWith(".tar.gz")) return "a packed bundle: deno task unpack verifies it";
  if (/(^|[\\/])(report\.html|comparison\.(md|csv|json)|diff-[^\\/]*\.png)$/.test(path)) {
    return "a comparison of bundles";
  }
  return /-pictures[\\/]?$/.test(path) && !exists(join(path, "bagit.txt"))
    ? "pictures of a bundle"
    : null;
}
