// Randomly damaged bundles and archives: the result is an answer or a UserError, and no file is
// written elsewhere.
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { gunzipSync, gzipSync } from "fflate";
import { fuzz } from "../formats/fuzz.ts";
import { sha256 } from "../formats/sha256.ts";
import { filesTest } from "../files/testing.ts";
import { packBundle } from "./pack.ts";
import { unpackBundle } from "./unpack.ts";
import { readBundleSpec, readLosses, readMetrics, readSamples } from "./read.ts";
import { exampleBundle, writeManifests } from "./testing.ts";
import { checkBundle, verifyBag } from "./verify.ts";

for (
  const name of [
    "spec.yaml",
    "digests.json",
    "metrics.json",
    "samples.safetensors",
    "model.safetensors",
    "loss.csv",
  ]
) {
  filesTest(`fuzzing: bundles with a damaged ${name} under matching manifests`, async (folder) => {
    const { path } = exampleBundle(join(folder, "example-0123456789ab"));
    const file = join(path, "data", name);
    const good = Deno.readFileSync(file);
    await fuzz([good], async (bytes) => {
      Deno.writeFileSync(file, bytes);
      writeManifests(path);
      const { ok, problems } = await checkBundle(path);
      assertEquals(ok, problems.length === 0);
      // Readers of the content, whatever verification said.
      if (name === "spec.yaml") return readBundleSpec(path);
      if (name === "metrics.json") return readMetrics(path);
      if (name === "samples.safetensors") return await readSamples(path);
      return name === "loss.csv" ? readLosses(path) : null;
    }, { maxRounds: 300 });
  });
}

const verify = (path: string) => Promise.resolve(verifyBag(path));

filesTest("fuzzing: damaged archives of bundles, with matching checksums", async (folder) => {
  const { path } = exampleBundle(join(folder, "example-0123456789ab"));
  const archive = join(folder, "a.tar.gz");
  await packBundle(path, archive, verify);
  const tar = gunzipSync(Deno.readFileSync(archive));
  const into = join(folder, "deep", "into");
  Deno.mkdirSync(into, { recursive: true });
  const outside = () =>
    [folder, dirname(into)].map((at) => [...Deno.readDirSync(at)].map(({ name }) => name).sort());
  const before = outside();
  /** Corrects the checksums of all headers that are still in the right position. */
  const repair = (bytes: Uint8Array) => {
    for (let at = 0; at + 512 <= bytes.length;) {
      const header = bytes.subarray(at, at + 512);
      const size = parseInt(new TextDecoder().decode(header.subarray(124, 135)), 8);
      if (header[0] === 0 || !Number.isFinite(size)) return;
      header.fill(0x20, 148, 156);
      const sum = header.reduce((a, b) => a + b, 0);
      header.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0") + "\0"), 148);
      at += 512 + 512 * Math.ceil(size / 512);
    }
  };
  // The start, with the names, is damaged more often than at random.
  const head = tar.slice(0, 4096);
  await fuzz([tar, head], async (bytes) => {
    Deno.writeFileSync(archive, gzipSync(bytes));
    try {
      const { path, digest } = await unpackBundle(archive, into, verify);
      assert(digest === sha256(Deno.readFileSync(join(path, "manifest-sha256.txt"))));
      Deno.removeSync(path, { recursive: true });
    } finally {
      assertEquals(outside(), before);
      assertEquals([...Deno.readDirSync(into)], []);
    }
  }, { repair, maxRounds: 200 });
});
