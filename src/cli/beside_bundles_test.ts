// Verbs that write next to bundles: on read-only disks, and with links at their targets.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { exampleBundle } from "../bundle/testing.ts";
import { UserError } from "../messages/errors.ts";
import { copyBundle, wholeBundle } from "../runner/testing.ts";
import { captureTerminal } from "../messages/terminal.ts";
import { filesTest, processTest } from "../files/testing.ts";
import { run as compare } from "./compare.ts";
import { run as diff } from "./diff.ts";
import { run as pack } from "./pack.ts";
import { run as report } from "./report.ts";
import { run as show } from "./show.ts";
import { run as unpack } from "./unpack.ts";

const names = ["a-0123456789ab", "b-0123456789ab"] as const;

async function withReadOnly(folder: string, fn: (disk: string) => Promise<void>) {
  const whole = await wholeBundle(folder);
  const disk = join(folder, "disk");
  const mount = async (command: string, ...args: string[]) => {
    const { success, stderr } = await new Deno.Command(command, { args: [...args, disk] }).output();
    assert(success, new TextDecoder().decode(stderr));
  };
  Deno.mkdirSync(disk);
  await mount("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs");
  try {
    for (const name of names) copyBundle(whole, join(disk, name));
    exampleBundle(join(disk, "scored", names[0]));
    await mount("mount", "-o", "remount,ro");
    await fn(disk);
  } finally {
    await mount("umount");
  }
}

const isRoot = Deno.build.os === "linux" &&
  Deno.permissions.querySync({ name: "sys" }).state === "granted" && Deno.uid() === 0;

processTest(
  "bundles on a read-only disk can be shown, packed and reported elsewhere",
  (folder) =>
    withReadOnly(folder, async (disk) => {
      using _said = captureTerminal();
      const [a, b] = [join(disk, names[0]), join(disk, names[1])];
      const elsewhere = join(folder, "elsewhere");
      const out = ["--out", elsewhere];
      for (
        const [verb, args] of [[show, [a]], [report, [disk]], [compare, [join(disk, "scored")]], [
          diff,
          [
            a,
            b,
          ],
        ]] as const
      ) {
        const refused = await assertRejects(async () => await verb([...args]), UserError);
        assertStringIncludes(refused.message, `${disk}`);
        assertStringIncludes(
          refused.message,
          "the disk is read-only; choose another folder with --out FOLDER",
        );
        assertEquals(await verb([...args, ...out]), 0);
      }
      const refused = await assertRejects(() => pack([a]), UserError);
      assertStringIncludes(refused.message, "read-only; name another FILE after the bundle");
      const archive = join(elsewhere, "a.tar.gz");
      assertEquals(await pack([a, archive]), 0);
      const unpacked = await assertRejects(() => unpack([archive, join(disk, "in")]), UserError);
      assertStringIncludes(unpacked.message, "read-only; choose another folder with --out FOLDER");

      const made = [...Deno.readDirSync(elsewhere)].map(({ name }) => name);
      for (
        const name of ["report.html", "comparison.md", `diff-${names[0]}-${names[1]}.png`]
      ) {
        assert(made.includes(name), `${made}`);
      }
    }),
  isRoot ? "" : "needs Linux and root, to mount a small disk",
);

filesTest("show does not write through a link at its default target", async (folder) => {
  const { path } = exampleBundle(join(folder, names[0]));
  Deno.mkdirSync(join(folder, "precious"));
  Deno.symlinkSync("precious", `${path}-pictures`);
  const error = await assertRejects(() => show([path]), UserError);
  assertStringIncludes(error.message, "this is a link");
  assertStringIncludes(error.message, "choose another folder with --out FOLDER");
  assertEquals([...Deno.readDirSync(join(folder, "precious"))], []);
});

filesTest(
  "report, compare and diff replace a link at their target instead of following it",
  async (folder) => {
    using _said = captureTerminal();
    exampleBundle(join(folder, names[0]));
    const precious = join(folder, "precious");
    Deno.writeTextFileSync(precious, "as it was");
    for (const name of ["report.html", "comparison.md"]) {
      Deno.symlinkSync(
        precious,
        join(folder, name),
      );
    }
    assertEquals(await compare([folder]), 0);
    assertEquals(await report([folder]), 0);
    assertEquals(Deno.readTextFileSync(precious), "as it was");
    assert(Deno.lstatSync(join(folder, "report.html")).isFile);
  },
);
