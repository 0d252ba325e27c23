/** The most steps that a GPU is asked for at once; more would hide nothing that these do not. */
const maxSteps = 20;
const aboutMs = 1000;

/**
 * How many steps to ask of a GPU before waiting for it, by the milliseconds that each of the last
 * ones took. Asking returns at once, so that a GPU kept busy never waits for us; but waiting blocks
 * Deno, and with it Ctrl-C and the progress line: it is for about a second at most, or for one
 * step. Few different numbers, because losses are read together by a program that is compiled for
 * each number of them.
 */
export function stepsAtOnce(msPerStep: number): number {
  return [maxSteps, 10, 5, 2].find((steps) => steps * msPerStep <= aboutMs) ?? 1;
}
