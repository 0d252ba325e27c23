/** Time on a GPU. */
import type { WebGpuEngine } from "../engines/webgpu/mod.ts";

/**
 * What each further call adds to the time until all calls are finished. A single one cannot be
 * timed, because to wait for the GPU costs some 11 ms by itself: Deno sleeps for 10 ms after it has
 * seen the work done, and a fast GPU needs a hundredth of that for a kernel. So the time of one
 * call with one wait is taken from that of many calls with one wait, each the least of its repeats;
 * the calls are so many that the difference dwarfs the wait's jitter of a millisecond or two. The
 * first call, which records and compiles, is not counted.
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
