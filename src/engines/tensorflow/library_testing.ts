/** A made-up machine for the tests of finding and downloading TensorFlow's library. */
import { join } from "@std/path";
import { zipSync } from "fflate";
import { sha256 as sha256Of } from "../../formats/sha256.ts";
import { findLibrary } from "./library.ts";
import type { Machine } from "./machine.ts";
import { wheelSet } from "./pins.ts";

const ignore = Deno.build.os === "windows" ||
  (["read", "write", "run"] as const).some((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  );

const why = "(needs --allow-read --allow-write --allow-run, and a shell)";

/** The wheel's two libraries. */
export const libraries = {
  "tensorflow/libtensorflow_cc.so.2": new Uint8Array(70_000).fill(1),
  "tensorflow/libtensorflow_framework.so.2": new Uint8Array(30_000).fill(2),
};

/**
 * A made-up machine in a temporary folder. Its Pythons are shell scripts that "download" a wheel.
 */
export interface FakeMachine {
  readonly machine: Machine;
  readonly folder: string;
  /** Writes a file below the folder; one in bin/ becomes executable. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** The arguments of each `pip download`. */
  downloads(): Promise<string[]>;
  /** Names in the cache, without locks. */
  cached(): Promise<string[]>;
}

/** Registers a test on such a machine. */
export function scenario(name: string, test: (fake: FakeMachine) => Promise<void>) {
  Deno.test({ name: `${name} ${why}`, ignore, fn: () => withMachine(test) });
}

async function withMachine(test: (fake: FakeMachine) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const write = async (path: string, content: string | Uint8Array) => {
    const target = join(folder, path);
    await Deno.mkdir(join(target, ".."), { recursive: true });
    await Deno.writeFile(
      target,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    if (path.startsWith("bin/")) await Deno.chmod(target, 0o755);
  };
  const list = async (path: string) => {
    try {
      return (await Array.fromAsync(Deno.readDir(join(folder, path)))).map((entry) => entry.name)
        .sort();
    } catch {
      return [];
    }
  };
  try {
    const wheel = zipSync({ ...libraries, "tensorflow/python/not_needed.py": new Uint8Array(100) });
    await write("index/tensorflow_cpu-2.21.0-fake.whl", wheel);
    await write("installed.json", "[]");
    await write("log", "");
    await write("bin/python3", pythonScript(folder));
    const real = wheelSet("linux", "x86_64", false)!;
    const sha256 = sha256Of(wheel);
    const wheels = { ...real, wheels: [{ ...real.wheels[0]!, sha256, bytes: wheel.length }] };
    const variables: Record<string, string> = {
      // Only the scripts: the search must not find the real Pythons.
      PATH: `${folder}/bin`,
      XDG_CACHE_HOME: `${folder}/cache`,
    };
    await test({
      folder,
      write,
      machine: { os: "linux", arch: "x86_64", env: (name) => variables[name], wheels },
      downloads: async () =>
        (await Deno.readTextFile(join(folder, "log"))).split("\n").filter((line) => line !== ""),
      cached: async () =>
        (await list("cache/alias-free-diffusion")).filter((name) => !name.endsWith(".lock")),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A Python that lists the packages in installed.json and whose pip copies wheels from index/. */
export function pythonScript(
  folder: string,
  download = `/bin/cp ${folder}/index/* "$dest"`,
): string {
  return `#!/bin/sh
echo asked >> ${folder}/asked
if [ "$1" = -c ]; then
  echo "a line of a wrapper's own, [with] {brackets}"
  echo "<alias-free-diffusion<$(/bin/cat ${folder}/installed.json)>alias-free-diffusion>"
  echo "and one behind"
  exit 0
fi
case "$*" in *"pip --version") echo pip 99; exit 0; esac
echo "$@" >> ${folder}/log
while [ $# -gt 0 ]; do
  if [ "$1" = --dest ]; then dest="$2"; fi
  if [ "$1" = --requirement ]; then /bin/cat "$2" >> ${folder}/log; fi
  shift
done
${download}
`;
}

/** Finds the library on such a machine. */
export const find = (fake: FakeMachine, download = true) =>
  findLibrary({ machine: fake.machine, download, onProgress: () => {} });
