import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { filesTest, processTest } from "./testing.ts";
import { acquireLock, LockedError, LostLockError, waitForLock } from "./lock.ts";
import { ask, brokenFlocks, flockEnvironment, ignoreShims, quick } from "./lock_testing.ts";

const timing = { timing: quick };
const remoteHolder = {
  pid: 1,
  host: "far away",
  machine: "another",
  disk: 1,
  since: "then",
  token: "x",
  flock: true,
};
const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

filesTest("a lock has one holder, and is free after its release", async (folder) => {
  const path = join(folder, ".run.lock");
  const lock = await acquireLock(path, "this run");
  const error = await assertRejects(() => acquireLock(path, "this run"), UserError);
  assertMatch(
    error.message,
    /^this run: process \d+ on .+ has been working on it since .+; wait/,
  );
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
  "one of many that ask at once gets the lock, and in the end all do",
  async (folder) => {
    const path = join(folder, "lock");
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(path)));
    const locks = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
    assertEquals(locks.length, 1);
    for (const lock of locks) lock.release();

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

filesTest("a lock file is never created or truncated through a link", async (folder) => {
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

filesTest("a lock file with an impossible number is refused", async (folder) => {
  Deno.writeTextFileSync(join(folder, "lock-999999999"), "");
  await assertRejects(() => acquireLock(join(folder, "lock")), UserError, "remove it");
});

filesTest("a remote lock is free after the stated time without a heartbeat", async (folder) => {
  const path = join(folder, "lock");
  Deno.writeTextFileSync(`${path}-7`, JSON.stringify(remoteHolder));
  const messages: string[] = [];
  const lock = await acquireLock(path, "this run", {
    ...timing,
    onWait: (text) => messages.push(text),
  });
  assertEquals(messages.length, 1);
  assertMatch(messages[0] ?? "", /^this run: process 1 on far away.* at most 3 seconds$/);
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

filesTest("waiting for a lock can be stopped", async (folder) => {
  const path = join(folder, "lock");
  Deno.writeTextFileSync(`${path}-1`, "");
  const stop = new AbortController();
  const asked = acquireLock(path, "this run", { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("stopped")), 20);
  await assertRejects(() => asked, Error, "stopped");
});

filesTest("a holder detects that its lock was removed or taken over", async (folder) => {
  const path = join(folder, "lock");
  {
    using lock = await acquireLock(path);
    Deno.removeSync(`${path}-1`);
    assertThrows(() => lock.check(), LostLockError, "the lock file was removed");
    using _other = await acquireLock(path);
    assertThrows(() => lock.check(), LostLockError, "the lock file was removed");
    lock.release();
    assertEquals(names(folder), ["lock-1"]);
  }
  using lock = await acquireLock(path);
  const other = { ...remoteHolder, pid: 77, host: "elsewhere" };
  Deno.writeTextFileSync(`${path}-2`, JSON.stringify(other));
  assertThrows(() => lock.check(), LostLockError, "process 77 on elsewhere took it over");
});

processTest(
  "a lock of another process is respected, and free as soon as that process is killed",
  async (folder) => {
    const path = join(folder, "lock");
    {
      await using holder = ask(folder, path);
      assertEquals(await holder.said(), "held");
      const error = await assertRejects(() => acquireLock(path), LockedError);
      assert(error.message.includes(`process ${holder.pid} on `), error.message);
      assertEquals(await holder.check(), "mine");
      // Although asleep and without a heartbeat, it still has its lock.
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
    `flock: ${what}: one process gets the lock, and after its death another one does`,
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
  "flock: a disk without flock is no obstacle, whatever its error",
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
  "flock: there is none: a process that slept until another took over detects it",
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
