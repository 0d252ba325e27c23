import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { exampleBundle, examplePayload } from "../bundle/testing.ts";
import { ignoreRuns } from "./testing.ts";

const project = fromFileUrl(new URL("../../", import.meta.url));

/** Runs a verb that may read the project and a folder, and write another one, and nothing else. */
async function confined(args: string[], reads: string, writes: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-lock",
      "--no-prompt",
      `--allow-read=${project},${reads},${writes}`,
      `--allow-write=${writes}`,
      join(project, "src/cli/main.ts"),
      ...args,
    ],
    cwd: reads,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  assertEquals(code, 0, said);
  return said;
}

/** Every file below a folder with its bytes' digest, links as such. */
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
    name: `${verb} reads bundles and writes its target, where a link is replaced and not followed` +
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

        assertEquals(treeOf(reads), before, "the bundles are as they were");
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
