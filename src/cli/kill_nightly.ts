// Kills at fifty random moments, ten times through all phases, and the signals that people send. Not named like a test: `deno task nightly` runs it.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { aloneDigest, randomOf, runThroughKills, start } from "./killing.ts";
import { bundleOf, withFolder } from "./testing.ts";

Deno.test("run: fifty kills in ten runs, and each ends in the bytes of a run left alone", () =>
  withFolder(async (folder) => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!, random = randomOf(seed);
    const expected = await aloneDigest();
    for (let run = 0; run < 10; run++) {
      const { digest } = await runThroughKills(folder, `killed-${run}`, [0, 1, 2, 3, 4], random);
      assertEquals(digest, expected, `seed ${seed}, run ${run}`);
    }
  }));

Deno.test("run: stopped by signals it goes on, and ends in the bytes of a run left alone", () =>
  withFolder(async (folder) => {
    const expected = await aloneDigest();
    for (const [signal, words] of [["SIGTERM", "engine: "], ["SIGINT", "epoch 3: "]] as const) {
      const process = start(folder, "stopped");
      assert(await process.said(words), signal);
      // While one works, another one is told so.
      if (signal === "SIGTERM") {
        const other = await start(folder, "stopped").ending;
        assertEquals([other.code, other.out], [2, ""], other.err);
        assertStringIncludes(other.err, "works on it");
      }
      process.kill(signal);
      const { code, out, err } = await process.ending;
      // On a quick machine the run may have ended in between.
      if (code === 0) continue;
      assertEquals([code, out], [130, ""], err);
      assertStringIncludes(err, "the same command goes on there");
    }
    const stopped = await start(folder, "stopped").ending;
    assertEquals([stopped.code, bundleOf(stopped.out).digest], [0, expected], stopped.err);
    assertEquals([...Deno.readDirSync(join(folder, "stopped", ".work"))], []);
  }));
