import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile } from "../formats/sha256.ts";
import { filesTest } from "../files/testing.ts";
import { openBundle } from "./open.ts";
import type { Problem } from "./problem.ts";
import { exampleBundle, writeManifests } from "./testing.ts";
import { verifyBag } from "./verify.ts";

const messages = (problems: Problem[]) => problems.map(({ file, what }) => `${file}: ${what}`);

filesTest(
  "files left by file managers are named, and removing them repairs the bundle",
  (folder) => {
    const { path, digest } = exampleBundle(join(folder, "example-0123456789ab"));
    const left = [".DS_Store", "Thumbs.db", "desktop.ini", "._README.md", ".directory", "data/._x"];
    for (const name of left) Deno.writeTextFileSync(join(path, name), "x");
    Deno.mkdirSync(join(path, "__MACOSX", "inside"), { recursive: true });
    const { problems } = verifyBag(path);
    assertEquals(problems.map(({ file }) => file).sort(), [...left, "__MACOSX"].sort());
    for (const line of messages(problems)) {
      assertStringIncludes(line, "left by a file manager, and not part of the bundle; remove it");
    }
    // They do not prevent reading the bundle.
    assertEquals(openBundle(path).digest, digest);
    for (const name of [...left, "__MACOSX"]) {
      Deno.removeSync(join(path, name), {
        recursive: true,
      });
    }
    assert(verifyBag(path).ok);
  },
);

filesTest("line endings that git changed are reported once", (folder) => {
  const { path } = exampleBundle(join(folder, "example-0123456789ab"));
  const texts = [...Deno.readDirSync(path)].map(({ name }) => name)
    .concat(["data/spec.yaml", "data/loss.csv"]).filter((name) =>
      /\.(txt|md|yaml|csv)$/.test(name)
    );
  const withReturns = (name: string) => {
    const text = Deno.readTextFileSync(join(path, name));
    Deno.writeTextFileSync(join(path, name), text.replaceAll("\n", "\r\n"));
  };
  texts.forEach(withReturns);
  const [only, ...more] = messages(verifyBag(path).problems);
  assertEquals(more, []);
  assertMatch(only ?? "", /README\.md and \d+ more now have Windows line endings/);
  assertStringIncludes(only ?? "", "git -c core.autocrlf=false");

  // Another change is reported, too.
  Deno.writeTextFileSync(join(path, "data", "loss.csv"), "step,loss\r\n1,7\r\n");
  const both = messages(verifyBag(path).problems).join("\n");
  assertStringIncludes(both, "data/loss.csv: its bytes have changed");
  assertStringIncludes(both, "line endings");
});

filesTest("bag-info.txt must describe the files", (folder) => {
  const { path } = exampleBundle(join(folder, "example-0123456789ab"));
  const info = join(path, "bag-info.txt");
  const good = Deno.readTextFileSync(info);
  const faults: [change: (text: string) => string, message: string][] = [
    [(text) => text.replace(/(?<=Oxum: )\d+/, "1"), "Payload-Oxum: 1."],
    [(text) => text.replace(/(?<=sha256:)./, "x"), "External-Identifier"],
    [(text) => `${text}Contact-Email: a@b\n`, "Contact-Email"],
    [() => "", "does not have the format that a run writes"],
  ];
  for (const [change, message] of faults) {
    // With a matching tag manifest.
    Deno.writeTextFileSync(info, good);
    writeManifests(path);
    Deno.writeTextFileSync(info, change(Deno.readTextFileSync(info)));
    relist(path, "bag-info.txt");
    const found = messages(verifyBag(path).problems).join("\n");
    assertStringIncludes(found, "bag-info.txt: ");
    assertStringIncludes(found, message);
  }
});

/** Updates a tag file in the tag manifest. */
function relist(bundle: string, name: string): void {
  const manifest = join(bundle, "tagmanifest-sha256.txt");
  const text = Deno.readTextFileSync(manifest);
  const line = new RegExp(`^[0-9a-f]{64}(?=  ${name}$)`, "m");
  Deno.writeTextFileSync(manifest, text.replace(line, sha256OfFile(join(bundle, name))));
}
