// Whole runs on the command line: what they print, write and refuse. `deno task nightly` runs it.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { bundleOf, command, ignoreRuns, tinySpec, withFolder } from "./testing.ts";

const runTest = (name: string, fn: () => Promise<void>) =>
  Deno.test({
    name: `run: ${name}${ignoreRuns && ` (${ignoreRuns})`}`,
    ignore: ignoreRuns !== "",
    fn,
  });

/** Manifest lines by name. */
function manifest(bundle: string): Map<string, string> {
  const lines = Deno.readTextFileSync(join(bundle, "manifest-sha256.txt")).trim().split("\n");
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}

runTest(
  "from a spec to its bundle, again, and with another sampling",
  () =>
    withFolder(async (folder) => {
      const { code, out, err } = await command(folder, ["run", "tiny.yaml"]).result;
      assertEquals(code, 0, err);
      const { path, digest } = bundleOf(out);
      const bundle = join(folder, path);
      assert(/^out\/tiny-[0-9a-f]{12}$/.test(path), path);
      for (
        const words of [
          "A on mnist, spec ",
          "16 images",
          "engine: TensorFlow",
          "training",
          "drawing images",
        ]
      ) {
        assertStringIncludes(err, words);
      }
      assertEquals(Deno.readTextFileSync(join(bundle, "spec-as-written.yaml")), tinySpec);
      assertEquals([...Deno.readDirSync(join(folder, "out", ".work"))], []);
      assertEquals(
        Deno.readTextFileSync(join(bundle, "data", "loss.csv")).trim().split("\n").length,
        11,
      );

      const sums = await new Deno.Command("sha256sum", {
        args: ["-c", "--quiet", "manifest-sha256.txt"],
        cwd: bundle,
      })
        .output();
      assertEquals(sums.code, 0);
      const manifestDigest = await crypto.subtle.digest(
        "SHA-256",
        Deno.readFileSync(join(bundle, "manifest-sha256.txt")),
      );
      assertEquals(new Uint8Array(manifestDigest).toHex(), digest);
      const verified = await command(folder, ["verify", path]).result;
      assertEquals(verified.code, 0, verified.err);

      const before = Deno.statSync(join(bundle, "manifest-sha256.txt")).mtime;
      const again = await command(folder, ["run", "tiny.yaml", "--quiet"]).result;
      assertEquals([again.code, again.out, again.err], [0, out, ""]);
      assertStringIncludes(
        (await command(folder, ["run", `${path}/data/spec.yaml`]).result).err,
        "this run is already finished",
      );
      assertEquals(Deno.statSync(join(bundle, "manifest-sha256.txt")).mtime, before);

      // Only the sampling differs: the model is reused, and so are its files.
      const other = await command(folder, ["run", "tiny.yaml", "sampling.steps=3", "--out", "out"])
        .result;
      assertEquals(other.code, 0, other.err);
      assertStringIncludes(other.err, "whose model is taken");
      const [first, second] = [manifest(bundle), manifest(join(folder, bundleOf(other.out).path))];
      assertEquals([...second.keys()], [...first.keys()]);
      const differ = [...first.keys()].filter((name) => first.get(name) !== second.get(name));
      const drawn = /^data\/(samples|grid|rotation|denoising|spec|digests|collage)/;
      assertEquals(differ.filter((name) => !drawn.test(name)), []);
      assert(differ.includes("data/samples.safetensors"));
      const previews = [bundle, join(folder, bundleOf(other.out).path)].map((path) =>
        join(path, "previews.png")
      );
      assertEquals(Deno.readFileSync(previews[1]!), Deno.readFileSync(previews[0]!));
    }),
);

runTest(
  "a user's mistake gives one message, exit code 2, and nothing is written",
  () =>
    withFolder(async (folder) => {
      const photos = (name: string, ...files: [string, Uint8Array][]) => {
        Deno.mkdirSync(join(folder, name));
        for (const [file, bytes] of files) Deno.writeFileSync(join(folder, name, file), bytes);
        return `architecture: A\ndataset: folder\nimageSize: 8\nchannels: 3\ndata: { path: ${name} }\n`;
      };
      Deno.mkdirSync(join(folder, "a-folder"));
      Deno.writeTextFileSync(join(folder, "a-file"), "");
      const text = new TextEncoder().encode("not a picture");
      const cases: [what: string, args: string[], spec: string | null, words: string[]][] = [
        ["a folder for a file", ["a-folder"], null, ["a-folder"]],
        ["no spec", [], null, ["run needs a spec"]],
        ["an unknown option", ["tiny.yaml", "--engin", "cpu"], null, ["--engine"]],
        ["an unknown engine", ["tiny.yaml", "--engine", "tensorflw"], null, [
          "did you mean tensorflow?",
        ]],
        ["an unknown field", ["tiny.yaml", "training.epoch=3"], null, ["epochs"]],
        ["a file for the output", ["tiny.yaml", "--out", "a-file"], null, ["a-file", "--out"]],
        ["an empty dataset", ["spec.yaml"], photos("empty"), ["empty"]],
        ["a missing dataset", ["spec.yaml"], "architecture: A\ndataset: cifar-10\n", [
          "cifar-10",
          "deno task data",
        ]],
        ["an unreadable image", ["spec.yaml"], photos("photos", ["broken.png", text]), [
          "broken.png",
        ]],
      ];
      const names = () => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
      for (const [what, args, spec, words] of cases) {
        if (spec !== null) Deno.writeTextFileSync(join(folder, "spec.yaml"), spec);
        const before = names();
        const { code, out, err } = await command(folder, ["run", ...args]).result;
        assertEquals([code, out], [2, ""], `${what}: ${err}`);
        for (const word of words) assertStringIncludes(err, word, what);
        assert(!/^\s+at /m.test(err), `${what}: a stack: ${err}`);
        // The data cache is not part of the run's output.
        assertEquals(
          names().filter((name) => name !== "data"),
          before.filter((name) => name !== "data"),
          what,
        );
      }
    }),
);
