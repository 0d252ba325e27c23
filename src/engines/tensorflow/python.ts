/**
 * What the person's own Python has: a TensorFlow that is installed already, and pip. Programs are
 * started in an empty folder, so that no file of the working folder is taken for a module of
 * theirs, such as a pip.py.
 */
import { join } from "@std/path";
import { z } from "zod";
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

/** Stand around our own answer: wrappers and sitecustomize.py print lines before it and behind. */
const marks = ["<alias-free-diffusion<", ">alias-free-diffusion>"] as const;

// Only the list of installed distributions is read: importing tensorflow takes seconds and may
// fail.
const listScript = `
import json, sys
from importlib.metadata import distributions
names = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-rocm", "tf-nightly")
found = []
for d in distributions():
    name = (d.metadata["Name"] or "").lower().replace("_", "-")
    if name in names:
        found.append({"name": name, "version": d.version, "directory": str(d.locate_file("tensorflow"))})
sys.stdout.write("\\n${marks[0]}" + json.dumps(found) + "${marks[1]}\\n")
`;

const listForm = z.array(
  z.object({ name: z.string(), version: z.string(), directory: z.string() }),
);

/** Every TensorFlow that python3 and python know, in their order. */
export async function installedTensorFlows(machine: Machine): Promise<InstalledTensorFlow[]> {
  const pythons = await programs(machine, ["python3", "python"]);
  if (pythons.length === 0) return [];
  const lists = await inEmptyFolder((folder) =>
    Promise.all(pythons.map(async (python) => {
      const { success, out } = await ask(machine, folder, [python, "-c", listScript]);
      return success ? listed(out).map((found) => ({ python, ...found })) : [];
    }))
  );
  const seen = new Set<string>();
  return lists.flat().filter(({ directory }) => !seen.has(directory) && seen.add(directory));
}

/** The list among all that a Python printed; empty where it is not there. */
function listed(text: string): z.infer<typeof listForm> {
  const start = text.lastIndexOf(marks[0]);
  const end = text.lastIndexOf(marks[1]);
  if (start < 0 || end < start) return [];
  try {
    return listForm.safeParse(JSON.parse(text.slice(start + marks[0].length, end))).data ?? [];
  } catch {
    return []; // Something was printed into it: as good as none.
  }
}

/** A way to run pip, or why there is none. */
export type FoundPip =
  | { readonly command: readonly [program: string, ...args: string[]] }
  | { readonly command: null; readonly tried: readonly string[] };

/** Finds the command that runs pip here, for instance `/usr/bin/python3 -I -m pip`. */
export async function findPip(machine: Machine): Promise<FoundPip> {
  const pythons = await programs(machine, ["python3", "python", "py"]);
  const commands: [string, ...string[]][] = [
    // Isolated first; without, where pip lies in the person's own packages (pip install --user).
    ...pythons.flatMap((python): [string, ...string[]][] => [
      [python, "-I", "-m", "pip"],
      [python, "-m", "pip"],
    ]),
    ...(await programs(machine, ["pip3", "pip"])).map((pip): [string] => [pip]),
  ];
  const tried: string[] = [];
  if (commands.length === 0) return { command: null, tried };
  return await inEmptyFolder(async (folder) => {
    for (const command of commands) {
      const { success, error } = await ask(machine, folder, [...command, "--version"]);
      if (success) return { command };
      if (command.includes("-I")) continue; // The same is tried without.
      const [program] = command;
      const said = lastLines(error, 1) || "it does not run";
      tried.push(said.startsWith(program) ? said : `${program}: ${said}`);
    }
    return { command: null, tried };
  });
}

/** The last lines of what a program said that say something. */
export function lastLines(text: string, count: number): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== "");
  return lines.slice(-count).join("\n");
}

/** What a command prints; a program that does not run is as good as none. */
async function ask(
  machine: Machine,
  folder: string,
  [program = "", ...args]: readonly string[],
): Promise<{ success: boolean; out: string; error: string }> {
  const path = machine.env("PATH");
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args,
      cwd: folder,
      ...(path === undefined ? {} : { env: { PATH: path } }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { success, out: text(stdout), error: text(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return { success: false, out: "", error: error instanceof Error ? error.message : "" };
  }
}

async function inEmptyFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
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
  await Deno.writeTextFile(path, lines.join(""), { createNew: true });
  return path;
}
