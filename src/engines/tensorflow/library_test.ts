import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { type FetchProgress, findLibrary } from "./library.ts";
import type { Machine } from "./machine.ts";
import { wheelSet } from "./pins.ts";
import { find, libraries, pythonScript, scenario } from "./library_testing.ts";

scenario(
  "the library is downloaded once, only its needed files are kept, and then the cache has it",
  async (fake) => {
    const stages = new Set<string>();
    const library = await findLibrary({
      machine: fake.machine,
      onProgress: ({ stage, doneBytes, totalBytes }) => {
        assert(doneBytes <= totalBytes);
        stages.add(stage);
      },
    });
    assertEquals([library.source, library.version, library.gpu], ["download", "2.21.0", false]);
    assertEquals([...stages], ["download", "unpack"]);
    assertEquals(await Deno.readFile(library.cc), libraries["tensorflow/libtensorflow_cc.so.2"]);
    assertEquals(
      await Deno.readFile(library.framework),
      libraries["tensorflow/libtensorflow_framework.so.2"],
    );
    const files = (await Array.fromAsync(Deno.readDir(library.directory))).map((entry) =>
      entry.name
    ).sort();
    assertEquals(files, ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]);
    assertEquals((await find(fake)).source, "cache");
    assertEquals((await fake.cached()).length, 1);
    const [call, pin] = await fake.downloads();
    for (
      const argument of [
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--platform manylinux_2_27_x86_64",
      ]
    ) {
      assert(call!.includes(argument), call);
    }
    assert(!call!.includes("index-url"), "pip's index is the user's own setting");
    assertEquals(
      pin,
      `tensorflow-cpu==2.21.0 --hash=sha256:${fake.machine.wheels!.wheels[0]!.sha256}`,
    );
  },
);

scenario(
  "of five processes that need the library at once, one downloads it and all use it",
  async (fake) => {
    const stages: string[] = [];
    const onProgress = ({ stage }: FetchProgress) => void stages.push(stage);
    const found = await Promise.all(
      Array.from({ length: 5 }, () => findLibrary({ machine: fake.machine, onProgress })),
    );
    assertEquals(stages.filter((stage) => stage === "wait").length, 4);
    assertEquals(new Set(found.map(({ cc }) => cc)).size, 1);
    assertEquals((await fake.downloads()).filter((line) => line.startsWith("-I -m pip")).length, 1);
  },
);

scenario("an incomplete download is refused and leaves nothing", async (fake) => {
  await fake.write(
    "bin/python3",
    pythonScript(
      fake.folder,
      `for f in ${fake.folder}/index/*; do /usr/bin/head -c 500 "$f" > "$dest/\${f##*/}"; done`,
    ),
  );
  await assertRejects(() => find(fake), UserError, "instead of the pinned");
  assertEquals(await fake.cached(), []);
});

scenario("if pip fails, the error repeats its output and says what to do", async (fake) => {
  await fake.write(
    "bin/python3",
    pythonScript(
      fake.folder,
      `for i in 1 2 3; do echo "WARNING: Retrying after connection broken by refusal $i" >&2; done
       echo "Traceback (most recent call last):" >&2
       echo "ERROR: No matching distribution found" >&2; exit 1`,
    ),
  );
  const error = await assertRejects(() => find(fake), UserError) as UserError;
  assertStringIncludes(
    error.message,
    "broken by refusal 3\n  ERROR: No matching distribution found",
  );
  assertStringIncludes(error.message, "set TENSORFLOW_DIR");
  assert(!/refusal 1|Traceback/.test(error.message), error.message);
  assertEquals(await fake.cached(), []);
});

