import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { openBundle } from "../bundle/open.ts";
import { findBundles, readBundleDigests } from "../bundle/read.ts";
import { exampleBundle } from "../bundle/testing.ts";
import { UserError } from "../messages/errors.ts";
import { LockedError } from "../files/lock.ts";
import { filesTest, processTest } from "../files/testing.ts";
import { findBundle, openWorkFolder, workPath } from "./work.ts";

const key = "0123456789abcdef".repeat(4);
const windows = Deno.build.os === "windows" ? "needs owners and modes of files" : "";

filesTest("a work folder is locked, and removed when the run is done", async (folder) => {
  const out = join(folder, "out");
  const work = await openWorkFolder(out, key, "this run");
  assertEquals(work.path, workPath(out, key));
  await assertRejects(
    () => openWorkFolder(out, key, "this run"),
    LockedError,
    "has been working on it",
  );
  work.check();
  work.remove();
  work[Symbol.dispose]();
  assertEquals([...Deno.readDirSync(join(out, ".work"))], []);
});

filesTest("a work folder is not reached through a link", async (folder) => {
  const precious = join(folder, "precious");
  Deno.mkdirSync(precious);
  Deno.writeTextFileSync(join(precious, "checkpoint.safetensors.0123456789abcdef.tmp"), "mine");
  for (const link of [".work", join(".work", key.slice(0, 16))]) {
    const out = join(folder, `out-${link.length}`);
    Deno.mkdirSync(join(out, link, ".."), { recursive: true });
    Deno.symlinkSync(precious, join(out, link));
    const error = await assertRejects(() => openWorkFolder(out, key, "this run"), UserError);
    assertMatch(error.message, /this is a link.+choose another folder with --out FOLDER/);
  }
  const inside = workPath(folder, key);
  Deno.mkdirSync(inside, { recursive: true });
  Deno.symlinkSync(precious, join(inside, "samples-0123456789abcdef"));
  await assertRejects(
    () => openWorkFolder(folder, key, "this run"),
    UserError,
    "not a regular file or folder",
  );
  assertEquals([...Deno.readDirSync(precious)].length, 1);
});

processTest(
  "a work folder that everybody may write to is refused, unless the umask is 000",
  async (folder) => {
    for (const path of [".work", join(".work", key.slice(0, 16))]) {
      const out = join(folder, `out-${path.length}`);
      Deno.mkdirSync(join(out, path), { recursive: true });
      Deno.chmodSync(join(out, path), 0o777);
      const error = await assertRejects(() => openWorkFolder(out, key, "this run"), UserError);
      assertMatch(error.message, /everybody on this machine may write to it.+--out FOLDER/);
    }
    const before = Deno.umask(0);
    const messages: string[] = [];
    try {
      const work = await openWorkFolder(join(folder, "open"), key, "this run", {
        onMessage: (text) => messages.push(text),
      });
      work[Symbol.dispose]();
    } finally {
      Deno.umask(before);
    }
    assertEquals(messages.length, 1);
    assertMatch(messages[0] ?? "", /umask 000/);
  },
  windows,
);

filesTest("a training that another process took over is left to it", async (folder) => {
  const work = await openWorkFolder(folder, key, "this run");
  Deno.writeTextFileSync(`${work.path}.lock-2`, "{}");
  Deno.writeTextFileSync(work.checkpoint, "the other's");
  work.remove();
  work[Symbol.dispose]();
  assertEquals(Deno.readTextFileSync(work.checkpoint), "the other's");
  assert(Deno.statSync(`${work.path}.lock-2`).isFile);
});

filesTest("a moved bundle with a link in its old place counts as finished", (folder) => {
  const out = join(folder, "out");
  Deno.mkdirSync(out);
  const { path } = exampleBundle(join(folder, "another-disk", "example-0123456789ab"));
  const { run } = readBundleDigests(openBundle(path));
  assertEquals(findBundle(out, run), null);
  Deno.symlinkSync(path, join(out, "example-0123456789ab"));
  assertEquals(findBundle(out, run), join(out, "example-0123456789ab"));
  assertEquals(findBundles([out]), [join(out, "example-0123456789ab")]);
});
