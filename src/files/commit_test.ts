import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { checkedOutCommit } from "./commit.ts";

const canWrite = (["read", "write"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);

Deno.test({
  name: `the checked-out commit: loose, packed, detached, none${canWrite ? "" : " (needs files)"}`,
  ignore: !canWrite,
  fn: () => {
    const folder = Deno.makeTempDirSync();
    const [one, two, three] = ["1", "2", "3"].map((digit) => digit.repeat(40)) as [
      string,
      string,
      string,
    ];
    assertEquals(checkedOutCommit(folder), null);
    Deno.mkdirSync(join(folder, ".git", "refs", "heads"), { recursive: true });
    const head = join(folder, ".git", "HEAD");
    Deno.writeTextFileSync(head, `${one}\n`);
    assertEquals(checkedOutCommit(folder), one);
    Deno.writeTextFileSync(head, "ref: refs/heads/main\n");
    assertEquals(checkedOutCommit(folder), null);
    Deno.writeTextFileSync(join(folder, ".git", "packed-refs"), `# pack\n${two} refs/heads/main\n`);
    assertEquals(checkedOutCommit(folder), two);
    Deno.writeTextFileSync(join(folder, ".git", "refs", "heads", "main"), `${three}\n`);
    assertEquals(checkedOutCommit(folder), three);
    Deno.removeSync(folder, { recursive: true });
  },
});
