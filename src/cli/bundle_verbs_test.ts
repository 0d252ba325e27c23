import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { exampleBundle } from "../bundle/testing.ts";
import { UserError } from "../errors.ts";
import { run as pack } from "./pack.ts";
import { run as show } from "./show.ts";
import { run as unpack } from "./unpack.ts";
import { run as verify } from "./verify.ts";

const granted = (name: Deno.PermissionName) => Deno.permissions.querySync({ name }).state === "granted";

/** What a verb says, and its exit code. */
async function said(verb: (args: string[]) => Promise<number>, ...args: string[]): Promise<[number, string]> {
  const lines: string[] = [], { log } = console;
  console.log = (...words) => lines.push(words.join(" "));
  try {
    return [await verb(args), lines.join("\n")];
  } finally {
    console.log = log;
  }
}

Deno.test({
  name: "verify, pack, unpack and show on a bundle (needs files)",
  ignore: !granted("read") || !granted("write"),
  async fn() {
    const folder = Deno.makeTempDirSync();
    const { path, digest } = exampleBundle(join(folder, "example-0123456789ab"));
    const [good, words] = await said(verify, path, path);
    assertEquals(good, 0);
    assert(words.includes("verified") && words.includes(digest), words);
    assertEquals((await said(verify, path, "--digest", digest.slice(0, 12)))[0], 0);
    assertEquals((await said(verify, path, "--digest", "0".repeat(64)))[0], 1);

    const archive = join(folder, "sent.tar.gz");
    assertEquals((await said(pack, path, archive))[0], 0);
    assertEquals((await said(unpack, archive, join(folder, "received")))[0], 0);
    await assertRejects(() => said(unpack, archive, join(folder, "received")), UserError, "name another folder");
    assertEquals((await said(verify, join(folder, "received", "example-0123456789ab"), "--digest", digest))[0], 0);

    const [shown, list] = await said(show, path);
    assertEquals(shown, 0);
    for (const name of ["report.html", "collage-0-1.png", "collage-45-1.png"]) {
      assert(Deno.statSync(join(folder, "example-0123456789ab-pictures", name)).size > 100, name);
      assert(list.includes(name), list);
    }
    const [beside, both] = await said(show, path, path, "--out", join(folder, "beside"));
    assertEquals(beside, 0);
    for (const name of ["rotation-beside.png", "rotation-beside.gif", "rotation-beside.mp4"]) {
      assert(Deno.statSync(join(folder, "beside", name)).size > 100, name);
      assert(both.includes(`${name}  two models`), both);
    }
    Deno.writeTextFileSync(join(path, "data", "loss.csv"), "step,loss\n1,0\n");
    // As a shell makes it of `out/*`: what lies beside bundles is no fault, what they hold is.
    const all = [path, join(folder, "example-0123456789ab-pictures"), archive];
    const [ofAll, judged] = await said(verify, ...all);
    assertEquals(ofAll, 1, judged);
    assert(judged.includes("-pictures: passed over") && judged.includes("sent.tar.gz: passed over"), judged);
    const [bad, complaint] = await said(verify, path);
    assertEquals(bad, 1);
    assert(complaint.includes("data/loss.csv: its bytes changed"), complaint);

    await assertRejects(() => said(pack, path, archive, path), UserError, "pack takes one bundle");
    const before = [...Deno.readDirSync(folder)].length;
    await assertRejects(() => said(pack, path, join(folder, "received")), UserError, "packed one by one");
    await assertRejects(() => said(pack, path, join(folder, "none", "a.tar.gz")), UserError, "no such folder");
    assertEquals([...Deno.readDirSync(folder)].length, before);
    for (const verb of [verify, pack, unpack, show]) {
      await assertRejects(() => said(verb), UserError);
      await assertRejects(() => said(verb, join(folder, "none")), UserError);
      await assertRejects(() => said(verb, path, "--unknown"), UserError);
    }
    Deno.removeSync(folder, { recursive: true });
  },
});
