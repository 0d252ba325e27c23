import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { processTest } from "../../files/testing.ts";
import { openTensorFlow } from "./ffi.ts";
import { findLibrary } from "./library.ts";
import { isNoexec, type Machine, programs } from "./machine.ts";
import { wheelSet } from "./pins.ts";
import { findPip, installedTensorFlows } from "./python.ts";

const { os, arch } = Deno.build;
const wheels = wheelSet("linux", "x86_64", false);
const machineWith = (variables: Record<string, string | undefined>): Machine => ({
  os,
  arch,
  env: (name) => variables[name],
  wheels,
});
const path = Deno.permissions.querySync({ name: "env" }).state === "granted"
  ? Deno.env.get("PATH")
  : undefined;
const here = machineWith({ PATH: path });
const noPython = (await programs(here, ["python3"])).length > 0 ? "" : "needs a Python";

/** Runs a function in another working folder. */
async function inFolder<T>(folder: string, fn: () => Promise<T>): Promise<T> {
  const before = Deno.cwd();
  Deno.chdir(folder);
  try {
    return await fn();
  } finally {
    Deno.chdir(before);
  }
}

processTest("Python does not import files of the working folder", async (folder) => {
  const ran = join(folder, "ran");
  const planted = `open(${JSON.stringify(ran)}, "w").write("ran")\n`;
  for (const name of ["pip", "json", "importlib"]) {
    Deno.writeTextFileSync(join(folder, `${name}.py`), planted);
  }
  await inFolder(folder, async () => {
    const tensorflows = await installedTensorFlows(here);
    assert(Array.isArray(tensorflows));
    const { command } = await findPip(here);
    assert(command === null || command.length > 0);
  });
  assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name === "ran"), []);
}, noPython);

processTest("relative folders on PATH are ignored", async (folder) => {
  Deno.writeTextFileSync(join(folder, "python3"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  await inFolder(folder, async () => {
    assertEquals(await programs(machineWith({ PATH: ".:" }), ["python3"]), []);
  });
});

const notMountable = os !== "linux" || Deno.permissions.querySync({ name: "sys" }).state !==
    "granted" ||
    Deno.uid() !== 0
  ? "needs Linux and root, to mount a small disk"
  : "";

processTest("a cache on a disk mounted noexec gives a message that says so", async (folder) => {
  const run = async (program: string, ...args: string[]) => {
    const { success, stderr } = await new Deno.Command(program, { args }).output();
    assert(success, new TextDecoder().decode(stderr));
  };
  const disk = join(folder, "a disk");
  Deno.mkdirSync(disk);
  assertEquals(await isNoexec(disk), false);
  await run("mount", "-t", "tmpfs", "-o", "noexec,size=8m", "tmpfs", disk);
  try {
    assertEquals(await isNoexec(join(disk, "not", "there", "yet")), true);
    const machine = machineWith({ PATH: join(folder, "nothing"), XDG_CACHE_HOME: disk });
    const words = "mounted noexec";
    const before = await assertRejects(() => findLibrary({ machine }), UserError);
    assertStringIncludes(before.message, words);

    // When only the loader notices it, the message is the same.
    const library = join(disk, "libtensorflow_framework.so.2");
    const loaded = /\S+libc\.so\.6$/m.exec(Deno.readTextFileSync("/proc/self/maps"))?.[0] ?? "";
    Deno.copyFileSync(loaded, library);
    const opened = await assertRejects(
      () => Promise.resolve().then(() => openTensorFlow({ framework: library, cc: library })),
      UserError,
    );
    assertStringIncludes(opened.message, words);
  } finally {
    // Lazily (-l), because the loader may keep the file open.
    await run("umount", "-l", disk);
  }
}, notMountable);
