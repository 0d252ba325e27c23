import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { bundleName, createBundle } from "./bag.ts";
import { isSafeName, manifestText, parseManifest } from "./manifest.ts";
import { verifyBag } from "./verify.ts";

const granted = (name: Deno.PermissionName) =>
  Deno.permissions.querySync({ name }).state === "granted";
const files = granted("read") && granted("write");

/** A small bundle in a new folder, with several files to damage. */
function tinyBundle(folder: string) {
  const bundle = createBundle(join(folder, "tiny-0123456789ab"));
  bundle.payload("spec.json", '{"architecture":"D"}\n');
  bundle.payload("loss.csv", "step,loss\n1,0.5\n2,0.25\n");
  bundle.payload("samples/grid.png", Uint8Array.from({ length: 97 }, (_, i) => i * 37));
  bundle.payload("samples/sheet.png", Uint8Array.from({ length: 89 }, (_, i) => i * 53 + 1));
  bundle.tag("README.md", `# tiny\n\n${bundle.digest()}\n`);
  bundle.tag("run/environment.json", "{}\n");
  return bundle;
}

Deno.test("names and manifests: only what is written can be read", () => {
  for (const name of ["a", "data/a.b-c_d", "data/2/x.png"]) assert(isSafeName(name), name);
  for (
    const name of [
      "",
      "/a",
      "../a",
      "a/../b",
      "a//b",
      "a/",
      ".a",
      "a/.b",
      "a\\b",
      "C:a",
      "a b",
      "a\nb",
      "ä",
      "-a",
    ]
  ) assert(!isSafeName(name), name);
  const digests = new Map([["data/b", "1".repeat(64)], ["data/a", "0".repeat(64)], [
    "data/B2",
    "2".repeat(64),
  ]]);
  const text = manifestText(digests);
  const faults: string[] = [];
  assertEquals(parseManifest(text, (what) => faults.push(what)), new Map([...digests].sort()));
  assertEquals(faults, []);
  const wrong = [
    text.slice(0, -1),
    text.replace("  ", " *"),
    text.replace(/^2/, "A"),
    text + text,
    text + "\n",
    text.split("\n").reverse().join("\n"),
    text.replace("data/a", "../a"),
    text.replace("data/b", "data/A"),
  ];
  for (const damaged of wrong) {
    let count = 0;
    parseManifest(damaged, () => count++);
    assert(count > 0, JSON.stringify(damaged));
  }
});

Deno.test("a bundle is named after its spec's file, with single hyphens between words", () => {
  const digest = "0123456789ab".padEnd(64, "f");
  const stems = {
    "a/d2n-mnistm.yaml": "d2n-mnistm",
    "my spec é日本.yaml": "my-spec",
    "a -- b--c.v2_.yaml": "a-b-c.v2_",
    "日本.yaml": "run",
    "-.x-.yaml": "x",
    [`${"a".repeat(99)}-b.yaml`]: "a".repeat(99),
  };
  for (const [path, stem] of Object.entries(stems)) {
    assertEquals(bundleName(path, digest), `${stem}-0123456789ab`);
  }
});

Deno.test({
  name:
    "a bundle appears complete, is never overwritten, and what a killed writer left is removed " +
    "(needs files)",
  ignore: !files,
  fn() {
    const folder = Deno.makeTempDirSync();
    const first = tinyBundle(folder);
    const path = join(folder, "tiny-0123456789ab");
    assertThrows(() => first.payload("SPEC.json", "x"), Error, "already");
    assertThrows(() => first.payload("../out", "x"), Error, "name");
    assertThrows(() => first.tag("data/x", "x"), Error);
    assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
    // As if the first writer had been killed here, and a second one starts.
    Deno.renameSync(first.staging, first.staging.replace(/[0-9a-f]{16}$/, "0123456789abcdef"));
    const bundle = tinyBundle(folder);
    const digests = bundle.payloadDigests();
    const { digest } = bundle.finish();
    assertEquals([...Deno.readDirSync(folder)].map((e) => e.name), ["tiny-0123456789ab"]);
    assertEquals(digests.map((d) => d.name), [
      "data/loss.csv",
      "data/samples/grid.png",
      "data/samples/sheet.png",
      "data/spec.json",
    ]);
    assertStringIncludes(Deno.readTextFileSync(join(path, "README.md")), digest);
    const found = verifyBag(path);
    assertEquals(found.problems, []);
    assertEquals(found.digest, digest);
    assertEquals(found.files, 10);
    assertThrows(() => createBundle(path), UserError, "not overwritten");
    // The payload alone decides the digest.
    const other = createBundle(join(folder, "other"));
    for (const { name } of digests) {
      other.payload(name.slice(5), Deno.readFileSync(join(path, name)));
    }
    other.tag("README.md", "another text");
    // Longer than the reader's buffer.
    other.tag("large.bin", Uint8Array.from({ length: 3_000_000 }, (_, i) => i >> 8));
    assertEquals(other.finish().digest, digest);
    assert(verifyBag(join(folder, "other")).ok);
    createBundle(join(folder, "unfinished"))[Symbol.dispose]();
    assertEquals([...Deno.readDirSync(folder)].map((e) => e.name).sort(), [
      "other",
      "tiny-0123456789ab",
    ]);
    assertThrows(() => verifyBag(join(folder, "none")), UserError, "no such");
    assertThrows(() => verifyBag(join(path, "README.md")), UserError, "folder");
    Deno.removeSync(folder, { recursive: true });
  },
});

