// Kills at fifty random moments, ten times through all phases; the signals that people send; a
// clock that jumps, a dataset that is taken away. Not named like a test: `deno task nightly` runs
// it.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { encodePng } from "../formats/png.ts";
import { aloneDigest, randomOf, runThroughKills, start } from "./killing.ts";
import { bundleOf, command, start as launch, tinySpec, withFolder } from "./testing.ts";

Deno.test("run: fifty kills in ten runs, and each ends in the bytes of a run left alone", () =>
  withFolder(async (folder) => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const random = randomOf(seed);
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
        assertStringIncludes(other.err, "has been working on it");
      }
      process.kill(signal);
      const { code, out, err } = await process.ending;
      // On a quick machine the run may have ended in between.
      if (code === 0) continue;
      assertEquals([code, out], [signal === "SIGTERM" ? 143 : 130, ""], err);
      assertStringIncludes(err, "the same command resumes");
    }
    const stopped = await start(folder, "stopped").ending;
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
      assert(await process.said("engine: "));
      // unshare's only child is process 1 in there.
      const { stdout } = await new Deno.Command("pgrep", { args: ["-P", `${process.pid}`] })
        .output();
      Deno.kill(Number(new TextDecoder().decode(stdout).trim()), "SIGTERM");
      const { code, err } = await process.ending;
      assertEquals(code, 143, err);
      assertStringIncludes(err, "progress is saved");
    }),
});

Deno.test("run: a clock that jumps for years at every look changes nothing", () =>
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
    assert(await killed.said("epoch 3: "));
    killed.kill("SIGKILL");
    await killed.ending;
    const { code, out, err } = await jumping().ending;
    assertEquals([code, bundleOf(out).digest], [0, await aloneDigest()], err);
    assertEquals((await command(folder, ["verify", bundleOf(out).path]).ending).code, 0);
  }));

Deno.test("run: a dataset removed on the way is missed by its name, and put back it goes on", () =>
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
      const alone = await run("alone").ending;
      assertEquals(alone.code, 0, alone.err);
      const killed = run("out");
      assert(await killed.said("engine: "));
      // It is in memory: what is read once is not missed.
      Deno.renameSync(photos, away);
      assert(await killed.said("epoch 3: "));
      killed.kill("SIGKILL");
      await killed.ending;
      const missing = await run("out").ending;
      assertEquals([missing.code, missing.out], [2, ""], missing.err);
      assertStringIncludes(missing.err, "photos");
      Deno.renameSync(away, photos);
      const { code, out, err } = await run("out").ending;
      assertEquals([code, bundleOf(out).digest], [0, bundleOf(alone.out).digest], err);
    },
    tinySpec.replace("dataset: mnist", "dataset: folder\nchannels: 1").replace(
      "limit: 16",
      "path: photos",
    ),
  ));
