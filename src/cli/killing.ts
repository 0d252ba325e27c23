/** For tests: kills runs at random moments in each phase. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { bundleOf, type Command, command, withFolder } from "./testing.ts";

/** The phases of a run, with the text on the screen that starts each. */
const phases = [
  { name: "data", text: ", spec " },
  { name: "training", text: "engine: " },
  { name: "training after a checkpoint", text: "epoch 3: " },
  { name: "drawing", text: "training: 10 steps" },
  { name: "writing the bundle", text: "writing the bundle" },
] as const;

/** Random numbers from a seed, which a failing test prints. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Starts a run of the folder's tiny.yaml. */
export function start(folder: string, out: string): Command {
  return command(folder, ["run", "tiny.yaml", "--engine", "tensorflow", "--out", out]);
}

interface UndisturbedRun {
  digest: string;
  /** How long each phase lasted, in milliseconds. */
  lengths: number[];
}

let undisturbed: Promise<UndisturbedRun> | undefined;

/** Runs it once without kills, for its digest and the lengths of its phases on this machine. */
function runUndisturbed(): Promise<UndisturbedRun> {
  undisturbed ??= (async () => {
    let digest = "";
    const times: number[] = [];
    await withFolder(async (folder) => {
      const process = start(folder, "alone");
      for (const { text } of phases) {
        await process.prints(text);
        times.push(performance.now());
      }
      const { code, out, err } = await process.result;
      times.push(performance.now());
      assertEquals(code, 0, err);
      ({ digest } = bundleOf(out));
    });
    return { digest, lengths: phases.map((_, i) => times[i + 1]! - times[i]!) };
  })();
  return undisturbed;
}

/** The digest of the undisturbed run. */
export async function undisturbedDigest(): Promise<string> {
  return (await runUndisturbed()).digest;
}

/**
 * Runs to the end, with one kill in each of the numbered phases.
 *
 * @returns the bundle
 */
export async function runThroughKills(
  folder: string,
  out: string,
  moments: readonly number[],
  random: () => number,
) {
  for (const number of moments) {
    // If the run is already past the phase, it may end instead; then another run is killed there.
    let attempts = 0;
    while (!await killIn(number, folder, out, random)) {
      assert(
        ++attempts < 8,
        `${phases[number]!.name}: ${attempts} runs ended before they were killed`,
      );
      Deno.removeSync(join(folder, out), { recursive: true });
    }
  }
  const { code, out: output, err } = await start(folder, out).result;
  assertEquals(code, 0, err);
  return bundleOf(output);
}

/** Kills a run in a phase; returns false if the run ended first. */
async function killIn(
  number: number,
  folder: string,
  out: string,
  random: () => number,
): Promise<boolean> {
  const { lengths } = await runUndisturbed();
  const { name, text } = phases[number]!;
  const process = start(folder, out);
  await process.prints(text);
  await new Promise((resolve) => setTimeout(resolve, random() * lengths[number]!));
  process.kill("SIGKILL");
  const { code, signal, err } = await process.result;
  assert(signal === "SIGKILL" || code === 0, `${name}: ${code} ${err}`);
  return signal === "SIGKILL";
}
