// Runs that are killed or run out of room: each goes on, and ends in the bytes of one left alone.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { randomOf, runThroughKills, start } from "./killing.ts";
import { bundleOf, ignoreRuns, withFolder } from "./testing.ts";

const root = ignoreRuns === "" && Deno.build.os === "linux" && Deno.uid() === 0;
const runTest = (name: string, fn: () => Promise<void>, ignore = ignoreRuns) =>
  Deno.test({ name: `run: ${name}${ignore && ` (${ignore})`}`, ignore: ignore !== "", fn });

runTest(
  "killed in each phase, it ends in the bytes of a run left alone",
  () =>
    withFolder(async (folder) => {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0]!, random = randomOf(seed);
      const alone = await start(folder, "alone").ending;
      assertEquals(alone.code, 0, alone.err);
      const expected = bundleOf(alone.out).digest;

      // A path of 200 characters is no obstacle.
      const long = join("long", "x".repeat(200 - folder.length - 6));
      assertEquals(join(folder, long).length, 200);
      const killed = await runThroughKills(folder, long, [0, 1, 3, 4], random);
      assertEquals(killed.digest, expected, `seed ${seed}`);
    }),
);

runTest(
  "a full disk is one message, and with room again it goes on",
  () =>
    withFolder(async (folder) => {
      const disk = join(folder, "disk");
      Deno.mkdirSync(disk);
      const mount = async (command: string, ...args: string[]) => {
        const { code, stderr } = await new Deno.Command(command, { args }).output();
        assertEquals(code, 0, new TextDecoder().decode(stderr));
      };
      await mount("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk);
      try {
        const full = await start(folder, "disk/out").ending;
        assertEquals([full.code, full.out], [2, ""], full.err);
        assertStringIncludes(full.err, "the disk is full");
        assert(!/^\s+at /m.test(full.err), full.err);
        await mount("mount", "-o", "remount,size=64m", disk);
        const { code, err } = await start(folder, "disk/out").ending;
        assertEquals(code, 0, err);
      } finally {
        await mount("umount", disk);
      }
    }),
  ignoreRuns || (root ? "" : "needs Linux and root, to mount a small disk"),
);
