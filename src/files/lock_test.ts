import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { filesTest, processTest } from "./testing.ts";
import { acquireLock, LockedError, LostLockError, waitForLock } from "./lock.ts";
import { ask, brokenFlocks, flockEnvironment, ignoreShims, quick } from "./lock_testing.ts";

const timing = { timing: quick };
const farAway = {
  pid: 1,
  host: "far away",
  machine: "another",
  disk: 1,
  since: "then",
  token: "x",
  flock: true,
};
const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

filesTest("a lock is held by one, and free again when let go", async (folder) => {
  const path = join(folder, ".run.lock");
  const lock = await acquireLock(path, "this run");
  const error = await assertRejects(() => acquireLock(path, "this run"), UserError);
  assertMatch(error.message, /^this run: process \d+ on .+, since .+, works on it; wait/);
  lock.check();
  lock.release();
  lock.release();
  assertEquals(names(folder), []);
  {
    using again = await acquireLock(path);
    again.check();
    await assertRejects(() => acquireLock(path), LockedError, `process ${Deno.pid} `);
  }
  assertEquals(names(folder), []);
});

filesTest(
  "of many that ask at once one gets a lock, and each of them in the end",
  async (folder) => {
    const path = join(folder, "lock");
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(path)));
    const got = asked.filter(({ status }) => status === "fulfilled");
    assertEquals(got.length, 1);
    for (const each of asked) if (each.status === "fulfilled") each.value.release();

    let inside = 0;
    await Promise.all(Array.from({ length: 4 }, async () => {
      using _lock = await waitForLock(path);
      assertEquals(++inside, 1);
      await new Promise((wake) => setTimeout(wake, 5));
      inside--;
    }));
    assertEquals(names(folder), []);
  },
);

filesTest("a lock is never made or emptied through a link", async (folder) => {
  const precious = join(folder, "precious");
  Deno.writeTextFileSync(precious, "as it was");
  for (const target of [precious, join(folder, "not-there-yet")]) {
    Deno.symlinkSync(target, join(folder, "lock-1"));
    await assertRejects(() => acquireLock(join(folder, "lock"), "this run"), UserError, "lock-1");
    Deno.removeSync(join(folder, "lock-1"));
  }
  assertEquals(Deno.readTextFileSync(precious), "as it was");
  assertEquals(names(folder), ["precious"]);
});

filesTest("a number that no lock of ours has is told", async (folder) => {
  Deno.writeTextFileSync(join(folder, "lock-999999999"), "");
  await assertRejects(() => acquireLock(join(folder, "lock")), UserError, "remove it");
});

filesTest("what another machine holds is waited for, for a stated time only", async (folder) => {
  const path = join(folder, "lock");
  Deno.writeTextFileSync(`${path}-7`, JSON.stringify(farAway));
  const told: string[] = [];
  const lock = await acquireLock(path, "this run", {
    ...timing,
    onWait: (text) => told.push(text),
  });
  assertEquals(told.length, 1);
  assertMatch(told[0] ?? "", /^this run: process 1 on far away.* 3 seconds at most$/);
  assertEquals(names(folder), ["lock-8"]);
  lock.release();

  const beat = () => Deno.writeTextFileSync(`${path}-7`, `${Math.random()}`);
  beat();
  const beating = setInterval(beat, 50);
  const asked = acquireLock(path, "this run", timing);
  await assertRejects(() => asked, LockedError, "another process").finally(() =>
    clearInterval(beating)
  );
});

filesTest("who waits can be stopped", async (folder) => {
  const path = join(folder, "lock");
  Deno.writeTextFileSync(`${path}-1`, "");
  const stop = new AbortController();
  const asked = acquireLock(path, "this run", { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("stopped")), 20);
  await assertRejects(() => asked, Error, "stopped");
});

filesTest("a holder whose lock was removed or taken over is told", async (folder) => {
  const path = join(folder, "lock");
  {
    using lock = await acquireLock(path);
    Deno.removeSync(`${path}-1`);
    assertThrows(() => lock.check(), LostLockError, "its lock was removed");
    using _other = await acquireLock(path);
    assertThrows(() => lock.check(), LostLockError, "its lock was removed");
    lock.release();
    assertEquals(names(folder), ["lock-1"]);
  }
  using lock = await acquireLock(path);
  const other = { ...farAway, pid: 77, host: "elsewhere" };
  Deno.writeTextFileSync(`${path}-2`, JSON.stringify(other));
  assertThrows(() => lock.check(), LostLockError, "process 77 on elsewhere took it over");
});

processTest(
  "another process's lock is respected, and lost with its life at once",
  async (folder) => {
    const path = join(folder, "lock");
    {
      await using holder = ask(folder, path);
      assertEquals(await holder.said(), "held");
      const error = await assertRejects(() => acquireLock(path), LockedError);
      assert(error.message.includes(`process ${holder.pid} on `), error.message);
      assertEquals(await holder.check(), "mine");
      // Asleep and without a sign of life, it still has its lock.
      holder.signal("SIGSTOP");
      await new Promise((wake) => setTimeout(wake, quick.staleMs + 500));
      await assertRejects(() => acquireLock(path, path, timing), LockedError);
    }
    let waited = false;
    const lock = await acquireLock(path, path, { onWait: () => waited = true });
    assert(!waited);
    lock.release();
  },
);

for (const [what, body] of Object.entries(brokenFlocks)) {
  processTest(
    `flock: ${what}: one works, the other is told, and the dead one's lock is free in time`,
    async (folder) => {
      const env = flockEnvironment(folder, body);
      const path = join(folder, "lock");
      {
        await using holder = ask(folder, path, env);
        assertEquals(await holder.said(), "held");
        await using second = ask(folder, path, env);
        assertMatch(await second.said(), new RegExp(`^this run: process ${holder.pid} on`));
        assertEquals(await holder.check(), "mine");
      }
      await using third = ask(folder, path, env);
      assertEquals(await third.said(), "held");
    },
    ignoreShims,
  );
}

processTest(
  "flock: every error that means there is none is no obstacle",
  async (folder) => {
    for (const name of ["EOPNOTSUPP", "EINVAL", "ENOLCK"]) {
      const env = flockEnvironment(folder, `errno = ${name}; return -1;`);
      await using holder = ask(folder, join(folder, name), env);
      assertEquals(await holder.said(), "held", name);
    }
  },
  ignoreShims,
);

processTest(
  "flock: there is none: who was asleep for so long that another took over finds out",
  async (folder) => {
    const env = flockEnvironment(folder, brokenFlocks["there is none"]);
    const path = join(folder, "lock");
    await using sleeper = ask(folder, path, env);
    assertEquals(await sleeper.said(), "held");
    sleeper.signal("SIGSTOP");
    await using other = ask(folder, path, env);
    assertEquals(await other.said(), "held");
    sleeper.signal("SIGCONT");
    assertMatch(await sleeper.check(), new RegExp(`process ${other.pid} on .+ took it over`));
    assertEquals(await other.check(), "mine");
  },
  ignoreShims,
);
