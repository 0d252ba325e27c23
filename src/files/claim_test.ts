import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { filesTest } from "./testing.ts";
import { claimFolder } from "./claim.ts";
import { LockedError } from "./lock.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

filesTest("a claimed path belongs to one process until its folder appears", async (folder) => {
  const path = join(folder, "bundle");
  Deno.mkdirSync(join(folder, ".bundle.partial-of-a-killed-process"));
  {
    using claim = await claimFolder(path, "unpacking bundle");
    assertEquals(names(folder).filter((name) => name.includes("killed")), []);
    await assertRejects(
      () => claimFolder(path, "unpacking bundle"),
      LockedError,
      "unpacking bundle",
    );
    using _other = await claimFolder(join(folder, "bundle-2"), "unpacking another");
    Deno.writeTextFileSync(join(claim.staging, "file"), "");
    claim.finish();
  }
  assertEquals(names(folder), ["bundle"]);
  assertEquals(names(path), ["file"]);
  await assertRejects(() => claimFolder(path, "unpacking bundle"), UserError, "already");
});

filesTest("an unfinished claim leaves nothing, and nothing is replaced", async (folder) => {
  const path = join(folder, "bundle");
  {
    using claim = await claimFolder(path, "unpacking bundle");
    Deno.symlinkSync("/", path);
    assertThrows(() => claim.finish(), UserError, "already");
    assert(Deno.statSync(claim.staging).isDirectory);
  }
  assertEquals(names(folder), ["bundle"]);
});
