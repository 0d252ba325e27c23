/** Measures time on a GPU. */
import type { WebGpuEngine } from "../engines/webgpu/mod.ts";

/**
 * The time that each additional call adds until all calls are finished. A single call cannot be
 * timed, because waiting for the GPU takes about 11 ms by itself: Deno sleeps for 10 ms after the
 * work is done, and a fast GPU runs a kernel in a hundredth of that. So the time of one call with
 * one wait is subtracted from that of many calls with one wait, each the minimum of its repeats.
 * There are so many calls that the difference dwarfs the wait's jitter of a millisecond or two. The
 * first call, which records and compiles, does not count.
 */
export async function millisecondsPerCall(
  engine: WebGpuEngine,
  call: () => void,
  repeats: number,
): Promise<number> {
  const smallestDifference = 100;
  const maxCalls = 4096;
  const timeOf = async (calls: number) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    await engine.settle();
    return performance.now() - start;
  };
  await timeOf(1);
  let one = await timeOf(1);
  let calls = 2;
  while (calls < maxCalls && await timeOf(calls) - one < smallestDifference) calls *= 2;
  let many = Infinity;
  for (let i = 0; i < repeats; i++) {
    one = Math.min(one, await timeOf(1));
    many = Math.min(many, await timeOf(calls));
  }
  return (many - one) / (calls - 1);
}