scenario("without pip there is one clear message, and pip3 alone is enough", async (fake) => {
  await Deno.remove(join(fake.folder, "bin/python3"));
  for (const download of [true, false]) {
    const error = await assertRejects(() => find(fake, download), UserError) as UserError;
    assertStringIncludes(error.message, "there is no pip here");
    assert(!error.message.includes("pip install"), error.message);
  }
  await fake.write("bin/python3", "#!/bin/sh\necho No module named pip >&2\nexit 1\n");
  await assertRejects(() => find(fake), UserError, "bin/python3: No module named pip)");
  await fake.write(
    "bin/pip3",
    `#!/bin/sh\nif [ "$1" = --version ]; then exit 0; fi\nwhile [ "$1" != --dest ]; do shift; done\n` +
      `/bin/cp ${fake.folder}/index/* "$2"\n`,
  );
  assertEquals((await find(fake)).source, "download");
});

scenario("a cache that lost bytes or holds other wheels is downloaded again", async (fake) => {
  const { cc, directory } = await find(fake);
  await Deno.truncate(cc, 100);
  assertEquals((await find(fake)).source, "download");
  assertEquals((await Deno.stat(cc)).size, 70_000);
  const manifest = join(directory, "..", "alias-free-diffusion.json");
  await Deno.writeTextFile(manifest, (await Deno.readTextFile(manifest)).slice(0, 50));
  assertEquals((await find(fake)).source, "download");
  await Deno.writeTextFile(
    manifest,
    (await Deno.readTextFile(manifest)).replace(/"[0-9a-f]{64}"/, '"0"'),
  );
  assertEquals((await find(fake)).source, "download");
  assertEquals((await find(fake)).source, "cache");
});

scenario(
  "a file that changed at the same size and mtime is detected before it is loaded",
  async (fake) => {
    const { cc, directory } = await find(fake);
    // After this time a change shows in ctime, so the comparison is remembered.
    await new Promise((wake) => setTimeout(wake, 3_100));
    assertEquals((await find(fake)).source, "cache");
    const checked = await Deno.readTextFile(
      join(directory, "..", "alias-free-diffusion-checked.json"),
    );
    assertEquals(Object.keys(JSON.parse(checked)).length, 2);
    const { mtime } = await Deno.stat(cc);
    const bytes = await Deno.readFile(cc);
    bytes[12_345] = 99;
    await Deno.writeFile(cc, bytes);
    await Deno.utime(cc, mtime!, mtime!);
    assertEquals((await find(fake)).source, "download");
    assertEquals(await Deno.readFile(cc), libraries["tensorflow/libtensorflow_cc.so.2"]);

    // A change of only the mode costs a comparison, but no download. A link is refused.
    await Deno.chmod(cc, 0o755);
    assertEquals((await find(fake)).source, "cache");
    await Deno.rename(cc, join(fake.folder, "elsewhere"));
    await Deno.symlink(join(fake.folder, "elsewhere"), cc);
    assertEquals((await find(fake)).source, "download");
  },
);

scenario("with a cached library, Python is not started", async (fake) => {
  await find(fake);
  await Deno.remove(join(fake.folder, "asked"));
  assertEquals((await find(fake)).source, "cache");
  await assertRejects(() => Deno.stat(join(fake.folder, "asked")), Deno.errors.NotFound);
});

scenario("a cache that others may write to is refused", async (fake) => {
  const { directory } = await find(fake);
  const cache = join(fake.folder, "cache", "alias-free-diffusion");
  for (const path of [cache, join(directory, "..")]) {
    await Deno.chmod(path, 0o777);
    for (const download of [true, false]) {
      await assertRejects(() => find(fake, download), UserError, "everybody on this machine");
    }
    await Deno.chmod(path, 0o755);
  }
  assertEquals((await find(fake)).source, "cache");
});

scenario("leftovers of a process that died while downloading are removed", async (fake) => {
  const part = `cache/alias-free-diffusion/.${fake.machine.wheels!.key}.partial-0123456789abcdef`;
  await fake.write(`${part}/complete/tensorflow/libtensorflow_cc.so.2`, "half");
  assertEquals((await find(fake)).source, "download");
  assertEquals(await fake.cached(), [fake.machine.wheels!.key]);
});

