/**
 * Checks a bag (RFC 8493, https://www.rfc-editor.org/rfc/rfc8493): its files must match the
 * manifests byte by byte, and bag-info.txt must describe them.
 */
import { bagInfo, declaration, parseBagInfo } from "./bag.ts";
import { digestWithLineFeeds, type Inventory, type ReadManifest } from "./inventory.ts";
import type { Problem } from "./problem.ts";

const isPayload = (name: string) => name.startsWith("data/");

/** Lists the problems of a bag; none if it is intact. */
export function checkBag(inventory: Inventory): Problem[] {
  const { payload, tags, invalid, systemFiles } = inventory;
  const problems: Problem[] = [...invalid, ...systemFiles.map(systemFileProblem)];
  const changed: string[] = [];
  const isTag = (name: string) => !isPayload(name) && name !== "tagmanifest-sha256.txt";
  problems.push(
    ...checkManifest(inventory, payload, "manifest-sha256.txt", isPayload, changed),
    ...checkManifest(inventory, tags, "tagmanifest-sha256.txt", isTag, changed),
  );
  if (tags) {
    for (const name of ["bagit.txt", "bag-info.txt", "manifest-sha256.txt"]) {
      if (!tags.listed.has(name)) {
        problems.push({ file: name, what: "missing from tagmanifest-sha256.txt" });
      }
    }
  }
  const onlyEndings = changed.filter((name) => hasOtherLineEndings(inventory, name));
  const others = changed.filter((name) => !onlyEndings.includes(name));
  problems.push(...others.map((file) => ({ file, what: "its bytes have changed" })));
  const endings = new Set(onlyEndings);
  if (payload?.hasCarriageReturns) endings.add("manifest-sha256.txt");
  if (tags?.hasCarriageReturns) endings.add("tagmanifest-sha256.txt");
  if (endings.size > 0) return [...problems, lineEndings([...endings].sort())];
  return [...problems, ...checkDeclaration(inventory), ...checkInfo(inventory)];
}

function systemFileProblem(file: string): Problem {
  return { file, what: "left by a file manager, and not part of the bundle; remove it" };
}

/** Changed line endings are one problem, no matter how many files have them. */
function lineEndings(names: readonly string[]): Problem {
  const [first, ...more] = names;
  const others = more.length === 0 ? "" : ` and ${more.length} more`;
  return {
    file: "",
    what: `${first}${others} now have Windows line endings, changed by git or an editor; get the ` +
      "bundle again with `git -c core.autocrlf=false`, or as a file made by `pack`",
  };
}

function hasOtherLineEndings({ files, payload, tags }: Inventory, name: string): boolean {
  const listed = payload?.listed.get(name) ?? tags?.listed.get(name);
  return listed !== undefined && digestWithLineFeeds(files, name) === listed;
}

/** Compares a manifest with the files. Adds the names of files with other bytes to `changed`. */
function checkManifest(
  { digestOf, sizeOf }: Inventory,
  manifest: ReadManifest | null,
  manifestName: string,
  isInPart: (name: string) => boolean,
  changed: string[],
): Problem[] {
  if (manifest === null) return [{ file: manifestName, what: "missing" }];
  const problems = manifest.faults.map((what) => ({ file: manifestName, what }));
  for (const [file, digest] of manifest.listed) {
    if (!isInPart(file)) {
      problems.push({ file, what: `${manifestName} lists it by mistake` });
    } else if (!sizeOf.has(file)) problems.push({ file, what: "missing" });
    else if (digestOf.has(file) && digestOf.get(file) !== digest) changed.push(file);
  }
  for (const file of sizeOf.keys()) {
    if (isInPart(file) && !manifest.listed.has(file)) {
      problems.push({ file, what: `it is not in ${manifestName}, so it was added later` });
    }
  }
  return problems;
}

function checkDeclaration({ files, digestOf }: Inventory): Problem[] {
  const file = "bagit.txt";
  if (!digestOf.has(file) || files.text(file) === declaration) return [];
  return [{ file, what: "it does not declare a BagIt 1.0 bag in UTF-8" }];
}

/** Compares bag-info.txt, except its date and name, with one made from the files. */
function checkInfo({ files, digestOf, sizeOf }: Inventory): Problem[] {
  const file = "bag-info.txt";
  if (!digestOf.has(file)) return [];
  const info = parseBagInfo(files.text(file));
  if (info === null) return [{ file, what: "it does not have the format that a run writes" }];
  const payload = [...sizeOf].filter(([name]) => isPayload(name));
  const bytes = payload.reduce((sum, [, size]) => sum + size, 0);
  const digest = digestOf.get("manifest-sha256.txt") ?? "";
  const expected = bagInfo({ ...info, digest, bytes, count: payload.length });
  const lines = expected.split("\n");
  const wrong = files.text(file).split("\n").find((line, i) => line !== lines[i]);
  return wrong === undefined ? [] : [{
    file,
    what: `it says ${JSON.stringify(wrong)}, but the files give: ${
      lines.find((line) => line.split(":")[0] === wrong.split(":")[0]) ?? "no such line"
    }`,
  }];
}
