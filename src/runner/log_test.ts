import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { startLog } from "./log.ts";

Deno.test({
  name: "a log passes messages on, writes them with the time, and appends to that of an earlier " +
    "start (needs files)",
  ignore: (["read", "write"] as const).some((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  ),
  fn() {
    const folder = Deno.makeTempDirSync();
    const path = join(folder, "log.txt");
    const heard: unknown[][] = [];
    const listener = {
      phase: (...words: unknown[]) => void heard.push(words),
      update: (...words: unknown[]) => void heard.push(words),
      message: (text: string) => void heard.push([text]),
      done: () => void heard.push(["done"]),
    };
    for (let run = 0; run < 2; run++) {
      const log = startLog(listener);
      log.progress.message("before there is a file");
      assert(log.text().endsWith(" before there is a file\n"));
      log.writeTo(path);
      log.progress.phase("training", 10, "steps");
      log.progress.update(3, { loss: 1 }, { pausedSeconds: 2, secondsLeft: 4 });
      log.progress.done();
      assertEquals(log.text(), Deno.readTextFileSync(path));
    }
    const once = [["before there is a file"], ["training", 10, "steps"], [3, { loss: 1 }, {
      pausedSeconds: 2,
      secondsLeft: 4,
    }], ["done"]];
    assertEquals(heard, [...once, ...once]);
    const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
    assertEquals(lines.map((line) => line.slice(25)), [
      ...["before there is a file", "training: 10 steps"],
      ...["before there is a file", "training: 10 steps"],
    ]);
    assert(lines.every((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z /.test(line)));
    Deno.removeSync(folder, { recursive: true });
  },
});
