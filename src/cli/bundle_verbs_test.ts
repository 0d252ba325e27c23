import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { openBundle } from "../bundle/open.ts";
import { UserError } from "../messages/errors.ts";
import { copyBundle, wholeBundle } from "../runner/testing.ts";
import { captureTerminal } from "../messages/terminal.ts";
import { run as diff } from "./diff.ts";
import { run as pack } from "./pack.ts";
import { run as reproduce } from "./reproduce.ts";
import { run as sample } from "./sample.ts";
import { run as show } from "./show.ts";
import { run as unpack } from "./unpack.ts";
import { run as verify } from "./verify.ts";

const granted = (name: Deno.PermissionName) =>
  Deno.permissions.querySync({ name }).state === "granted";

/** A verb's exit code and output. */
async function said(
  verb: (args: string[]) => Promise<number>,
  ...args: string[]
): Promise<[number, string]> {
  using said = captureTerminal();
  return [await verb(args), said.out.join("\n")];
}

Deno.test({
  name: "verify, pack, unpack and show work on a bundle (needs files)",
  ignore: !granted("read") || !granted("write"),
  async fn() {
    const made = Deno.makeTempDirSync();
    const folder = join(made, "bundles");
    const path = join(folder, "example-0123456789ab");
    copyBundle(await wholeBundle(made), path);
    const { digest } = openBundle(path);
    const [good, words] = await said(verify, path, path);
    assertEquals(good, 0);
    assert(words.includes("verified") && words.includes(digest), words);
    assertEquals((await said(verify, path, "--digest", digest.slice(0, 12)))[0], 0);
    assertEquals((await said(verify, path, "--digest", "0".repeat(64)))[0], 1);

    const archive = join(folder, "sent.tar.gz");
    assertEquals((await said(pack, path, archive))[0], 0);
    assertEquals((await said(unpack, archive, join(folder, "received")))[0], 0);
    await assertRejects(
      () => said(unpack, archive, join(folder, "received")),
      UserError,
      "choose another folder",
    );
    assertEquals(
      (await said(verify, join(folder, "received", "example-0123456789ab"), "--digest", digest))[0],
      0,
    );

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
    // As a shell expands `out/*`: other files next to bundles are skipped.
    const beside_ = ["report.html", "comparison.csv", "diff-a-b.png"].map((name) =>
      join(folder, name)
    );
    const all = [path, join(folder, "example-0123456789ab-pictures"), archive, ...beside_];
    const [ofAll, judged] = await said(verify, ...all);
    assertEquals(ofAll, 1, judged);
    for (
      const name of ["-pictures", "sent.tar.gz", "report.html", "comparison.csv", "diff-a-b.png"]
    ) {
      assert(judged.includes(`${name}: skipped`), judged);
    }
    const [bad, complaint] = await said(verify, path);
    assertEquals(bad, 1);
    assert(complaint.includes("data/loss.csv: its bytes have changed"), complaint);

    // A folder of bundles is none: the verbs say so alike, and what to name instead.
    const holds = (command: string) =>
      `${folder} is not a bundle, but contains 1 bundle: deno task ${command}`;
    await assertRejects(() => said(verify, folder), UserError, holds(`verify ${folder}/*`));
    for (const [verb, name] of [[pack, "pack"], [show, "show"]] as const) {
      await assertRejects(() => said(verb, folder), UserError, holds(`${name} ${path}`));
    }
    await assertRejects(() => said(diff, path, folder), UserError, holds(`diff ${path}`));
    await assertRejects(() => said(reproduce, folder), UserError, holds(`reproduce ${path}`));
    await assertRejects(() => said(sample, folder), UserError, holds(`sample ${path}`));
    const empty = join(folder, "beside");
    await assertRejects(() => said(show, path, empty), UserError, `${empty} is not a bundle`);
    const [ofBoth, both_] = await said(verify, empty, path);
    assertEquals(ofBoth, 1);
    assert(both_.includes(`${empty} is not a bundle\n${path}: NOT as it was written`), both_);
    // One that lost its manifest is a damaged one.
    Deno.removeSync(join(path, "manifest-sha256.txt"));
    assert((await said(verify, path))[1].includes("manifest-sha256.txt: missing"));

    await assertRejects(() => said(pack, path, archive, path), UserError, "pack takes one bundle");
    const before = [...Deno.readDirSync(folder)].length;
    await assertRejects(
      () => said(pack, path, join(folder, "received")),
      UserError,
      "Only one bundle is packed at a time",
    );
    await assertRejects(
      () => said(pack, path, join(folder, "none", "a.tar.gz")),
      UserError,
      "this folder does not exist",
    );
    assertEquals([...Deno.readDirSync(folder)].length, before);
    for (const verb of [verify, pack, unpack, show]) {
      await assertRejects(() => said(verb), UserError);
      await assertRejects(() => said(verb, join(folder, "none")), UserError);
      await assertRejects(() => said(verb, path, "--unknown"), UserError);
    }
    Deno.removeSync(made, { recursive: true });
  },
});
