/** Ending runs at random moments, for tests: in each phase, with kill -9, and by the signals that people send. */
import { assert, assertEquals } from "@std/assert";
import { bundleOf, type Command, command, withFolder } from "./testing.ts";

/** The phases of a run, with the words on the screen by which each begins, and about how long it lasts. */
const phases = [
  { name: "data", words: ", spec ", ms: 300 },
  { name: "training", words: "engine: ", ms: 2500 },
  { name: "training behind a checkpoint", words: "epoch 3: ", ms: 600 },
  { name: "drawing", words: "training: 10 steps", ms: 1500 },
  { name: "writing the bundle", words: "writing the bundle", ms: 1000 },
] as const;

/** Random numbers of a seed, which a failing test prints. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The run of the folder's tiny.yaml. */
export function start(folder: string, out: string): Command {
  return command(folder, ["run", "tiny.yaml", "--engine", "tensorflow", "--out", out]);
}

let alone: Promise<string> | undefined;

/** The digest of that run left alone. */
export function aloneDigest(): Promise<string> {
  alone ??= (async () => {
    let digest = "";
    await withFolder(async (folder) => {
      const { code, out, err } = await start(folder, "alone").ending;
      assertEquals(code, 0, err);
      ({ digest } = bundleOf(out));
    });
    return digest;
  })();
  return alone;
}

/**
 * Runs to the end through kills, one in each of the phases that are named by their numbers.
 *
 * @returns the bundle
 */
export async function runThroughKills(folder: string, out: string, moments: readonly number[], random: () => number) {
  let kills = 0;
  for (const number of moments) {
    const phase = phases[number % phases.length]!, process = start(folder, out);
    // A phase that is behind the run already is not said again; then the run may end.
    await process.said(phase.words);
    await new Promise((resolve) => setTimeout(resolve, random() * phase.ms));
    process.kill("SIGKILL");
    const { code, signal, err } = await process.ending;
    assert(signal === "SIGKILL" || code === 0, `${phase.name}: ${code} ${err}`);
    if (signal === "SIGKILL") kills++;
  }
  const { code, out: said, err } = await start(folder, out).ending;
  assertEquals(code, 0, err);
  assert(kills >= moments.length / 2, `only ${kills} kills met a run`);
  return bundleOf(said);
}
