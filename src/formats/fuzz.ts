/**
 * Fuzzes readers of untrusted bytes, for tests. It damages valid files at random; a reader must
 * return a value or throw a UserError, and nothing else. It prints the seed; set the environment
 * variable FUZZ_SEED to repeat it.
 */
import { cpuUsage } from "node:process";
import { UserError } from "../messages/errors.ts";

/** A small generator (mulberry32), so that a seed always gives the same damage. */
export function generator(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * below);
  };
}

const interesting = [
  0,
  1,
  0x7f,
  0x80,
  0xff,
  0x7fff,
  0x8000,
  0xffff,
  0x7fffffff,
  0x80000000,
  0xffffffff,
];

/** A copy of a file with a few errors. */
export function damage(
  file: Uint8Array,
  other: Uint8Array,
  random: (below: number) => number,
): Uint8Array<ArrayBuffer> {
  let bytes = file.slice();
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(Math.max(1, bytes.length));
    const kind = random(7);
    if (kind === 0 && bytes.length) bytes[at]! ^= 1 << random(8);
    else if (kind === 1 && bytes.length) bytes[at] = random(256);
    else if (kind === 2) bytes = bytes.slice(0, at);
    else if (kind === 3) {
      const end = at + random(16);
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(end)]);
    } else if (kind === 4) {
      const from = random(Math.max(1, other.length));
      const piece = other.subarray(from, from + random(32));
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
    } else if (kind === 5 && at + 4 <= bytes.length) {
      new DataView(bytes.buffer).setUint32(
        at,
        interesting[random(interesting.length)]!,
        random(2) === 1,
      );
    } else if (kind === 6 && at + 8 <= bytes.length) {
      new DataView(bytes.buffer).setBigUint64(at, 1n << BigInt(random(64)), true);
    }
  }
  return bytes;
}

/** The approximate memory of a value's bytes, which the input must justify. */
function bytesHeld(value: unknown, seen = new Set<unknown>()): number {
  if (ArrayBuffer.isView(value)) {
    if (seen.has(value.buffer)) return 0;
    seen.add(value.buffer);
    return value.buffer.byteLength;
  }
  if (typeof value !== "object" || value === null || seen.has(value)) return 0;
  seen.add(value);
  const parts = value instanceof Map ? [...value.values()] : Object.values(value);
  return parts.reduce((sum: number, part) => sum + bytesHeld(part, seen), 0);
}

/** Prints and returns the seed of a test: a new one, or FUZZ_SEED. */
export function fuzzSeed(): number {
  const canReadEnv =
    Deno.permissions.querySync({ name: "env", variable: "FUZZ_SEED" }).state === "granted";
  const seed = Number(
    (canReadEnv && Deno.env.get("FUZZ_SEED")) || crypto.getRandomValues(new Uint32Array(1))[0],
  );
  console.log(`FUZZ_SEED=${seed}`);
  return seed;
}

/**
 * Damages files for a while and checks the reader's reaction.
 *
 * @param files valid files
 * @param read the reader
 * @param options.repair corrects parts of a damaged file that would hide the rest, such as
 *   checksums; applied to half of the files
 * @param options.maxRounds maximum number of files; fuzzing stops after a second in any case
 * @throws Error with the seed if the reader throws another error, or returns far more bytes than it
 *   was given
 */
export async function fuzz(
  files: Uint8Array[],
  read: (bytes: Uint8Array<ArrayBuffer>) => unknown,
  { repair, maxRounds = 3000 }: {
    repair?: (bytes: Uint8Array<ArrayBuffer>) => void;
    maxRounds?: number;
  } = {},
): Promise<void> {
  const seed = fuzzSeed();
  const random = generator(seed);
  const until = performance.now() + 1000;
  for (let round = 0; round < maxRounds && performance.now() < until; round++) {
    const file = files[random(files.length)]!;
    const bytes = damage(file, files[random(files.length)]!, random);
    if (repair && random(2)) repair(bytes);
    let value: unknown;
    const before = cpuUsage();
    try {
      value = await read(bytes);
    } catch (error) {
      if (!(error instanceof UserError)) {
        throw new Error(`FUZZ_SEED=${seed}, round ${round}: the reader threw another error`, {
          cause: error,
        });
      }
    }
    // Processor time, not wall time: on a busy machine a reader must not appear to hang.
    if (cpuUsage(before).user > 5e6) {
      throw new Error(`FUZZ_SEED=${seed}, round ${round}: it took more than five seconds`);
    }
    // Deflate expands at most 1032-fold, and a sample may take eight bytes.
    const held = bytesHeld(value);
    if (held > 8300 * (bytes.length + 64)) {
      throw new Error(
        `FUZZ_SEED=${seed}, round ${round}: ${held} bytes held for ${bytes.length} read`,
      );
    }
  }
}
