import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { startStopwatch } from "./time_spent.ts";

const ignore = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

Deno.test({
  name: `time spent: the starts of a run add up${
    ignore ? " (needs --allow-read and --allow-write)" : ""
  }`,
  ignore,
  fn: () => {
    const folder = Deno.makeTempDirSync();
    const path = join(folder, "time.json");
    try {
      // The sums of three starts, the last of which was killed.
      const left = {
        startedAt: "2026-01-02T03:04:05.678Z",
        starts: 3,
        seconds: 1000,
        training: { seconds: 400, images: 8000 },
      };
      Deno.writeTextFileSync(path, JSON.stringify(left));
      const watch = startStopwatch();
      assert(Math.abs(watch.now().getTime() - Date.now()) < 5000);
      watch.saveTo(path);
      watch.trained(100, 1600);
      watch.trained(200, 3200);
      watch.save();
      const { seconds, ...kept } = JSON.parse(Deno.readTextFileSync(path));
      assertEquals(kept, {
        startedAt: left.startedAt,
        starts: 4,
        training: { seconds: 600, images: 11_200 },
      });
      assert(seconds > 1000 && seconds < 1060, `${seconds}`);

      // An unreadable file does not stop a run: counting starts again.
      for (const damaged of ["", "{", "[]", JSON.stringify({ ...left, seconds: -1 })]) {
        Deno.writeTextFileSync(path, damaged);
        const restarted = startStopwatch();
        restarted.saveTo(path);
        assertEquals(restarted.spent().starts, 1);
      }
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
