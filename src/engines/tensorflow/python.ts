/**
 * What the person's own Python has: a TensorFlow that is installed already, and pip. Nothing is
 * imported or executed.
 */
import { join } from "@std/path";
import { type Machine, programs } from "./machine.ts";

/** A TensorFlow found in a Python. */
export interface InstalledTensorFlow {
  /** The program that knows it. */
  readonly python: string;
  /** The project's name, such as `tensorflow-cpu`. */
  readonly name: string;
  readonly version: string;
  /** The package's folder, which holds the libraries. */
  readonly directory: string;
}

// Only the list of installed distributions is read: importing tensorflow takes seconds and may
// fail. The empty entry of sys.path is the working folder, whose files are none of Python's.
const listScript = `
import sys
sys.path = [p for p in sys.path if p]
import json
from importlib.metadata import distributions
names = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-rocm", "tf-nightly")
found = []
for d in distributions():
    name = (d.metadata["Name"] or "").lower().replace("_", "-")
    if name in names:
        found.append({"name": name, "version": d.version, "directory": str(d.locate_file("tensorflow"))})
print(json.dumps(found))
`;

/** Every TensorFlow that python3 and python know, in their order. */
export async function installedTensorFlows(machine: Machine): Promise<InstalledTensorFlow[]> {
  const pythons = await programs(machine, ["python3", "python"]);
  const lists = await Promise.all(pythons.map(async (python) => {
    const answer = await ask(machine, python, ["-c", listScript]);
    if (answer === null) return [];
    return (JSON.parse(answer) as Omit<InstalledTensorFlow, "python">[]).map((found) => ({
      python,
      ...found,
    }));
  }));
  const seen = new Set<string>();
  return lists.flat().filter(({ directory }) => !seen.has(directory) && seen.add(directory));
}

/**
 * The command that runs pip here, for instance `["/usr/bin/python3", "-m", "pip"]`, or null where
 * there is none.
 */
export async function findPip(machine: Machine): Promise<string[] | null> {
  for (const python of await programs(machine, ["python3", "python", "py"])) {
    if (await ask(machine, python, ["-m", "pip", "--version"]) !== null) {
      return [python, "-m", "pip"];
    }
  }
  for (const pip of await programs(machine, ["pip3", "pip"])) {
    if (await ask(machine, pip, ["--version"]) !== null) return [pip];
  }
  return null;
}

/** What a command prints, or null where it fails: a Python that does not run is as good as none. */
async function ask(machine: Machine, program: string, args: string[]): Promise<string | null> {
  const path = machine.env("PATH");
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args,
      ...(path === undefined ? {} : { env: { PATH: path } }),
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  }
}

/** The file that tells pip which wheels to take, by version and digest; written into `folder`. */
export async function writeRequirements(
  folder: string,
  wheels: readonly { name: string; version: string; sha256: string }[],
): Promise<string> {
  const path = join(folder, "requirements.txt");
  const lines = wheels.map(({ name, version, sha256 }) =>
    `${name}==${version} --hash=sha256:${sha256}\n`
  );
  await Deno.writeTextFile(path, lines.join(""));
  return path;
}
