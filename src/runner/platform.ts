/**
 * The platform of a run: everything that its last bits depend on, apart from spec and data. That is
 * engine, device, threads, processor, libraries and Deno's version.
 */
import { type ReadableBundle, readEnvironment } from "../bundle/read.ts";
import type { Platform } from "../bundle/schemas.ts";
import { UserError } from "../messages/errors.ts";
import type { Engine, EnginePlatform } from "../engines/mod.ts";

/** Names an engine's platform: "tensorflow cpu, 2 threads"; precision is named unless float32. */
export function platformName({ name, device, threads, precision }: EnginePlatform): string {
  return [
    `${name} ${device}`,
    ...(threads === null ? [] : [`${threads} thread${threads === 1 ? "" : "s"}`]),
    ...(precision === undefined || precision === "float32" ? [] : [precision]),
  ].join(", ");
}

/** The engine's part of the platform, as a checkpoint records it. */
export function enginePlatform({ name, device, threads, precision }: Engine): EnginePlatform {
  return { name, device, threads, ...(precision === "float32" ? {} : { precision }) };
}

/** The platform of this process with an engine. */
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

/** The platform in a bundle's environment.json; null if it is missing or not readable. */
export function readPlatform(
  bundle: ReadableBundle,
): { place: Platform; trainedOn: string[] } | null {
  try {
    const environment = readEnvironment(bundle);
    return environment !== null && "trainedOn" in environment ? environment : null;
  } catch (error) {
    if (error instanceof UserError) return null; // `verify` says what is wrong with it.
    throw error;
  }
}

/** Lists how two platforms differ; empty if they must produce the same bytes. */
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

/** The processor, as Linux describes it. */
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
  const description = parts.flatMap(([name, prefix]) =>
    field(name) === undefined ? [] : [prefix + field(name)]
  );
  const flags = (field("flags") ?? field("Features") ?? "").split(" ");
  return {
    processor: description.length ? description.join(", ") : null,
    instructions: flags.filter((flag) => /^(sse4_2|avx|fma|f16c|amx|asimd|sve)/.test(flag)).sort(),
  };
}
