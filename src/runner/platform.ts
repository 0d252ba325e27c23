/**
 * Where a run computes: all that the last bits of its results depend on besides the spec and the
 * data.
 */
import { type ReadableBundle, readEnvironment } from "../bundle/read.ts";
import type { Platform } from "../bundle/schemas.ts";
import { UserError } from "../messages/errors.ts";
import type { Engine, EnginePlatform } from "../engines/mod.ts";

/**
 * Engine, device, threads and another precision than float32 in words: "tensorflow cpu, 2 threads".
 */
export function platformName({ name, device, threads, precision }: EnginePlatform): string {
  return [
    `${name} ${device}`,
    ...(threads === null ? [] : [`${threads} thread${threads === 1 ? "" : "s"}`]),
    ...(precision === undefined || precision === "float32" ? [] : [precision]),
  ].join(", ");
}

/** The place of an engine, as a checkpoint tells it. */
export function enginePlatform({ name, device, threads, precision }: Engine): EnginePlatform {
  return { name, device, threads, ...(precision === "float32" ? {} : { precision }) };
}

/** The place where an engine works. */
export function platformOf(engine: Engine): Platform {
  const { name, ...others } = enginePlatform(engine);
  return {
    engine: name,
    ...others,
    ...processor(),
    libraries: engine.libraries(),
    deno: Deno.version.deno,
  };
}

/** The place that a bundle tells of; null where it tells of none, or in another form. */
export function readPlatform(
  bundle: ReadableBundle,
): { place: Platform; trainedOn: string[] } | null {
  try {
    const told = readEnvironment(bundle);
    return told !== null && "trainedOn" in told ? told : null;
  } catch (error) {
    if (error instanceof UserError) return null; // `verify` tells what is wrong with it.
    throw error;
  }
}

/** What distinguishes two places, in words; empty where the same bytes must come out. */
export function platformDifferences(a: Platform, b: Platform): string[] {
  const lines = (["engine", "device", "threads", "processor", "deno"] as const)
    .filter((field) => a[field] !== b[field]).map((field) =>
      `${field}: ${a[field]}, here ${b[field]}`
    );
  const [there, here] = [a, b].map(({ precision = "float32" }) => precision);
  if (there !== here) lines.push(`precision: ${there}, here ${here}`);
  if (a.instructions.join() !== b.instructions.join()) {
    lines.push(
      `vector instructions: ${a.instructions.join(" ")}, here ${b.instructions.join(" ")}`,
    );
  }
  const bytes = ({ libraries }: Platform) =>
    libraries.map(({ name, version, sha256 }) => `${name} ${version} ${sha256}`);
  if (bytes(a).join() !== bytes(b).join()) {
    const names = ({ libraries }: Platform) =>
      libraries.map(({ name, version }) => `${name} ${version}`).join(", ");
    lines.push(
      `libraries: ${names(a)}, here ${names(b)}${names(a) === names(b) ? " with other bytes" : ""}`,
    );
  }
  return lines;
}

/** The processor, as Linux tells of it. */
function processor(): Pick<Platform, "processor" | "instructions"> {
  let text: string;
  try {
    text = Deno.readTextFileSync("/proc/cpuinfo");
  } catch {
    return { processor: null, instructions: [] }; // Another system, or no permission to ask.
  }
  const field = (name: string) => text.match(new RegExp(`^${name}\\s*: *(.*)$`, "m"))?.[1];
  const parts = [["model name", ""], ["cpu family", "family "], ["model", "model "], [
    "cache size",
    "cache ",
  ]] as const;
  const told = parts.flatMap(([name, words]) =>
    field(name) === undefined ? [] : [words + field(name)]
  );
  const flags = (field("flags") ?? field("Features") ?? "").split(" ");
  return {
    processor: told.length ? told.join(", ") : null,
    instructions: flags.filter((flag) => /^(sse4_2|avx|fma|f16c|amx|asimd|sve)/.test(flag)).sort(),
  };
}
