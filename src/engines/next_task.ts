/**
 * Milliseconds between two turns: each costs one to three, and a person who presses Ctrl-C does not
 * notice so many.
 */
const everyMs = 200;
let lastMs = 0;

/**
 * Lets timers, signals (Ctrl-C) and progress bars have their turn, now and then; called between
 * pieces of long work.
 */
export async function nextTask(): Promise<void> {
  if (performance.now() - lastMs < everyMs) return;
  await new Promise((resolve) => setTimeout(resolve, 0));
  lastMs = performance.now();
}
