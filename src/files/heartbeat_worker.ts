/** The thread of {@link startHeartbeat}. */
import { type Beat, beatLine } from "./heartbeat.ts";

/**
 * The holder's file; null where it was removed, or replaced by another's. It stays open: whatever
 * lies at the path later, only this file is written to.
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
      file.syncDataSync(); // Other machines see it only then.
    } catch {
      // A disk that is away for a moment: the next one may arrive.
    }
  }, everyMs);
});
