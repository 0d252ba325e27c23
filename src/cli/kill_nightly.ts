// Kills at fifty random moments in all phases, signals, a clock that jumps, a dataset that is
// removed. `deno task nightly` runs it.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { encodePng } from "../formats/png.ts";
import { randomOf, runThroughKills, start, undisturbedDigest } from "./killing.ts";
import { bundleOf, command, start as launch, tinySpec, withFolder } from "./testing.ts";

Deno.test("run: ten runs with fifty kills give the bytes of an undisturbed run", () =>
  withFolder(async (folder) => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const random = randomOf(seed);
    const expected = await undisturbedDigest();
    for (let run = 0; run < 10; run++) {
      const { digest } = await runThroughKills(folder, `killed-${run}`, [0, 1, 2, 3, 4], random);
      assertEquals(digest, expected, `seed ${seed}, run ${run}`);
    }
  }));

Deno.test("run: stopped by signals, it resumes and gives the bytes of an undisturbed run", () =>
  withFolder(async (folder) => {
    const expected = await undisturbedDigest();
    for (const [signal, words] of [["SIGTERM", "engine: "], ["SIGINT", "epoch 3: "]] as const) {
      const process = start(folder, "stopped");
      assert(await process.prints(words), signal);
      // A second process is refused while the first one works.
      if (signal === "SIGTERM") {
        const other = await start(folder, "stopped").result;
        assertEquals([other.code, other.out], [2, ""], other.err);
        assertStringIncludes(other.err, "has been working on it");
      }
      process.kill(signal);
      const { code, out, err } = await process.result;
      // On a fast machine, the run may have ended first.
      if (code === 0) continue;
      assertEquals([code, out], [signal === "SIGTERM" ? 143 : 130, ""], err);
      assertStringIncludes(err, "the same command resumes");
    }
    const stopped = await start(folder, "stopped").result;
    assertEquals([stopped.code, bundleOf(stopped.out).digest], [0, expected], stopped.err);
    assertEquals([...Deno.readDirSync(join(folder, "stopped", ".work"))], []);
  }));

Deno.test({
  name: "run: as process 1 of a container, a task saves at SIGTERM (needs root and unshare)",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: () =>
    withFolder(async (folder) => {
      const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
      const task = [Deno.execPath(), "task", "--config", config, "run", "tiny.yaml"];
      const unshare = ["unshare", "--pid", "--fork", "--mount-proc", ...task, "--engine", "cpu"];
      const process = launch(folder, unshare, { INIT_CWD: folder });
      assert(await process.prints("engine: "));
      // unshare's only child is process 1 of the container.
      const { stdout } = await new Deno.Command("pgrep", { args: ["-P", `${process.pid}`] })
        .output();
      Deno.kill(Number(new TextDecoder().decode(stdout).trim()), "SIGTERM");
      const { code, err } = await process.result;
      assertEquals(code, 143, err);
      assertStringIncludes(err, "progress is saved");
    }),
});

Deno.test("run: a clock that jumps by years changes nothing", () =>
  withFolder(async (folder) => {
    const clock = join(folder, "clock.ts");
    Deno.writeTextFileSync(
      clock,
      `const RealDate = Date;
      let looks = 0;
      const now = () => RealDate.now() + (looks++ % 2 === 0 ? -1 : 1) * 1e11;
      globalThis.Date = class extends RealDate {
        constructor(...time) {
          super(...(time.length ? time : [now()]));
        }
        static now = now;
      };`,
    );
    const jumping = () =>
      command(folder, ["run", "tiny.yaml", "--engine", "tensorflow"], {}, [clock]);
    const killed = jumping();
    assert(await killed.prints("epoch 3: "));
    killed.kill("SIGKILL");
    await killed.result;
    const { code, out, err } = await jumping().result;
    assertEquals([code, bundleOf(out).digest], [0, await undisturbedDigest()], err);
    assertEquals((await command(folder, ["verify", bundleOf(out).path]).result).code, 0);
  }));

Deno.test("run: a removed dataset is named in the message, and once it is back the run resumes", () =>
  withFolder(
    async (folder) => {
      const photos = join(folder, "photos");
      const away = join(folder, "away");
      Deno.mkdirSync(photos);
      for (let i = 0; i < 16; i++) {
        const data = Uint8Array.from({ length: 64 }, (_, j) => (i * 37 + j * 11) % 256);
        Deno.writeFileSync(
          join(photos, `${i}.png`),
          encodePng({ width: 8, height: 8, channels: 1, data }),
        );
      }
      const run = (out: string) =>
        command(folder, ["run", "tiny.yaml", "--engine", "tensorflow", "--out", out]);
      const alone = await run("alone").result;
      assertEquals(alone.code, 0, alone.err);
      const killed = run("out");
      assert(await killed.prints("engine: "));
      // The images are in memory by now.
      Deno.renameSync(photos, away);
      assert(await killed.prints("epoch 3: "));
      killed.kill("SIGKILL");
      await killed.result;
      const missing = await run("out").result;
      assertEquals([missing.code, missing.out], [2, ""], missing.err);
      assertStringIncludes(missing.err, "photos");
      Deno.renameSync(away, photos);
      const { code, out, err } = await run("out").result;
      assertEquals([code, bundleOf(out).digest], [0, bundleOf(alone.out).digest], err);
    },
    tinySpec.replace("dataset: mnist", "dataset: folder\nchannels: 1").replace(
      "limit: 16",
      "path: photos",
    ),
  ));
