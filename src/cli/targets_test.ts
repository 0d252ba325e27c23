import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { exampleBundle, examplePayload } from "../bundle/testing.ts";
import { confined, ignoreRuns } from "./testing.ts";

/** Every file below a folder with its content, and every link with its target. */
function treeOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory, isSymlink }) => {
    const path = join(folder, name);
    if (isSymlink) return [`${path} -> ${Deno.readLinkSync(path)}`];
    return isDirectory ? treeOf(path) : [`${path} ${Deno.readTextFileSync(path)}`];
  }).sort();
}

const verbs: [verb: string, args: string[], files: string[]][] = [
  ["show", ["a", "b"], ["report.html", "rotation-beside.gif", "collage-0-1.png"]],
  ["report", ["."], ["report.html"]],
  ["compare", ["."], ["comparison.md", "comparison.csv", "comparison.json"]],
  ["diff", ["a", "b"], ["diff-a-b.png"]],
];

for (const [verb, args, files] of verbs) {
  Deno.test({
    name:
      `${verb} only reads the bundles, and replaces links at its target instead of following them` +
      (ignoreRuns && ` (${ignoreRuns})`),
    ignore: ignoreRuns !== "",
    async fn() {
      const folder = Deno.realPathSync(Deno.makeTempDirSync());
      try {
        const [reads, target] = [join(folder, "bundles"), join(folder, "target")];
        for (const path of [reads, target]) Deno.mkdirSync(path);
        exampleBundle(join(reads, "a"), examplePayload());
        exampleBundle(join(reads, "b"), examplePayload());
        const outside = join(folder, "outside");
        Deno.writeTextFileSync(outside, "mine");
        for (const file of files) Deno.symlinkSync(outside, join(target, file));
        const before = treeOf(reads);

        await confined([verb, ...args, "--out", target], reads, target);

        assertEquals(treeOf(reads), before, "the bundles are unchanged");
        assertEquals(Deno.readTextFileSync(outside), "mine");
        for (const file of files) {
          assertEquals(Deno.lstatSync(join(target, file)).isFile, true, file);
        }
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}
