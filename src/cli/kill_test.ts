// Runs that are killed, run out of space or cannot write: each resumes, and gives the bytes of an
// undisturbed run.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { randomOf, runThroughKills, start, undisturbedDigest } from "./killing.ts";
import { bundleOf, ignoreRuns, withFolder } from "./testing.ts";

const root = ignoreRuns === "" && Deno.build.os === "linux" && Deno.uid() === 0;
const runTest = (name: string, fn: () => Promise<void>, ignore = ignoreRuns) =>
  Deno.test({ name: `run: ${name}${ignore && ` (${ignore})`}`, ignore: ignore !== "", fn });

runTest(
  "killed eight times, in each phase, it gives the bytes of an undisturbed run",
  () =>
    withFolder(async (folder) => {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
      const random = randomOf(seed);
      const expected = await undisturbedDigest();
      // A path of 200 characters works.
      const long = join("long", "x".repeat(200 - folder.length - 6));
      assertEquals(join(folder, long).length, 200);
      for (const [out, moments] of [[long, [0, 1, 2, 3]], ["out", [1, 3, 4, 0]]] as const) {
        const killed = await runThroughKills(folder, out, moments, random);
        assertEquals(killed.digest, expected, `seed ${seed}`);
      }
    }),
);

/** Runs a function with a small disk mounted at folder/disk. */
async function withDisk(
  folder: string,
  bytes: string,
  fn: (remount: (options: string) => Promise<void>) => Promise<void>,
) {
  const disk = join(folder, "disk");
  Deno.mkdirSync(disk);
  const mount = async (command: string, ...args: string[]) => {
    const { code, stderr } = await new Deno.Command(command, { args: [...args, disk] }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  };
  await mount("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs");
  try {
    await fn((options) => mount("mount", "-o", `remount,${options}`));
  } finally {
    await mount("umount");
  }
}

function hasCheckpoint(work: string): boolean {
  return [...Deno.readDirSync(work)].some(({ name, isDirectory }) =>
    isDirectory &&
    [...Deno.readDirSync(join(work, name))].some(({ name }) => name === "checkpoint.safetensors")
  );
}

runTest(
  "too little space is reported first, a full or read-only disk in one message; with space it resumes",
  () =>
    withFolder((folder) =>
      withDisk(folder, "4m", async (remount) => {
        const refused = async (run = start(folder, "disk/out")) => {
          const { code, out, err } = await run.result;
          assertEquals([code, out], [2, ""], err);
          assert(!/^\s+at /m.test(err), err);
          return err;
        };
        assert(
          /disk\/out: the disk has \d MB free, and this run needs about \d+ MB/.test(
            await refused(),
          ),
        );
        await remount("size=64m,ro");
        assertStringIncludes(await refused(), "read-only");
        await remount("size=64m,rw");

        // The disk fills up during training: the previous checkpoint stays intact.
        const run = start(folder, "disk/out");
        assert(await run.prints("epoch 3: "));
        while (!hasCheckpoint(join(folder, "disk", "out", ".work"))) {
          await new Promise((wake) => setTimeout(wake, 5));
        }
        const filler = join(folder, "disk", "filler");
        assertEquals(
          (await new Deno.Command("dd", { args: ["if=/dev/zero", `of=${filler}`, "bs=64k"] })
            .output()).code,
          1,
        );
        assertStringIncludes(await refused(run), "the disk is full");
        Deno.removeSync(filler);
        const { code, out, err } = await start(folder, "disk/out").result;
        assertEquals(code, 0, err);
        assertStringIncludes(err, "resuming at step");
        assertEquals(bundleOf(out).digest, await undisturbedDigest());
      })
    ),
  ignoreRuns || (root ? "" : "needs Linux and root, to mount a small disk"),
);
