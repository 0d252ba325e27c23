import { assert } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { loadSpec, loadSweep } from "../spec/mod.ts";
import { verbs } from "./verbs.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));
const canRead = Deno.permissions.querySync({ name: "read" }).state === "granted";

/** The pages for users, with their paths. */
function pages(): { path: string; text: string }[] {
  const names = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "data/README.md"];
  for (const { name } of Deno.readDirSync(join(root, "docs"))) {
    if (name.endsWith(".md")) names.push(`docs/${name}`);
  }
  return names.map((path) => ({ path, text: Deno.readTextFileSync(join(root, path)) }));
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A command on a page, split into words. */
interface Written {
  page: string;
  words: string[];
}

/** The tasks in the shell blocks, with continued lines joined and comments removed. */
function commands(): Written[] {
  return pages().flatMap(({ path, text }) => {
    const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
    const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, " ").split("\n"));
    return lines.flatMap((line) => {
      const task = /(?:^|\s)deno task (.*?)(?:\s+#.*)?$/.exec(line)?.[1];
      return task === undefined ? [] : [{ page: path, words: wordsOf(task) }];
    });
  });
}

/** Splits a line into words as a shell does, with quotes only. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/['"]/g, "")
  );
}

Deno.test({
  name: `every link in README and docs leads to a file${canRead ? "" : " (needs --allow-read)"}`,
  ignore: !canRead,
  fn: () => {
    for (const { path, text } of pages()) {
      for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const at = join(root, dirname(path), decodeURIComponent(target));
        const exists = isThere(at);
        assert(exists, `${path} links to ${target}`);
      }
    }
  },
});

Deno.test({
  name: `every command in README and docs names a task, its options and specs that resolve${
    canRead ? "" : " (needs --allow-read)"
  }`,
  ignore: !canRead,
  fn: async () => {
    const { tasks } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
    const found = commands();
    assert(found.length >= 15, `${found.length} commands`);
    for (const { page, words: [task = "", ...rest] } of found) {
      const where = `${page}: deno task ${task} ${rest.join(" ")}`;
      assert(tasks[task], where);
      const help = await verbs[task]?.load().then((verb) => verb.help);
      if (help === undefined) continue;
      for (const word of rest) {
        const option = /^--([a-z-]+)/.exec(word)?.[1];
        if (option && option !== "help") assert(help.includes(`--${option}`), where);
      }
      await resolves(task, rest, where);
    }
  },
});

/** Requires that the spec named by a command exists, and that its overrides are valid. */
async function resolves(task: string, words: string[], where: string): Promise<void> {
  const [spec, ...rest] = words.filter((word) => !word.startsWith("--"));
  if (!spec?.startsWith("experiments/")) return;
  const overrides = rest.filter((word) => word.includes("="));
  try {
    if (task === "sweep") await loadSweep(join(root, spec), overrides);
    else await loadSpec(join(root, spec), overrides);
  } catch (error) {
    throw new Error(where, { cause: error });
  }
}
