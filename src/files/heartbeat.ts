/**
 * The sign of life of a lock's holder: a counter at the end of its file that goes up every few
 * seconds. A thread of its own writes it, for the main one computes for minutes without a pause.
 */

/** What the thread is told. */
export interface Beat {
  /** The file, which is there. */
  readonly path: string;
  /** Its first bytes, by which it is known. */
  readonly text: string;
  readonly everyMs: number;
}

/** A counter as it stands behind the file's text, always as long. */
export function beatLine(count: number): string {
  return `${String(count).padStart(12, "0")}\n`;
}

/** Begins to beat. */
export function startHeartbeat(beat: Beat): { stop(): void } {
  const worker = new Worker(new URL("./heartbeat_worker.ts", import.meta.url), { type: "module" });
  worker.onerror = (event) => event.preventDefault(); // Then nothing beats; flock may still hold.
  worker.postMessage(beat);
  return { stop: () => worker.terminate() };
}
