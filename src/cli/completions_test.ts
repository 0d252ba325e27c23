import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { captureTerminal } from "../messages/terminal.ts";
import { processTest } from "../files/testing.ts";
import { run } from "./completions.ts";
import { verbs } from "./verbs.ts";

async function script(shell: string): Promise<string> {
  using captured = captureTerminal();
  assertEquals(await run([shell]), 0);
  return captured.out.join("\n");
}

Deno.test("completions: every shell's script has every verb; unknown shells are refused", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const text = await script(shell);
    for (const name of Object.keys(verbs)) assertStringIncludes(text, name, shell);
    assertStringIncludes(text, shell === "fish" ? "-l dry-run" : "--dry-run", shell);
  }
  await assertRejects(() => run(["csh"]), UserError, 'unknown shell "csh"');
  await assertRejects(() => run([]), UserError, "completions takes the name of a shell");
});

processTest("completions: bash completes commands, options and files", async (folder) => {
  Deno.writeTextFileSync(`${folder}/completions.bash`, await script("bash"));
  /** What bash proposes for the last of the words. */
  const complete = async (...words: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: [
        "--norc",
        "-c",
        `source ./completions.bash
        COMP_WORDS=(alias-free "$@") COMP_CWORD=$#
        _alias_free
        echo "\${COMPREPLY[@]}"
        complete -p alias-free`,
        "bash",
        ...words,
      ],
      cwd: folder,
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    const [proposals, registered] = new TextDecoder().decode(stdout).split("\n");
    assertEquals(registered, "complete -o default -F _alias_free alias-free");
    return proposals;
  };
  assertEquals(await complete("re"), "report reproduce");
  assertEquals(await complete("run", "--d"), "--data --dry-run");
  assertEquals(await complete("verify", "out/a", "--"), "--digest --help");
  assertEquals(await complete("run", "experiments/"), "", "nothing, so that bash proposes files");
}, Deno.build.os === "windows" ? "needs bash" : "");
