// verify, pack and unpack read and write only what they must. targets_test.ts tests the same for
// show, report, compare and diff.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { copyBundle, wholeBundle } from "../runner/testing.ts";
import { processTest } from "../files/testing.ts";
import { snapshot } from "./forging.ts";
import { confined } from "./testing.ts";

processTest("verify writes nothing, pack only its file, unpack only its folder", async (made) => {
  const folder = Deno.realPathSync(made);
  const whole = await wholeBundle(folder);
  const [reads, sent, received] = ["reads", "sent", "received"].map((name) => join(folder, name));
  for (const path of [reads, sent, received]) Deno.mkdirSync(path);
  const bundle = copyBundle(whole, join(reads, basename(whole)));
  const before = snapshot(reads);

  assertStringIncludes(await confined(["verify", bundle], reads, null), "verified");
  const archive = join(sent, "a.tar.gz");
  await confined(["pack", bundle, archive], reads, sent);
  assertEquals(snapshot(reads), before, "as on a disk that is read-only");

  assert(!(await confined(["unpack", archive, received], sent, received)).includes("NOT"));
  assertEquals([...Deno.readDirSync(received)].map(({ name }) => name), [basename(whole)]);
  assertEquals([...Deno.readDirSync(sent)].map(({ name }) => name), ["a.tar.gz"]);
});
