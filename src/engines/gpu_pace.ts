/** The maximum number of steps per wait. More would not keep a GPU any busier. */
const maxSteps = 20;

/** The target time of a wait. */
const targetMs = 1000;

/**
 * How many steps to submit to a GPU before waiting for it. Submitting returns at once, so a GPU
 * that always has work never waits for us. But waiting blocks Deno, including Ctrl-C and the
 * progress line, so it should take no longer than a second, or than one step. There are only a few
 * answers, because losses are read together by a program that is compiled for each count.
 *
 * @param msPerStep the time that a recent step took
 */
export function stepsAtOnce(msPerStep: number): number {
  return [maxSteps, 10, 5, 2].find((steps) => steps * msPerStep <= targetMs) ?? 1;
}
