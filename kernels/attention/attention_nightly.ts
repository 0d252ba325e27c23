/**
 * Attention over the positions of a 128-pixel image. Its score matrix would be 1 GiB, more than a
 * software GPU can bind. Run by `deno task nightly`.
 */
import { testRepeatedPositions } from "./testing.ts";

testRepeatedPositions(256);
