// A finished run and its model are believed only from a bundle that was checked in this process.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { writeManifests } from "../bundle/testing.ts";
import { UserError } from "../messages/errors.ts";
import { decodeTensors, encodeTensors } from "../formats/safetensors.ts";
import { filesTest } from "../files/testing.ts";
import { copyBundle, wholeBundle, wholeSpec } from "./testing.ts";

const otherSampling = wholeSpec.replace("count: 4", "count: 3");

filesTest("a finished run is believed only where its bundle is whole", async (folder) => {
  const whole = await wholeBundle(folder);
  const kept = copyBundle(whole, join(folder, "kept"));
  const again = (text?: string) => wholeBundle(folder, text);
  assertEquals(await again(), whole, "found again");
  const restore = () => {
    Deno.removeSync(whole, { recursive: true });
    copyBundle(kept, whole);
  };
  const damages: [what: string, damage: () => void, words: string][] = [
    ["no model", () => Deno.removeSync(join(whole, "data", "model.safetensors")), "missing"],
    ["no manifest", () => Deno.removeSync(join(whole, "manifest-sha256.txt")), "manifest"],
    ["no data", () => Deno.removeSync(join(whole, "data"), { recursive: true }), "missing"],
    [
      "a model that is cut off",
      () => Deno.truncateSync(join(whole, "data", "model.safetensors"), 1000),
      "bytes and files",
    ],
  ];
  for (const [what, damage, words] of damages) {
    damage();
    const { message } = await assertRejects(() => again(), UserError, words, what);
    assertStringIncludes(message, "bring back what is missing, or move the folder away");
    restore();
  }

  // Planted: another spec under the run's digests, with manifests that fit.
  const spec = join(whole, "data", "spec.yaml");
  Deno.writeTextFileSync(spec, Deno.readTextFileSync(spec).replace("seed: 42", "seed: 43"));
  writeManifests(whole);
  await assertRejects(() => again(), UserError, "its digests are not those of its spec");
  restore();

  // The model that another sampling takes over is compared byte by byte.
  const model = join(whole, "data", "model.safetensors");
  const tensors = decodeTensors(Deno.readFileSync(model));
  for (const [name, { dtype, shape, data }] of tensors) {
    if (data instanceof Float32Array) {
      tensors.set(name, { dtype, shape, data: new Float32Array(data.length) });
    }
  }
  Deno.writeFileSync(model, encodeTensors(tensors));
  await assertRejects(() => again(otherSampling), UserError, "its bytes changed");
  restore();

  // A model that is taken over is named by its bundle's digest.
  const shared = await again(otherSampling);
  assert(shared !== whole);
  const told = Deno.readTextFileSync(join(shared, "provenance.json"));
  assertStringIncludes(told, `the model was taken from ${basename(whole)}, a run of the same`);

  // One that moved to another disk and left a link behind.
  const elsewhere = join(folder, "elsewhere");
  Deno.renameSync(whole, elsewhere);
  Deno.symlinkSync(elsewhere, whole);
  assertEquals(await again(), whole);
});