scenario(
  "the pinned version in the user's Python is used; another version is named and skipped",
  async (fake) => {
    for (const [path, bytes] of Object.entries(libraries)) await fake.write(`old/${path}`, bytes);
    for (const [path, bytes] of Object.entries(libraries)) await fake.write(`site/${path}`, bytes);
    await fake.write("site/nvidia/cudnn/lib/libcudnn.so.9", "");
    const old = {
      name: "tensorflow",
      version: "2.15.0",
      directory: join(fake.folder, "old/tensorflow"),
    };
    const pinned = {
      name: "tensorflow-cpu",
      version: "2.21.0",
      directory: join(fake.folder, "site/tensorflow"),
    };
    await fake.write("installed.json", JSON.stringify([old]));
    const error = await assertRejects(() => find(fake, false), UserError) as UserError;
    const named = `tensorflow 2.15.0 of ${fake.folder}/bin/python3 is not 2.21.0`;
    assert(error.message.includes(named), error.message);
    await fake.write("installed.json", JSON.stringify([old, pinned]));
    const library = await find(fake, false);
    assertEquals(library, {
      directory: pinned.directory,
      cc: join(pinned.directory, "libtensorflow_cc.so.2"),
      framework: join(pinned.directory, "libtensorflow_framework.so.2"),
      version: "2.21.0",
      source: "python",
      gpu: true,
      wheels: [],
      skipped: [named],
    });
    await Deno.remove(library.framework);
    await assertRejects(() => find(fake, false), UserError, "lacks its libraries");
  },
);

scenario(
  "TENSORFLOW_DIR comes first, with any version, and must hold both libraries",
  async (fake) => {
    for (const [path, bytes] of Object.entries(libraries)) await fake.write(`own/${path}`, bytes);
    const named = (directory: string): Machine => ({
      ...fake.machine,
      env: (name) => name === "TENSORFLOW_DIR" ? directory : fake.machine.env(name),
    });
    const library = await findLibrary({ machine: named(join(fake.folder, "own/tensorflow")) });
    assertEquals([library.source, library.version], ["TENSORFLOW_DIR", null]);
    const hint = `Did you mean ${join(fake.folder, "own/tensorflow")}?`;
    await assertRejects(
      () => findLibrary({ machine: named(join(fake.folder, "own")) }),
      UserError,
      hint,
    );
    const empty = { machine: named(join(fake.folder, "nothing")) };
    await assertRejects(() => findLibrary(empty), UserError, "does not hold libtensorflow_cc");
    assertEquals(await fake.downloads(), []);
  },
);

scenario(
  "without permission to download, the message says how much it would be",
  async (fake) => {
    const error = await assertRejects(() => find(fake, false), UserError) as UserError;
    assert(/downloads it with pip \(\d+ MB\)/.test(error.message), error.message);
    assertEquals(await fake.downloads(), []);
  },
);

scenario("a cache that cannot be written gives a clear message", async (fake) => {
  await fake.write("cache/alias-free-diffusion", "a file");
  await assertRejects(() => find(fake), UserError, "cannot be written");
});

const machineOf = (os: string, arch: string): Machine => ({
  os,
  arch,
  env: (name) => name === "HOME" ? "/nowhere" : undefined,
  wheels: wheelSet(os, arch, false),
});

Deno.test("the message on Windows and unknown machines names what works there", async () => {
  await assertRejects(
    () => findLibrary({ machine: machineOf("windows", "x86_64") }),
    UserError,
    "WSL2",
  );
  await assertRejects(
    () => findLibrary({ machine: machineOf("darwin", "x86_64") }),
    UserError,
    "publishes no library",
  );
  await assertRejects(
    () => findLibrary({ machine: machineOf("freebsd", "x86_64") }),
    UserError,
    "webgpu",
  );
});
