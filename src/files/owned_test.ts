import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { filesTest, processTest } from "./testing.ts";
import { ownedFolder } from "./owned.ts";

const options = { advice: "name another folder" };
const windows = Deno.build.os === "windows" ? "needs owners and modes of files" : "";
const isRoot = !windows && Deno.permissions.querySync({ name: "sys" }).state === "granted" &&
  Deno.uid() === 0;

processTest("a folder is created and accepted", (folder) => {
  const path = join(folder, "a", "b");
  assertEquals(ownedFolder(path, options), null);
  Deno.chmodSync(path, 0o770);
  assertEquals(ownedFolder(path, options), null);
  assertEquals([...Deno.readDirSync(path)], []);
}, windows);

processTest("a folder open to everybody is refused, unless the umask is 000", (folder) => {
  const path = join(folder, "open");
  Deno.mkdirSync(path);
  Deno.chmodSync(path, 0o777);
  const error = assertThrows(() => ownedFolder(path, options), UserError);
  assertMatch(
    error.message,
    /open: everybody on this machine may write to it.+chmod o-w.+, or name/,
  );
  const before = Deno.umask(0);
  try {
    assertMatch(ownedFolder(path, options) ?? "", /everybody may write to it, as to all new files/);
  } finally {
    Deno.umask(before);
  }
  assertEquals([...Deno.readDirSync(path)], []);
}, windows);

processTest("a folder that another user owns is refused", (folder) => {
  const path = join(folder, "theirs");
  Deno.mkdirSync(path);
  Deno.chownSync(path, 4321, null);
  const error = assertThrows(() => ownedFolder(path, options), UserError);
  assertMatch(error.message, /theirs: it belongs to another user \(number 4321\).+, or name/);
}, windows || (isRoot ? "" : "needs root, to give a folder away"));

filesTest("a link is refused, unless links are allowed and it is one's own", (folder) => {
  const path = join(folder, "link");
  Deno.mkdirSync(join(folder, "target"));
  Deno.symlinkSync("target", path);
  assertThrows(() => ownedFolder(path, options), UserError, "this is a link");
  assertEquals(ownedFolder(path, { ...options, isLinkAllowed: true }), null);
});
