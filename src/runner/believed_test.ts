// A finished run and its model are trusted only after this process has checked the bundle.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { writeManifests } from "../bundle/testing.ts";
import { UserError } from "../messages/errors.ts";
import { decodeTensors, encodeTensors } from "../formats/safetensors.ts";
import { filesTest } from "../files/testing.ts";
import { copyBundle, wholeBundle, wholeSpec } from "./testing.ts";

const otherSampling = wholeSpec.replace("count: 4", "count: 3");

filesTest("a finished run is trusted only if its bundle is intact", async (folder) => {
  const whole = await wholeBundle(folder);
  const kept = copyBundle(whole, join(folder, "kept"));
  const again = (text?: string) => wholeBundle(folder, text);
  assertEquals(await again(), whole, "found again");
  const restore = () => {
    Deno.removeSync(whole, { recursive: true });
    copyBundle(kept, whole);
  };
  const damages: [what: string, damage: () => void, message: string][] = [
    ["no model", () => Deno.removeSync(join(whole, "data", "model.safetensors")), "missing"],
    ["no manifest", () => Deno.removeSync(join(whole, "manifest-sha256.txt")), "manifest"],
    ["no data", () => Deno.removeSync(join(whole, "data"), { recursive: true }), "missing"],
    [
      "a model that is cut off",
      () => Deno.truncateSync(join(whole, "data", "model.safetensors"), 1000),
      "bytes and files",
    ],
  ];
  for (const [what, damage, expected] of damages) {
    damage();
    const { message } = await assertRejects(() => again(), UserError, expected, what);
    assertStringIncludes(message, "Restore what is missing, or move the folder away");
    restore();
  }

  // Forged: another spec under the run's digests, with matching manifests.
  const spec = join(whole, "data", "spec.yaml");
  Deno.writeTextFileSync(spec, Deno.readTextFileSync(spec).replace("seed: 42", "seed: 43"));
  writeManifests(whole);
  await assertRejects(() => again(), UserError, "its digests do not match its spec");
  restore();

  // A model that a run with other sampling reuses is checked byte by byte.
  const model = join(whole, "data", "model.safetensors");
  const tensors = decodeTensors(Deno.readFileSync(model));
  for (const [name, { dtype, shape, data }] of tensors) {
    if (data instanceof Float32Array) {
      tensors.set(name, { dtype, shape, data: new Float32Array(data.length) });
    }
  }
  Deno.writeFileSync(model, encodeTensors(tensors));
  await assertRejects(() => again(otherSampling), UserError, "its bytes have changed");
  restore();

  // A run that reuses a model names its bundle.
  const shared = await again(otherSampling);
  assert(shared !== whole);
  const provenance = Deno.readTextFileSync(join(shared, "provenance.json"));
  assertStringIncludes(provenance, `the model comes from ${basename(whole)}, a run of the same`);

  // A bundle that was moved to another disk, with a link in its old place.
  const elsewhere = join(folder, "elsewhere");
  Deno.renameSync(whole, elsewhere);
  Deno.symlinkSync(elsewhere, whole);
  assertEquals(await again(), whole);
});
