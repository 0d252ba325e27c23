/** The worker thread of {@link startHeartbeat}. */
import { type Beat, beatLine } from "./heartbeat.ts";

/**
 * The holder's file; null if it was removed or replaced by another holder's. It stays open, so that
 * only this file is ever written to, whatever appears at the path later.
 */
function openOwn(path: string, expected: Uint8Array): Deno.FsFile | null {
  try {
    const file = Deno.openSync(path, { read: true, write: true });
    const found = new Uint8Array(expected.length);
    file.readSync(found);
    if (found.every((byte, i) => byte === expected[i])) return file;
    file.close();
    return null;
  } catch {
    return null;
  }
}

addEventListener("message", (event: Event) => {
  const { path, text, everyMs } = (event as MessageEvent<Beat>).data;
  const encoder = new TextEncoder();
  const expected = encoder.encode(text);

  const file = openOwn(path, expected);
  if (file === null) return close();
  let count = 0;
  setInterval(() => {
    try {
      file.seekSync(expected.length, Deno.SeekMode.Start);
      file.writeSync(encoder.encode(beatLine(++count)));
      file.syncDataSync(); // Other machines see it only after this.
    } catch {
      // A disk may be unavailable for a moment; the next beat may succeed.
    }
  }, everyMs);
});
