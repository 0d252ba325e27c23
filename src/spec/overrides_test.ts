import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { filesTest } from "../files/testing.ts";
import { loadSpec, parseSpec, resolveSpec, specDigest } from "./mod.ts";

const bare = parseSpec("architecture: A\ndataset: mnist\n");

Deno.test("overrides: several values for a single one point to a sweep, or to a list", () => {
  const sweep = "for one run per value: deno task sweep SPEC ";
  for (const override of ["seed=1,2", "architecture=A,B", "training.epochs=3, 4"]) {
    assertThrows(() => resolveSpec(bare, [override]), UserError, sweep + override);
  }
  assertThrows(
    () => resolveSpec(bare, ["sampling.rotation=0,45"]),
    UserError,
    `for one run with all of them: sampling.rotation=[0,45]; ${sweep}sampling.rotation=0,45`,
  );
  for (const override of ["seed=1,x", "seed=[1,2]", "dataset=a,b"]) {
    const error = assertThrows(() => resolveSpec(bare, [override]), UserError);
    assert(!error.message.includes("sweep"), error.message);
  }
});

Deno.test("overrides: their order does not matter, even if one decides what others mean", () => {
  const same = (...overrides: string[]) => {
    const digests = [overrides, overrides.toReversed()].map((each) =>
      specDigest(resolveSpec(bare, each))
    );
    assertEquals(digests[0], digests[1], overrides.join(" "));
  };
  same("dataset=folder", "data.path=photos", "data.limit=10");
  same("architecture=D", "kaiserBeta=1", "cutoff.up=1");
  same("sampling.sampler=ddim", "sampling.eta=0.5");
  for (const words of [["architecture=A", "kaiserBeta=1"], ["kaiserBeta=1", "architecture=A"]]) {
    assertThrows(() => resolveSpec(bare, words), UserError, "kaiserBeta: applies only to");
  }
});

filesTest("overrides: they may add what the file lacks", async (folder) => {
  const path = join(folder, "photos.yaml");
  Deno.writeTextFileSync(path, "dataset: folder\n");
  const { resolved } = await loadSpec(path, ["data.path=photos", "architecture=A"]);
  assertEquals([resolved.dataset, resolved.data.path], ["folder", "photos"]);
  const error = await loadSpec(path).then(() => null, (error) => error);
  assert(error instanceof UserError);
  assert(error.message.includes("architecture: missing"), error.message);
  assert(error.message.includes("data.path: missing"), error.message);
});