/** The generator mulberry32, random enough to choose what to damage. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

Deno.test({
  name: "each of 1,000 damages is found (needs files)",
  ignore: !files,
  fn() {
    const seed = Date.now() >>> 0;
    const random = generator(seed);
    const folder = Deno.makeTempDirSync();
    const { path } = tinyBundle(folder).finish();
    const names = verifyBagNames(path);
    const original = new Map(names.map((name) => [name, Deno.readFileSync(join(path, name))]));
    const at = (name: string) => join(path, name);
    const pick = () => names[random(names.length)]!;
    // Each one damages the bundle, and returns a function that repairs it.
    const damages: Record<string, () => () => void> = {
      flip() {
        const name = pick();
        const bytes = original.get(name)!.slice();
        bytes[random(bytes.length)]! ^= 1 << random(8);
        Deno.writeFileSync(at(name), bytes);
        return () => Deno.writeFileSync(at(name), original.get(name)!);
      },
      truncate() {
        const name = pick();
        const bytes = original.get(name)!;
        Deno.truncateSync(at(name), random(bytes.length));
        return () => Deno.writeFileSync(at(name), bytes);
      },
      append() {
        const name = pick();
        Deno.writeFileSync(at(name), Uint8Array.of(random(256)), { append: true });
        return () => Deno.writeFileSync(at(name), original.get(name)!);
      },
      remove() {
        const name = pick();
        Deno.removeSync(at(name));
        return () => Deno.writeFileSync(at(name), original.get(name)!);
      },
      rename() {
        const name = pick();
        const to = `${name}${random(10)}`;
        Deno.renameSync(at(name), at(to));
        return () => Deno.renameSync(at(to), at(name));
      },
      swap() {
        const a = pick();
        const b = names.filter((name) => name !== a)[random(names.length - 1)]!;
        Deno.writeFileSync(at(a), original.get(b)!);
        Deno.writeFileSync(at(b), original.get(a)!);
        return () => [a, b].forEach((name) => Deno.writeFileSync(at(name), original.get(name)!));
      },
      add() {
        const name = ["", "data/", "data/samples/", "run/"][random(4)]! +
          ["new", ".hidden", "a b"][random(3)]!;
        Deno.writeFileSync(at(name), new Uint8Array(random(3)));
        return () => Deno.removeSync(at(name));
      },
      addFolder() {
        const name = ["", "data/", "run/"][random(3)]! + "empty";
        Deno.mkdirSync(at(name));
        return () => Deno.removeSync(at(name));
      },
      link() {
        const name = pick();
        Deno.renameSync(at(name), join(folder, "aside"));
        Deno.symlinkSync(join(folder, "aside"), at(name));
        return () => {
          Deno.removeSync(at(name));
          Deno.renameSync(join(folder, "aside"), at(name));
        };
      },
    };
    const kinds = Object.keys(damages);
    const missed: string[] = [];
    for (let i = 0; i < 1000; i++) {
      const kind = kinds[i % kinds.length]!;
      const repair = damages[kind]!();
      if (verifyBag(path).ok) missed.push(kind);
      repair();
    }
    assertEquals(missed, [], `seed ${seed}`);
    assert(verifyBag(path).ok, `repaired; seed ${seed}`);
    Deno.removeSync(folder, { recursive: true });
  },
});

function verifyBagNames(path: string): string[] {
  return [...Deno.readTextFileSync(join(path, "tagmanifest-sha256.txt")).matchAll(/ {2}(.*)\n/g)]
    .map((m) => m[1]!)
    .concat(
      "tagmanifest-sha256.txt",
      "data/loss.csv",
      "data/samples/grid.png",
      "data/samples/sheet.png",
    );
}

const python = granted("run") && granted("env") ? findPython() : null;
function findPython(): string | null {
  for (const command of [Deno.env.get("PYTHON"), "python3"]) {
    if (!command) continue;
    try {
      if (
        new Deno.Command(command, { args: ["-c", "import bagit"], stderr: "null" }).outputSync()
          .success
      ) {
        return command;
      }
    } catch {
      // Not installed.
    }
  }
  return null;
}

Deno.test({
  name: "sha256sum accepts a bundle (needs --allow-run and sha256sum)",
  ignore: !files || !granted("run") || Deno.build.os !== "linux",
  fn() {
    const folder = Deno.makeTempDirSync();
    const { path } = tinyBundle(folder).finish();
    for (const manifest of ["manifest-sha256.txt", "tagmanifest-sha256.txt"]) {
      const { success, stdout } = new Deno.Command("sha256sum", {
        args: ["--strict", "-c", manifest],
        cwd: path,
      })
        .outputSync();
      assert(success, new TextDecoder().decode(stdout));
    }
    Deno.removeSync(folder, { recursive: true });
  },
});

Deno.test({
  name: "Python's bagit accepts a bundle " +
    "(needs --allow-run and Python with bagit, in $PYTHON or as python3)",
  ignore: !files || !python,
  fn() {
    const folder = Deno.makeTempDirSync();
    const { path } = tinyBundle(folder).finish();
    const { success, stderr } = new Deno.Command(python!, {
      args: ["-m", "bagit", "--validate", path],
    }).outputSync();
    assert(success, new TextDecoder().decode(stderr));
    Deno.removeSync(folder, { recursive: true });
  },
});
