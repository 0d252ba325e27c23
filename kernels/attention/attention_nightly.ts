/**
 * Attention over the positions of an image of 128 pixels, whose score matrix would be a gibibyte:
 * more than what a software GPU binds. `deno task nightly` runs it.
 */
import { testRepeatedPositions } from "./testing.ts";

testRepeatedPositions(256);
