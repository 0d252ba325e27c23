/**
 * Finds TensorFlow and pip in the user's Python. Programs start in an empty folder, so that Python
 * never imports a file of the working folder, such as a pip.py.
 */
import { join } from "@std/path";
import { z } from "zod";
import { type Machine, programs } from "./machine.ts";

/** A TensorFlow that is installed in a Python. */
export interface InstalledTensorFlow {
  /** Path of the Python program. */
  readonly python: string;
  /** The name in the package index, such as `tensorflow-cpu`. */
  readonly name: string;
  readonly version: string;
  /** The package's folder, which holds the libraries. */
  readonly directory: string;
}

/**
 * Enclose our output, because wrappers and sitecustomize.py may print lines before and after it.
 */
const marks = ["<alias-free-diffusion<", ">alias-free-diffusion>"] as const;

// Lists the installed distributions. Importing tensorflow would take seconds and might fail.
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

const listSchema = z.array(
  z.object({ name: z.string(), version: z.string(), directory: z.string() }),
);

/** Every TensorFlow that is installed for `python3` and then `python`. */
export async function installedTensorFlows(machine: Machine): Promise<InstalledTensorFlow[]> {
  const pythons = await programs(machine, ["python3", "python"]);
  if (pythons.length === 0) return [];
  const lists = await inEmptyFolder((folder) =>
    Promise.all(pythons.map(async (python) => {
      const { success, out } = await run(machine, folder, [python, "-c", listScript]);
      return success ? parseList(out).map((found) => ({ python, ...found })) : [];
    }))
  );
  const seen = new Set<string>();
  return lists.flat().filter(({ directory }) => !seen.has(directory) && seen.add(directory));
}

/** The list in a Python's output; empty if it is missing. */
function parseList(text: string): z.infer<typeof listSchema> {
  const start = text.lastIndexOf(marks[0]);
  const end = text.lastIndexOf(marks[1]);
  if (start < 0 || end < start) return [];
  try {
    return listSchema.safeParse(JSON.parse(text.slice(start + marks[0].length, end))).data ?? [];
  } catch {
    return []; // Other output has broken it.
  }
}

/** The command that runs pip, or the failed tries, each as "PROGRAM: reason". */
export type FoundPip =
  | { readonly command: readonly [program: string, ...args: string[]] }
  | { readonly command: null; readonly tried: readonly string[] };

/** Finds the command that runs pip, for example `/usr/bin/python3 -I -m pip`. */
export async function findPip(machine: Machine): Promise<FoundPip> {
  const pythons = await programs(machine, ["python3", "python", "py"]);
  const commands: [string, ...string[]][] = [
    // Isolated (-I) first. That hides a pip in the user's own packages (pip install --user).
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
      const { success, error } = await run(machine, folder, [...command, "--version"]);
      if (success) return { command };
      if (command.includes("-I")) continue; // The next try is the same without -I.
      const [program] = command;
      const reason = lastLines(error, 1) || "it does not run";
      tried.push(reason.startsWith(program) ? reason : `${program}: ${reason}`);
    }
    return { command: null, tried };
  });
}

/** The last lines of a text that are not blank. */
export function lastLines(text: string, count: number): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== "");
  return lines.slice(-count).join("\n");
}

/** Runs a command and returns its output. A program that cannot start counts as a failure. */
async function run(
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

/** Writes pip's requirements file, which pins wheels by version and digest. Returns its path. */
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
