/**
 * Judging a bag: are its files those of its manifests, byte by byte, and does bag-info.txt say what
 * is there? See RFC 8493, https://www.rfc-editor.org/rfc/rfc8493.
 */
import { bagInfo, declaration, parseBagInfo } from "./bag.ts";
import { digestWithLineFeeds, type Inventory, type ReadManifest } from "./inventory.ts";
import type { Problem } from "./problem.ts";

const isPayload = (name: string) => name.startsWith("data/");

/** What is wrong with a bag; nothing where it is whole. */
export function judgeBag(found: Inventory): Problem[] {
  const problems: Problem[] = [...found.strange, ...found.leftBehind.map(leftBehindProblem)];
  const changed: string[] = [];
  const { payload, tags } = found;
  const isTag = (name: string) => !isPayload(name) && name !== "tagmanifest-sha256.txt";
  problems.push(
    ...judgeManifest(found, payload, "manifest-sha256.txt", isPayload, changed),
    ...judgeManifest(found, tags, "tagmanifest-sha256.txt", isTag, changed),
  );
  if (tags) {
    for (const name of ["bagit.txt", "bag-info.txt", "manifest-sha256.txt"]) {
      if (!tags.listed.has(name)) {
        problems.push({ file: name, what: "missing from tagmanifest-sha256.txt" });
      }
    }
  }
  const ended = changed.filter((name) => hasOtherLineEndings(found, name));
  const others = changed.filter((name) => !ended.includes(name));
  problems.push(...others.map((file) => ({ file, what: "its bytes changed" })));
  const endings = new Set(ended);
  if (payload?.hasCarriageReturns) endings.add("manifest-sha256.txt");
  if (tags?.hasCarriageReturns) endings.add("tagmanifest-sha256.txt");
  if (endings.size > 0) return [...problems, lineEndings([...endings].sort())];
  return [...problems, ...judgeDeclaration(found), ...judgeInfo(found)];
}

function leftBehindProblem(file: string): Problem {
  return { file, what: "a file manager's own, no part of the bundle; removing it mends this" };
}

/** Line endings are one fault, however many files have it. */
function lineEndings(names: readonly string[]): Problem {
  const [first, ...more] = names;
  const others = more.length === 0 ? "" : ` and ${more.length} more`;
  return {
    file: "",
    what: `the line endings of ${first}${others} were changed to those of Windows, by git or an ` +
      "editor; take the bundle again with `git -c core.autocrlf=false`, or as `pack` sends it",
  };
}

function hasOtherLineEndings({ files, payload, tags }: Inventory, name: string): boolean {
  const listed = payload?.listed.get(name) ?? tags?.listed.get(name);
  return listed !== undefined && digestWithLineFeeds(files, name) === listed;
}

/** Compares one manifest with what lies there; names of files with other bytes go to `changed`. */
function judgeManifest(
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
      problems.push({ file, what: `${manifestName} lists it, where it does not belong` });
    } else if (!sizeOf.has(file)) problems.push({ file, what: "missing" });
    else if (digestOf.has(file) && digestOf.get(file) !== digest) changed.push(file);
  }
  for (const file of sizeOf.keys()) {
    if (isInPart(file) && !manifest.listed.has(file)) {
      problems.push({ file, what: `not in ${manifestName}: it was added` });
    }
  }
  return problems;
}

function judgeDeclaration({ files, digestOf }: Inventory): Problem[] {
  const file = "bagit.txt";
  if (!digestOf.has(file) || files.text(file) === declaration) return [];
  return [{ file, what: "it does not declare a BagIt 1.0 bag in UTF-8" }];
}

/** bag-info.txt is made again from what is there, its date and name apart. */
function judgeInfo({ files, digestOf, sizeOf }: Inventory): Problem[] {
  const file = "bag-info.txt";
  if (!digestOf.has(file)) return [];
  const told = parseBagInfo(files.text(file));
  if (told === null) return [{ file, what: "it is not what a run writes" }];
  const payload = [...sizeOf].filter(([name]) => isPayload(name));
  const bytes = payload.reduce((sum, [, size]) => sum + size, 0);
  const digest = digestOf.get("manifest-sha256.txt") ?? "";
  const expected = bagInfo({ ...told, digest, bytes, count: payload.length });
  const lines = expected.split("\n");
  const wrong = files.text(file).split("\n").find((line, i) => line !== lines[i]);
  return wrong === undefined ? [] : [{
    file,
    what: `it says ${JSON.stringify(wrong)}, and what lies here is another: ${
      lines.find((line) => line.split(":")[0] === wrong.split(":")[0]) ?? "no such line"
    }`,
  }];
}
