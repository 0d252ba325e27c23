// Whatever stops runs from outside, with real processes: signals, closing terminals, pipes without a
// reader. Each run resumes, and gives the bytes of an undisturbed run.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { command, commandLine, ignoreRuns, start, tinySpec, withFolder } from "./testing.ts";

const python = Deno.permissions.querySync({ name: "env" }).state === "granted"
  ? Deno.env.get("PYTHON") ?? "python3"
  : "python3";
const ignore = ignoreRuns || (Deno.build.os === "windows" ? "needs a Unix" : "");
const signalTest = (name: string, fn: (folder: string) => Promise<void>, images = 48) =>
  Deno.test({
    name: `signals: ${name}${ignore && ` (${ignore})`}`,
    ignore: ignore !== "",
    fn: () => withFolder(fn, tinySpec.replace("images: 80", `images: ${images}`)),
  });

const arguments_ = (out: string) => ["run", "tiny.yaml", "--engine", "cpu", "--out", out];

/** The manifest of the only bundle in a folder; null if there is none yet. */
function manifest(out: string): string | null {
  const [bundle] = entries(out).filter((name) => !name.startsWith("."));
  return bundle === undefined
    ? null
    : Deno.readTextFileSync(join(out, bundle, "manifest-sha256.txt"));
}

function entries(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (condition()) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`waited for a minute, but there is no ${what}`);
}

/**
 * Starts a program on its own terminal, closes the terminal as soon as the run trains, and returns
 * the program's exit code (negative: a signal's number).
 */
async function onClosingTerminal(folder: string, out: string, argv: string[]): Promise<number> {
  const work = join(folder, out, ".work");
  const program = `
import glob, os, pty, re, select, sys, time
folder, work, *argv = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(folder)
    os.execvp(argv[0], argv)
seen = b""
is_open = True
for _ in range(3600):
    if not is_open:
        time.sleep(0.05)
    while is_open and select.select([terminal], [], [], 0.05)[0]:
        try:
            read = os.read(terminal, 4096)
        except OSError:
            read = b""
        # No process holds the terminal open: nohup redirects all output into a file.
        is_open = read != b""
        seen += read
    # The progress bar after a step or, if the terminal does not show it, the run's folder.
    if re.search(rb"[1-9]/\\d+ steps", seen): break
    if "nohup" in argv and glob.glob(work + "/*"): break
else:
    sys.exit("waited for a minute, but the run does not train")
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
  const { stdout, stderr } = await new Deno.Command(python, {
    args: ["-c", program, folder, work, ...argv],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stdout).trim();
  assert(/^-?\d+$/.test(said), new TextDecoder().decode(stderr));
  return Number(said);
}

signalTest("each saves, has its exit code, and the run resumes", async (folder) => {
  const alone = await command(folder, arguments_("alone")).result;
  assertEquals(alone.code, 0, alone.err);
  const expected = manifest(join(folder, "alone"));
  const codes = [["SIGUSR1", 75], ["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 130]] as const;
  for (const [signal, expectedCode] of codes) {
    const process = command(folder, arguments_("out"));
    assert(await process.prints("engine: "), signal);
    // Twice, because tasks, shells and terminals forward signals.
    process.kill(signal);
    process.kill(signal);
    const { code, out, err } = await process.result;
    assertEquals([signal, code, out], [signal, expectedCode, ""], err);
    assertStringIncludes(err, "progress is saved");
    assertEquals(err.includes("start again"), signal === "SIGUSR1", err);
    assert(!err.includes("Debugger listening"), err);
  }
  // A closed pipe (`| head`), and a reader of the log that exits.
  const [program, ...args] = commandLine(arguments_("out"));
  const shell = `"$0" "$@" 2> >(head -n 1 >&2) | true; exit \${PIPESTATUS[0]}`;
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-c", shell, program!, ...args],
    cwd: folder,
    stderr: "piped",
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  assertEquals(manifest(join(folder, "out")), expected);
});

signalTest(
  "a process with nothing to save ends at once, with the same exit codes",
  async (folder) => {
    const program = `
    import { handleSignals } from "${new URL("signals.ts", import.meta.url)}";
    handleSignals();
    setInterval(() => {}, 1000);
    await Deno.stderr.write(new TextEncoder().encode("listening"));`;
    const codes = [["SIGUSR1", 75], ["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 130]] as const;
    await Promise.all(codes.map(async ([signal, expected]) => {
      const process = start(folder, [Deno.execPath(), "eval", "--no-lock", program]);
      assert(await process.prints("listening"));
      // Deno's debugger listens for SIGUSR1 from half a second on.
      await new Promise((wake) => setTimeout(wake, 800));
      process.kill(signal);
      const { code, err } = await process.result;
      assertEquals([signal, code, err.includes("Debugger")], [signal, expected, false], err);
      assertEquals(err.includes("start again"), signal === "SIGUSR1");
    }));
  },
);

signalTest("a sweep handles them like a run", async (folder) => {
  const process = command(folder, ["sweep", ...arguments_("out").slice(1), "seed=1,2"]);
  assert(await process.prints("engine: "));
  process.kill("SIGTERM");
  const { code, err } = await process.result;
  assertEquals(code, 143, err);
  assertStringIncludes(err, "progress is saved");
});

signalTest("a task forwards them, unlike npx", async (folder) => {
  const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
  // A task in a task keeps the folder of the first one.
  const env = { INIT_CWD: folder };
  const process = start(
    folder,
    [Deno.execPath(), "task", "--config", config, ...arguments_("out")],
    env,
  );
  assert(await process.prints("engine: "));
  process.kill("SIGTERM");
  const { code, err } = await process.result;
  assertEquals(code, 143, err);
  assertStringIncludes(err, "progress is saved");
});

signalTest("closing the terminal stops a run, which saves", async (folder) => {
  assertEquals(await onClosingTerminal(folder, "out", commandLine(arguments_("out"))), 130);
  const [work] = entries(join(folder, "out", ".work"));
  assert(entries(join(folder, "out", ".work", work!)).includes("checkpoint.safetensors"));
});

signalTest("under nohup and after disown, a run outlives its terminal", async (folder) => {
  const quote = (args: string[]) => args.map((arg) => `'${arg}'`).join(" ");
  const line = quote(commandLine(arguments_("disowned")));
  const forget = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); " +
    "os.execv(sys.argv[1], sys.argv[1:])";
  const [nohup, viaNode] = await Promise.all([
    onClosingTerminal(folder, "nohup", ["nohup", ...commandLine(arguments_("nohup"))]),
    // Node.js sets signals back, and npx is written in it.
    onClosingTerminal(folder, "node", [
      "nohup",
      ...[python, "-c", forget],
      ...commandLine(arguments_("node")),
    ]),
    onClosingTerminal(folder, "disowned", [
      "bash",
      "--norc",
      "-ic",
      `(${line}; echo $? >new; mv new code) & disown; sleep 99`,
    ]),
  ]);
  assertEquals([nohup, viaNode], [0, 0]);
  await until("end of the disowned run", () => entries(folder).includes("code"));
  assertEquals(Deno.readTextFileSync(join(folder, "code")), "0\n");
  const disowned = manifest(join(folder, "disowned"));
  assertEquals(manifest(join(folder, "nohup")), disowned);
  assertEquals(manifest(join(folder, "node")), disowned);
}, 16);
