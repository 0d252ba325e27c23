import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { filesTest } from "./testing.ts";
import {
  createStaging,
  createTemporary,
  openAppend,
  openRegular,
  refuseLink,
  removeLeftovers,
  writeAll,
  writeFileAtomic,
  writeNew,
} from "./create.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const bytes = Uint8Array.of(2, 3);

filesTest("files are replaced atomically", (folder) => {
  const path = join(folder, "checkpoint");
  writeFileAtomic(path, Uint8Array.of(1));
  writeFileAtomic(path, bytes.subarray(0, 1), bytes.subarray(1));
  assertEquals(Deno.readFileSync(path), bytes);
  assertEquals(names(folder), ["checkpoint"]);
});

filesTest("only what killed writers of a path left is removed", (folder) => {
  const path = join(folder, "checkpoint");
  createTemporary(path).file.close();
  Deno.mkdirSync(join(createStaging(path), "data"));
  const others = ["checkpoint.old", "checkpoint-2.0123456789abcdef.tmp", "checkpoint.1.tmp"];
  for (const name of others) Deno.writeTextFileSync(join(folder, name), "");
  assertEquals(removeLeftovers(path).length, 2);
  assertEquals(names(folder), others.sort());
});

filesTest("temporary names differ each time", (folder) => {
  const path = join(folder, "a");
  const made = Array.from({ length: 20 }, () => createStaging(path));
  made.push(...Array.from({ length: 20 }, () => {
    const temporary = createTemporary(path);
    temporary.file.close();
    return temporary.path;
  }));
  assertEquals(new Set(made).size, 40);
});

filesTest("nothing is written through a link", (folder) => {
  const precious = join(folder, "precious");
  Deno.writeTextFileSync(precious, "as it was");
  for (const target of [precious, join(folder, "not-there-yet")]) {
    const path = join(folder, "planted");
    Deno.symlinkSync(target, path);
    assertThrows(() => writeNew(path, bytes), Deno.errors.AlreadyExists);
    assertThrows(() => openAppend(path), UserError, "not a regular file");
    assertThrows(() => openRegular(path, { write: true }), UserError, "not a regular file");
    assertThrows(() => refuseLink(path, "--out names another"), UserError, "--out names another");

    // The new file replaces the link itself.
    writeFileAtomic(path, bytes);
    assert(Deno.lstatSync(path).isFile);
    Deno.removeSync(path);
  }
  assertEquals(Deno.readTextFileSync(precious), "as it was");
  assertEquals(names(folder), ["precious"]);
});

filesTest("nothing is appended to a file with a second name", (folder) => {
  const path = join(folder, "log");
  Deno.writeTextFileSync(join(folder, "precious"), "as it was");
  Deno.linkSync(join(folder, "precious"), path);
  assertThrows(() => openAppend(path), UserError, "not a regular file");
  Deno.removeSync(path);
  for (const text of ["a", "b"]) {
    using file = openAppend(path);
    writeAll(file, new TextEncoder().encode(text));
  }
  assertEquals(Deno.readTextFileSync(path), "ab");
});
