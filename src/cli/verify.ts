/**
 * `deno task verify`: is every byte of a bundle what the run wrote, and does it agree with itself?
 */
import { join } from "@std/path";
import { problemText, type Verification } from "../bundle/problem.ts";
import { counted } from "../messages/counted.ts";
import { exists } from "../files/create.ts";
import { whyNoBundle } from "../bundle/read.ts";
import { verifyBundle } from "../report/verify.ts";
import { UserError } from "../messages/errors.ts";
import { parseOptions } from "./options.ts";
import { line, oneLine, print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Checks bundles: every file and digest, missing and extra files, names and links that lead outside; what the
files say against each other (spec, digests, weights, losses, samples, scores, provenance); and what follows from
others, by making it again: README, network's table, filters, sheets, films, diagrams, report.html. Needs no engine
and no network, and changes nothing.

Usage: deno task verify BUNDLE...

  --digest HEX   the digest that the bundle must have, or its first 12 digits or more: what its sender told you

A bundle that agrees with itself may still have been made by somebody else: compare its digest with what you were told.
The digest covers what lies under data/, not README.md, report.html, provenance.json, environment.json and the logs.
Weights, losses and samples cannot be checked without running it again: deno task reproduce. SECURITY.md says more.
Of several paths, those that pack, show, report, compare and diff made are passed over.`;

/** Verifies the bundles named. */
export async function run(args: string[]): Promise<number> {
  const { values: { digest }, words: paths } = parseOptions(args, ["digest"]);
  if (paths.length === 0) {
    throw new UserError("verify: name a bundle, such as out/quickstart-0123456789ab");
  }
  if (digest !== undefined && (paths.length > 1 || !/^[0-9a-f]{12,64}$/.test(digest))) {
    throw new UserError("verify: --digest takes 12 to 64 hexadecimal digits, and one bundle");
  }
  let good = true;
  for (const path of paths) {
    // What other verbs leave beside bundles, for `verify out/*`.
    const beside = paths.length > 1 && besideBundles(path);
    if (beside) {
      print(line`${path}: passed over, ${beside}`);
      continue;
    }
    const whyNot = whyNoBundle(path, "verify", Infinity);
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
      print(line`${path}: agrees with itself, but is another bundle than asked for`);
    } else {
      print(line`${path}: verified, ${found.files} files, ${(found.bytes / 1e6).toFixed(1)} MB`);
    }
    print(line`  digest ${found.digest ?? "unknown"}`);
    if (found.ok) print(coverText(found));
  }
  return good ? 0 : 1;
}

/** What the digest of a verified bundle covers, and what of it was judged by more than its bytes. */
function coverText({ derived, notes }: Verification): string {
  const unjudged = notes.map((note) => oneLine(note)).join("; ");
  return `  The digest covers the files under data/. The others may be exchanged without changing it:
  README.md, provenance.json and report.html were compared with what they tell of;
  environment.json and the logs are the sender's word, as weights, losses and samples are.
  Made again from others and the same: ${
    counted(derived.length, "file")
  }. Not made again: ${unjudged}.`;
}

/**
 * What a path is, where its name is one that another verb gives to what it writes beside bundles;
 * else null.
 */
function besideBundles(path: string): string | null {
  if (path.endsWith(".tar.gz")) return "a packed bundle: deno task unpack verifies it";
  if (/(^|[\\/])(report\.html|comparison\.(md|csv|json)|diff-[^\\/]*\.png)$/.test(path)) {
    return "made of bundles";
  }
  return /-pictures[\\/]?$/.test(path) && !exists(join(path, "bagit.txt"))
    ? "pictures of a bundle"
    : null;
}
