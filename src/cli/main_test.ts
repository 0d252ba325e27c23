import { assert, assertEquals } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { captureTerminal } from "../messages/terminal.ts";
import { main, outdatedMessage, overview } from "./main.ts";
import { verbs as realVerbs } from "./verbs.ts";

/** The permission of every verb, which the table omits. */
const folderPermission = "--allow-env=INIT_CWD,HOME,USERPROFILE";

const canRead = Deno.permissions.querySync({ name: "read" }).state === "granted";

/** Runs a command with made-up verbs and gives back what was printed. */
async function command(...args: string[]) {
  using said = captureTerminal();
  const verb = (run: (args: string[]) => Promise<number>) => ({
    summary: "does something",
    load: () => Promise.resolve({ run, help: "Usage: something" }),
  });
  const code = await main(args, {
    count: verb((args) => Promise.resolve(args.length)),
    mistake: verb(() => Promise.reject(new UserError("spec.yaml:3:1: no such key"))),
    bug: verb(() => Promise.reject(new TypeError("a bug"))),
  });
  return { code, printed: said.out, failed: said.err };
}

Deno.test("a verb receives its arguments and returns the exit code", async () => {
  assertEquals(await command("count", "a", "--b", "3"), { code: 3, printed: [], failed: [] });
});

Deno.test("a user's mistake gives one message without a stack trace, exit code 2", async () => {
  assertEquals(await command("mistake"), {
    code: 2,
    printed: [],
    failed: ["spec.yaml:3:1: no such key"],
  });
});

Deno.test("any other error keeps its stack trace, exit code 70", async () => {
  const { code, failed } = await command("bug");
  assertEquals(code, 70);
  assert(failed[0]?.startsWith("TypeError: a bug\n    at "), failed[0]);
});

Deno.test("an unknown verb gets the nearest one suggested, even if Object has its name", async () => {
  const { code, failed } = await command("cuont");
  assertEquals(code, 2);
  assertEquals(failed, [
    'unknown command "cuont"; did you mean count?\nCommands: count, mistake, bug',
  ]);
  assertEquals((await command("constructor")).code, 2);
});

Deno.test("help is printed for everything, for a verb, and without arguments", async () => {
  const { code: helped, printed: [help = ""], failed } = await command("count", "--help");
  assertEquals([helped, failed], [0, []]);
  assert(help.startsWith("Usage: something\n\nPaths are relative to"), help);
  assertEquals(help.split("Exit codes:\n  0    done\n").length, 2);
  assert(!help.includes("SIGTERM"), "a verb that handles no signals");
  assertEquals((await command("--help")).code, 0);
  const { code, printed } = await command();
  assertEquals(code, 2);
  assert(printed[0]!.includes("mistake"));
});

Deno.test("an argument with a line break or an escape sequence is refused, and shown escaped", async () => {
  for (
    const [word, shown] of [["a\nb: verified", "a\\nb: verified"], ["a\x1b[2K", "a\\u{1b}[2K"]]
  ) {
    const { code, printed, failed } = await command("count", word!);
    assertEquals([code, printed], [2, []]);
    assert(failed[0]?.startsWith(`"${shown}": contains control characters`), failed[0]);
  }
});

Deno.test("an outdated Deno gets the required version, on one line", () => {
  for (const version of ["1.46.3", "2.0.0", "2.5.6", "2.6.10"]) {
    const message = outdatedMessage(version) ?? "";
    assert(/^[^\n]*Deno 2\.7 or later[^\n]*$/.test(message) && message.includes(version), message);
  }
  for (const version of ["2.7.0", "2.9.6", "2.10.0", "3.0.0-rc.1"]) {
    assertEquals(outdatedMessage(version), null);
  }
});

Deno.test("every verb loads, and its help has a usage", async () => {
  for (const [name, { load }] of Object.entries(realVerbs)) {
    const { run, help } = await load();
    assertEquals(typeof run, "function", name);
    assert(!/exit codes?:/i.test(help), `${name}: exit codes are described once, for all verbs`);
    assert(help.includes(`deno task ${name}`), `${name}: ${help}`);
    assert(overview().includes(`  ${name} `), name);
  }
});

Deno.test({
  name: "every file that exports a verb is listed, and has a task (needs --allow-read)",
  ignore: !canRead,
  fn: async () => {
    const files = [];
    for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
      if (!name.endsWith(".ts") || name.endsWith("_test.ts")) continue;
      const text = await Deno.readTextFile(new URL(name, import.meta.url));
      if (/^export const help\b/m.test(text)) files.push(name.replace(".ts", ""));
    }
    assertEquals(
      files.sort(),
      Object.keys(realVerbs).sort(),
      "verbs.ts needs an entry for each file, and each entry a file",
    );
    const { tasks } = JSON.parse(
      await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
    );
    for (const name of Object.keys(realVerbs)) {
      assertEquals(tasks[name]?.description, realVerbs[name]?.summary);
      assert(
        tasks[name]?.command.endsWith(`src/cli/main.ts ${name}`),
        `deno.json has no task for ${name}`,
      );
    }
  },
});

Deno.test({
  name: "docs/verbs.md lists every verb with its task's permissions (needs --allow-read)",
  ignore: !canRead,
  fn: async () => {
    const page = await Deno.readTextFile(new URL("../../docs/verbs.md", import.meta.url));
    const { tasks } = JSON.parse(
      await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
    );
    const rows = page.split("\n").filter((line) => line.startsWith("| `")).map((line) =>
      line.split("|")
    );
    for (const name of Object.keys(realVerbs)) {
      const row = rows.find(([, verb]) => new RegExp(`\`${name}[ \`]`).test(verb!));
      const asked = / -A /.test(tasks[name].command)
        ? "all"
        : [...tasks[name].command.replace(folderPermission, "").matchAll(/--allow-(\w+)/g)]
          .map(([, what]) => what);
      assertEquals(
        row?.[3]?.trim(),
        String(asked).replaceAll(",", ", "),
        `docs/verbs.md, row for ${name}`,
      );
    }
  },
});

Deno.test({
  name: "the help of verbs that compute names signals and exit codes (needs --allow-read)",
  ignore: !canRead,
  fn: async () => {
    for (const name of ["run", "sweep", "sample", "evaluate", "equivariance", "reproduce"]) {
      using said = captureTerminal();
      assertEquals(await main([name, "--help"]), 0);
      const [help = ""] = said.out;
      for (const words of ["75   SIGUSR1", "130  Ctrl-C", "143  SIGTERM", "nohup", "npx"]) {
        assert(help.includes(words), `${name}: ${words}`);
      }
    }
  },
});
