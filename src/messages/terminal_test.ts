import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, relative } from "@std/path";
import {
  captureTerminal,
  line,
  oneLine,
  print,
  printError,
  terminalSize,
  visible,
} from "./terminal.ts";

const granted = (name: Deno.PermissionName) =>
  Deno.permissions.querySync({ name }).state === "granted";

Deno.test("invisible characters are written out; tabs and line feeds stay", () => {
  const [esc, csi, bidi, isolate, zeroWidth, filler, half] = [
    0x1b,
    0x9b,
    0x202e,
    0x2066,
    0x200b,
    0x3164,
    0xd800,
  ].map((code) => String.fromCodePoint(code));
  assertEquals(visible(`a${esc}[2J${csi}1m`), "a\\u{1b}[2J\\u{9b}1m");
  assertEquals(visible(`${esc}]52;c;eA==\x07`), "\\u{1b}]52;c;eA==\\u{7}");
  assertEquals(visible(`${bidi}${isolate}`), "\\u{202e}\\u{2066}");
  assertEquals(visible(`${zeroWidth}${filler}${half}`), "\\u{200b}\\u{3164}\\u{d800}");
  assertEquals(visible(`\u{e0041}\u2028`), "\\u{e0041}\\u{2028}");
  assertEquals(visible("done\r\tÄé 数 🎨\nnext"), "done\\u{d}\tÄé 数 🎨\nnext");
});

Deno.test("no value in a line starts a new line", () => {
  const name = "out/a\nout/b: verified\x1b[8m";
  assertEquals(oneLine(name), "out/a\\nout/b: verified\\u{1b}[8m");
  assertEquals(line`${name}: NOT verified, ${3} files`, `${oneLine(name)}: NOT verified, 3 files`);
});

Deno.test("stdout and stderr pass through the same writer", () => {
  using captured = captureTerminal();
  print("a\x1b[1m\nb");
  printError("c\x9b");
  assertEquals([captured.out, captured.err], [["a\\u{1b}[1m\nb"], ["c\\u{9b}"]]);
});

Deno.test("a terminal of 0 columns, and no terminal, count as 80 by 24", () => {
  const usual = { columns: 80, rows: 24 };
  assertEquals(terminalSize(() => ({ columns: 0, rows: 0 })), usual);
  assertEquals(terminalSize(() => ({ columns: 120, rows: 0 })), { columns: 120, rows: 24 });
  assertEquals(
    terminalSize(() => {
      throw new Error("no terminal");
    }),
    usual,
  );
});

Deno.test({
  name: "closed pipes, full disks and closed outputs do not end a process (needs --allow-run)",
  ignore: !granted("run") || Deno.build.os !== "linux",
  async fn() {
    const program = `
      import { draw, print, printError } from "${new URL("terminal.ts", import.meta.url)}";
      for (let i = 0; i < 3000; i++) print("x".repeat(100)), printError("y"), draw("z");
      Deno.exit(23);`;
    const ends = ["| head -1 >/dev/null", "2>&1 | true", ">/dev/full 2>/dev/full", ">&- 2>&-"];
    for (const end of ends) {
      const script = `{ { "$0" eval --no-lock "$1" 3>&-; echo $? >&3; } ${end}; } 3>&1`;
      const { stdout } = await new Deno.Command("bash", {
        args: ["-c", script, Deno.execPath(), program],
        stdout: "piped",
      }).output();
      assertEquals(new TextDecoder().decode(stdout), "23\n", end);
    }
  },
});

Deno.test({
  name: "in src/, only terminal.ts prints (needs --allow-read)",
  ignore: !granted("read"),
  fn() {
    const root = fromFileUrl(new URL("..", import.meta.url));
    const strays: string[] = [];
    const visit = (folder: string) => {
      for (const { name, isDirectory } of Deno.readDirSync(folder)) {
        const path = join(folder, name);
        if (isDirectory) {
          if (name !== "benchmarks") visit(path);
          continue;
        }
        const isProgram = name.endsWith(".ts") &&
          !/(^|_)(test|testing|bench|nightly)\.ts$/.test(name);
        if (!isProgram || ["terminal.ts", "fuzz.ts"].includes(name)) continue;
        const text = Deno.readTextFileSync(path);
        const stray = /\bconsole\s*[.[]|\bDeno\.std(out|err)\.write|std(out|err)\.writable/.exec(
          text,
        );
        if (stray) strays.push(`${relative(root, path)}: ${stray[0]}`);
      }
    };
    visit(root);
    assert(strays.length === 0, `use src/messages/terminal.ts instead of: ${strays.join(", ")}`);
  },
});
