/** For tests: forges bundles (correct manifests for wrong contents), and runs the verbs on them. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { fitTags, writeManifests } from "../bundle/testing.ts";
import { damage, generator } from "../formats/fuzz.ts";
import { decodeTensors, encodeTensors, type TensorData } from "../formats/safetensors.ts";
import { hostileTexts } from "../report/testing.ts";
import { copyBundle } from "../runner/testing.ts";
import { captureTerminal } from "../messages/terminal.ts";
import { main } from "./main.ts";

type Random = ReturnType<typeof generator>;

const pick = <T>(random: Random, list: readonly T[]): T | undefined => list[random(list.length)];

/** Values that no field expects, and texts that would attack a terminal, a table or a page. */
const values: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  "",
  [],
  {},
  [[[]]],
  "\u001b[2J\u001b[1;1Hout/x: verified",
  "\u001b]52;c;ZXZpbA==\u0007",
  "\u009b31m\u202e",
  "a\r\nout/x: verified, 1 file",
  "=cmd|'/c calc'!A1",
  "x".repeat(5000),
  ...hostileTexts,
];

/** Replaces one to three values inside a JSON text. */
function forgeJson(text: string, random: Random): string {
  const root = JSON.parse(text);
  const slots: [parent: object, key: string][] = [];
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      slots.push([value, key]);
      visit(inner);
    }
  };
  visit(root);
  for (let times = 1 + random(3); times > 0; times--) {
    const slot = pick(random, slots);
    if (slot) Reflect.set(...slot, pick(random, values));
  }
  return JSON.stringify(root, null, 2) + "\n";
}

/** Changes a line, word or number of a text. */
function forgeText(text: string, random: Random): string {
  const lines = text.split("\n");
  const at = random(lines.length);
  const value = String(pick(random, values));
  const line = lines[at] ?? "";
  const forged = [
    () => lines.splice(at, 1),
    () => lines.splice(at, 0, value),
    () => lines.splice(at, 1, line.replace(/[\d.]+|\w+/, value)),
    () => lines.splice(at, 1, line.replace(/\d+/, "99999999999999999999")),
    () => lines.splice(at, lines.length),
  ];
  pick(random, forged)?.();
  return lines.join("\n");
}

/** Changes the values, name or shape of a tensor. */
function forgeTensors(bytes: Uint8Array, random: Random): Uint8Array {
  const tensors = decodeTensors(bytes);
  const entry = pick(random, [...tensors]);
  if (entry === undefined) return bytes;
  const [name, tensor] = entry;
  const filled = (value: number): TensorData => ({
    ...tensor,
    data: tensor.data instanceof Float32Array
      ? new Float32Array(tensor.data.length).fill(value)
      : tensor.data,
  });
  const forged = [
    () => tensors.delete(name),
    () => tensors.set(String(pick(random, values)), tensor),
    () => tensors.set("1e400", tensor),
    () => tensors.set(name, { ...tensor, shape: [tensor.data.length] }),
    () => tensors.set(name, filled(0)),
    () => tensors.set(name, filled(NaN)),
  ];
  pick(random, forged)?.();
  return encodeTensors(tensors);
}

/** Replaces a file with something else, or adds a file that does not belong there. */
function forgeEntry(bundle: string, name: string, outside: string, random: Random): void {
  const path = join(bundle, name);
  const kinds = [
    () => Deno.removeSync(path),
    () => Deno.writeFileSync(path, new Uint8Array()),
    () => Deno.writeTextFileSync(join(bundle, "data", "run.sh"), "touch owned"),
    () => {
      Deno.removeSync(path);
      Deno.symlinkSync(outside, path);
    },
    () => {
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    },
  ];
  pick(random, kinds)?.();
}

/**
 * Copies a complete bundle, forges one or two of its files, and writes matching manifests.
 *
 * @param outside a file outside the bundle, the target of links
 * @returns the names of the forged files
 */
export function forgeBundle(
  whole: string,
  to: string,
  outside: string,
  seed: number,
): string[] {
  const random = generator(seed);
  copyBundle(whole, to);
  const names = ["", "data/"].flatMap((folder) =>
    [...Deno.readDirSync(join(to, folder))].filter(({ isFile }) => isFile).map(({ name }) =>
      folder + name
    )
  ).sort();
  const files = Array.from({ length: 1 + random(2) }, () => pick(random, names) ?? "README.md");
  for (const name of files) forgeFile(to, name, outside, random);
  const isCareful = random(3) > 0;
  forgeManifests(to, whole, isCareful);
  return files;
}

