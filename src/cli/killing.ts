/**
 * Ending runs at random moments, for tests: in each phase, with kill -9, and by the signals that
 * people send.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { bundleOf, type Command, command, withFolder } from "./testing.ts";

/** The phases of a run, with the words on the screen by which each begins. */
const phases = [
  { name: "data", words: ", spec " },
  { name: "training", words: "engine: " },
  { name: "training behind a checkpoint", words: "epoch 3: " },
  { name: "drawing", words: "training: 10 steps" },
  { name: "writing the bundle", words: "writing the bundle" },
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

interface Alone {
  digest: string;
  /** How long each phase lasted, in milliseconds. */
  lengths: number[];
}

let alone: Promise<Alone> | undefined;

/** That run left alone, once: what came of it, and how long its phases last on this machine. */
function runAlone(): Promise<Alone> {
  alone ??= (async () => {
    let digest = "";
    const times: number[] = [];
    await withFolder(async (folder) => {
      const process = start(folder, "alone");
      for (const { words } of phases) {
        await process.said(words);
        times.push(performance.now());
      }
      const { code, out, err } = await process.ending;
      times.push(performance.now());
      assertEquals(code, 0, err);
      ({ digest } = bundleOf(out));
    });
    return { digest, lengths: phases.map((_, i) => times[i + 1]! - times[i]!) };
  })();
  return alone;
}

/** The digest of the run left alone. */
export async function aloneDigest(): Promise<string> {
  return (await runAlone()).digest;
}

/**
 * Runs to the end through kills, one in each of the phases that are named by their numbers.
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
    // A phase that is behind the run already is not said again, and the run may end; then another
    // one is killed there.
    let attempts = 0;
    while (!await killIn(number, folder, out, random)) {
      assert(
        ++attempts < 8,
        `${phases[number]!.name}: ${attempts} runs ended before they were killed`,
      );
      Deno.removeSync(join(folder, out), { recursive: true });
    }
  }
  const { code, out: said, err } = await start(folder, out).ending;
  assertEquals(code, 0, err);
  return bundleOf(said);
}

/** Whether a run was killed in a phase, rather than ended before. */
async function killIn(
  number: number,
  folder: string,
  out: string,
  random: () => number,
): Promise<boolean> {
  const { lengths } = await runAlone();
  const { name, words } = phases[number]!;
  const process = start(folder, out);
  await process.said(words);
  await new Promise((resolve) => setTimeout(resolve, random() * lengths[number]!));
  process.kill("SIGKILL");
  const { code, signal, err } = await process.ending;
  assert(signal === "SIGKILL" || code === 0, `${name}: ${code} ${err}`);
  return signal === "SIGKILL";
}
