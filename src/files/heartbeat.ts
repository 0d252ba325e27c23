/**
 * The heartbeat of a lock's holder: a counter at the end of its file that increases every few
 * seconds. A separate thread writes it, because the main thread computes for minutes without a
 * pause.
 */

/** What the thread needs to know. */
export interface Beat {
  /** The existing file. */
  readonly path: string;
  /** Its first bytes, which identify it. */
  readonly text: string;
  readonly everyMs: number;
}

/** The counter as written after the file's text, always of the same length. */
export function beatLine(count: number): string {
  return `${String(count).padStart(12, "0")}\n`;
}

/** Starts the heartbeat. */
export function startHeartbeat(beat: Beat): { stop(): void } {
  const worker = new Worker(new URL("./heartbeat_worker.ts", import.meta.url), { type: "module" });
  worker.onerror = (event) => event.preventDefault(); // No heartbeat; flock may still work.
  worker.postMessage(beat);
  return { stop: () => worker.terminate() };
}