function forgeFile(bundle: string, name: string, outside: string, random: Random): void {
  const path = join(bundle, name);
  if (!isFile(path)) return; // Already replaced by something else.
  if (random(8) === 0) return forgeEntry(bundle, name, outside, random);
  const bytes = Deno.readFileSync(path);
  const text = new TextDecoder().decode(bytes);
  if (random(5) === 0) Deno.writeFileSync(path, damage(bytes, bytes, random));
  else if (name.endsWith(".json")) attempt(() => forgeJson(text, random), path);
  else if (name.endsWith(".safetensors")) attempt(() => forgeTensors(bytes, random), path);
  else if (/\.(md|txt|yaml|csv|jsonl|html|svg)$/.test(name)) {
    Deno.writeTextFileSync(path, forgeText(text, random));
  } else Deno.writeFileSync(path, damage(bytes, bytes, random));
}

/** Writes a forged file, unless it cannot be forged because it is damaged already. */
function attempt(forge: () => string | Uint8Array, path: string): void {
  let content: string | Uint8Array;
  try {
    content = forge();
  } catch {
    return;
  }
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  Deno.writeFileSync(path, bytes);
}

function isFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}

/** Writes manifests of all files. If they cannot be listed, the old manifests stay. */
function forgeManifests(bundle: string, whole: string, isCareful: boolean): void {
  try {
    if (isCareful) fitTags(bundle);
  } catch {
    // Damaged files cannot be made consistent.
  }
  try {
    writeManifests(bundle, whole.split("/").pop());
  } catch {
    // A broken link, or a folder instead of a file.
  }
}

// deno-lint-ignore no-control-regex -- looks for control characters
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/**
 * Runs a verb in this process, and requires a proper exit code, no stack trace and no escape
 * sequence.
 *
 * @param about describes the forgery, for messages
 * @returns the exit code
 */
export async function runVerb(args: string[], about: string): Promise<number> {
  using captured = captureTerminal();
  const code = await main(args);
  const text = [...captured.out, ...captured.err].join("\n");
  const where = `${about}: ${args.join(" ")}\n${text}`;
  assert([0, 1, 2].includes(code), `exit code ${code} of ${where}`);
  assert(!/^ {4}at /m.test(text), `a stack trace from ${where}`);
  assert(!controlCharacters.test(text), `an escape sequence from ${JSON.stringify(where)}`);
  assert(!/^out\/x: verified/m.test(text), `a forged line from ${where}`);
  return code;
}

/** The names, sizes and times of everything in a folder, to detect changes. */
export function snapshot(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return snapshot(path);
    const { size, mtime, isSymlink } = Deno.lstatSync(path);
    return [`${path} ${size} ${isSymlink} ${mtime?.getTime()}`];
  }).sort();
}

/** Options of {@link tryForgery}. */
export interface ForgeryTest {
  /** A complete bundle. */
  whole: string;
  /** The test's folder. */
  folder: string;
  /** Checks a page that a verb wrote. */
  page?: (path: string) => Promise<void>;
  /** Whether to also run the verbs that take seconds. */
  all?: boolean;
}

/** Forges a bundle and runs every verb on it. */
export async function tryForgery(
  { whole, folder, page, all = false }: ForgeryTest,
  seed: number,
): Promise<void> {
  const out = join(folder, `out-${seed}`);
  const made = join(folder, `made-${seed}`);
  const outside = join(folder, "outside.txt");
  Deno.mkdirSync(made);
  const bundle = join(out, whole.split("/").pop() ?? "");
  const about = `FUZZ_SEED=${seed}, ${forgeBundle(whole, bundle, outside, seed).join(", ")}`;
  // Forging may have written through its own link.
  Deno.writeTextFileSync(outside, "secret");
  const before = snapshot(out);

  const verified = await runVerb(["verify", bundle], about) === 0;
  await runVerb(["show", bundle, "--out", join(made, "show")], about);
  await runVerb(["report", out, "--out", join(made, "report")], about);
  await runVerb(["diff", bundle, whole, "--out", join(made, "diff")], about);
  await runVerb(["compare", out, "--out", join(made, "compare")], about);
  await runVerb(["pack", bundle, join(made, "a.tar.gz")], about);
  await runVerb(["run", join(folder, "whole.yaml"), "--dry-run", "--out", out], about);
  if (all) {
    const here = ["--engine", "cpu", "--out", join(made, "out"), "--data", join(folder, "data")];
    await runVerb(["sample", bundle, "count=1", "steps=2", ...here.slice(0, 4)], about);
    if (verified) await runVerb(["reproduce", bundle, ...here], about);
    const few = ["--seeds", "2", "--images", "1", "--angles", "45", "--no-runs", "--engine", "cpu"];
    await runVerb(["equivariance", bundle, ...few, "--data", join(folder, "data")], about);
  }

  assertEquals(snapshot(out), before, `a bundle changed: ${about}`);
  assertEquals(Deno.readTextFileSync(outside), "secret", about);
  for (const path of ["show/report.html", "report/report.html"].map((name) => join(made, name))) {
    if (!isFile(path)) continue;
    assert(!Deno.readTextFileSync(path).includes("secret"), `the target of a link: ${about}`);
    await page?.(path);
  }
  for (const path of [out, made]) Deno.removeSync(path, { recursive: true });
}
