import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { filesTest } from "../files/testing.ts";
import { bundleFiles, openBundle, openInside } from "./open.ts";
import { exampleBundle, writeManifests } from "./testing.ts";

const canRun = Deno.permissions.querySync({ name: "run" }).state === "granted" &&
  Deno.build.os === "linux";

filesTest("only regular files inside a folder are opened", (folder) => {
  const outside = join(folder, "secret.txt");
  const bundle = join(folder, "bundle");
  Deno.mkdirSync(join(bundle, "data"), { recursive: true });
  Deno.writeTextFileSync(outside, "secret");
  Deno.writeTextFileSync(join(bundle, "data", "real"), "inside");
  Deno.symlinkSync(outside, join(bundle, "data", "link"));
  Deno.symlinkSync(folder, join(bundle, "linked"));
  Deno.symlinkSync("real", join(bundle, "data", "near"));
  Deno.symlinkSync("nowhere", join(bundle, "data", "dangling"));
  Deno.symlinkSync("/dev/zero", join(bundle, "zero"));
  const files = bundleFiles(bundle);
  assertEquals(files.text("data/real"), "inside");
  for (
    const name of [
      "data/link",
      "data/near",
      "data/dangling",
      "linked/secret.txt",
      "zero",
      "data",
      "../secret.txt",
      "/etc/passwd",
      "data/../../secret.txt",
      "data/.hidden",
      "",
    ]
  ) {
    assertThrows(() => openInside(bundle, name), UserError, "", name);
    assertThrows(() => files.bytes(name), UserError, "", name);
    assertThrows(() => files.has(name), UserError, "", name);
  }
  assertEquals(files.has("data/none"), false);
  assertEquals(files.has("data/real/none"), false);
  assertThrows(() => files.bytes("data/none"), UserError, "missing");
});

filesTest("a FIFO and a device are refused without being opened", (folder) => {
  if (!canRun) return;
  const made = new Deno.Command("mkfifo", { args: [join(folder, "pipe")] }).outputSync();
  assert(made.success);
  // Opening it would wait for its writer.
  assertThrows(() => openInside(folder, "pipe"), UserError, "neither file nor folder");
  assertThrows(() => openInside("/dev", "zero"), UserError, "neither file nor folder");
});

filesTest("a file that is too large for its kind is not read", (folder) => {
  for (const [name, bytes] of [["data.json", 17 << 20], ["bagit.txt", 1 << 20]] as const) {
    using file = Deno.createSync(join(folder, name));
    file.truncateSync(bytes);
    assertThrows(() => bundleFiles(folder).bytes(name), UserError, "such a file has at most");
  }
});

filesTest("a safetensors header that would fill the memory is not parsed", async (folder) => {
  const header = new TextEncoder().encode(`{${" ".repeat(9 << 20)}}`);
  const bytes = new Uint8Array(8 + header.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  Deno.writeFileSync(join(folder, "model.safetensors"), bytes);
  await assertRejects(
    () => bundleFiles(folder).tensors("model.safetensors"),
    UserError,
    "its header claims",
  );
});

filesTest("a bundle is opened if its manifests, names and sizes agree", async (folder) => {
  const { path, digest } = exampleBundle(join(folder, "example-0123456789ab"));
  const bundle = openBundle(path);
  assertEquals(bundle.digest, digest);
  assertEquals(bundle.has("data/loss.csv"), true);
  assertEquals(bundle.has("data/none"), false);
  assertThrows(() => bundle.bytes("data/none"), UserError, "missing");
  assertEquals((await bundle.tensors("data/samples.safetensors")).size, 2);

  // The size is the same, so only reading it shows the change.
  const model = join(path, "data", "model.safetensors");
  const good = Deno.readFileSync(model);
  Deno.writeFileSync(model, good.with(good.length - 1, good.at(-1)! ^ 1));
  await assertRejects(
    () => openBundle(path).tensors("data/model.safetensors"),
    UserError,
    "its bytes have changed",
  );
  assertThrows(
    () => openBundle(path).bytes("data/model.safetensors"),
    UserError,
    "bytes have changed",
  );

  Deno.writeFileSync(model, good.subarray(1));
  assertThrows(() => openBundle(path), UserError, "bytes and files");
  Deno.removeSync(model);
  assertThrows(() => openBundle(path), UserError, "model.safetensors: missing");
  Deno.symlinkSync(join(folder, "x"), model);
  assertThrows(() => openBundle(path), UserError, "a link");
  Deno.removeSync(model);
  Deno.writeFileSync(model, good);
  openBundle(path);
  for (const name of ["manifest-sha256.txt", "bag-info.txt"]) {
    const at = join(path, name);
    const text = Deno.readTextFileSync(at);
    Deno.writeTextFileSync(at, text.replace(/[0-9a]/, (digit) => digit === "1" ? "2" : "1"));
    assertThrows(() => openBundle(path), UserError, "not an intact bundle", name);
    Deno.removeSync(at);
    assertThrows(() => openBundle(path), UserError, "not an intact bundle", name);
    Deno.writeTextFileSync(at, text);
  }
  writeManifests(path);
  assertEquals(openBundle(path).digest, digest);
});

/**
 * Modules that import from bundle/ and open files themselves, and what they open. Only open.ts
 * opens files of bundles, because it refuses links, FIFOs, devices and files that are too large.
 */
const openers: Record<string, string> = {
  "bundle/open.ts": "files inside bundles",
  "bundle/unpack.ts": "the archive to unpack",
  "bundle/provenance.ts": "this project's own files",
  "runner/log.ts": "the log of an unfinished run",
  "runner/nearest_run.ts": "specs and digests of unfinished runs",
  "runner/platform.ts": "/proc/cpuinfo",
  "runner/estimate.ts": "/proc/self/status",
  "runner/sample_phase.ts": "images of an unfinished run",
  "runner/time_spent.ts": "times of an unfinished run",
  "runner/diary.ts": "the diary of an unfinished run",
  "runner/tensorboard.ts": "event files, which are outside bundles",
};

Deno.test({
  name: "only open.ts opens files of bundles (needs --allow-read)",
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  fn() {
    const root = new URL("../", import.meta.url);
    const opening = [
      /Deno\.(open|readFile|readTextFile)(Sync)?\(/,
      /\b(readTensors|readTensorFile|loadWeights|readInput|sha256OfFile)\(/,
    ];
    const list = (folder: string): string[] =>
      [...Deno.readDirSync(new URL(folder, root))].flatMap(({ name, isDirectory }) =>
        isDirectory ? list(`${folder}/${name}`) : [`${folder}/${name}`]
      );
    const found = ["bundle", "cli", "evaluation", "report", "runner", "web"].flatMap(list).filter((
      name,
    ) => name.endsWith(".ts") && !/(_test|_nightly|testing|killing|forging)\.ts$/.test(name))
      .filter((name) => {
        const text = Deno.readTextFileSync(new URL(name, root));
        const opens = opening.some((pattern) => pattern.test(text));
        return opens && (name.startsWith("bundle/") || /\/bundle\//.test(text));
      });
    const others = found.filter((name) => !(name in openers));
    assertEquals(others, [], "read bundles through bundle/open.ts; list other files in `openers`");
  },
});
