import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile } from "../formats/sha256.ts";
import { filesTest } from "../files/testing.ts";
import { openBundle } from "./open.ts";
import type { Problem } from "./problem.ts";
import { exampleBundle, writeManifests } from "./testing.ts";
import { verifyBag } from "./verify.ts";

const told = (problems: Problem[]) => problems.map(({ file, what }) => `${file}: ${what}`);

filesTest("what file managers leave is called so, and removing it mends the bundle", (folder) => {
  const { path, digest } = exampleBundle(join(folder, "example-0123456789ab"));
  const left = [".DS_Store", "Thumbs.db", "desktop.ini", "._README.md", ".directory", "data/._x"];
  for (const name of left) Deno.writeTextFileSync(join(path, name), "x");
  Deno.mkdirSync(join(path, "__MACOSX", "inside"), { recursive: true });
  const { problems } = verifyBag(path);
  assertEquals(problems.map(({ file }) => file).sort(), [...left, "__MACOSX"].sort());
  for (const line of told(problems)) {
    assertStringIncludes(line, "a file manager's own, no part of the bundle; removing it mends");
  }
  // Nobody reads them, so that they keep nobody from reading the rest.
  assertEquals(openBundle(path).digest, digest);
  for (const name of [...left, "__MACOSX"]) Deno.removeSync(join(path, name), { recursive: true });
  assert(verifyBag(path).ok);
});

filesTest("line endings that git changed are told once, as such", (folder) => {
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
  const [only, ...more] = told(verifyBag(path).problems);
  assertEquals(more, []);
  assertStringIncludes(only ?? "", "the line endings of README.md and");
  assertStringIncludes(only ?? "", "git -c core.autocrlf=false");

  // Another change beside them is told, too.
  Deno.writeTextFileSync(join(path, "data", "loss.csv"), "step,loss\r\n1,7\r\n");
  const both = told(verifyBag(path).problems).join("\n");
  assertStringIncludes(both, "data/loss.csv: its bytes changed");
  assertStringIncludes(both, "line endings");
});

filesTest("bag-info.txt says what is there", (folder) => {
  const { path } = exampleBundle(join(folder, "example-0123456789ab"));
  const info = join(path, "bag-info.txt");
  const good = Deno.readTextFileSync(info);
  const faults: [change: (text: string) => string, words: string][] = [
    [(text) => text.replace(/(?<=Oxum: )\d+/, "1"), "Payload-Oxum: 1."],
    [(text) => text.replace(/(?<=sha256:)./, "x"), "External-Identifier"],
    [(text) => `${text}Contact-Email: a@b\n`, "Contact-Email"],
    [() => "", "not what a run writes"],
  ];
  for (const [change, words] of faults) {
    // Under a tag manifest that fits.
    Deno.writeTextFileSync(info, good);
    writeManifests(path);
    Deno.writeTextFileSync(info, change(Deno.readTextFileSync(info)));
    relist(path, "bag-info.txt");
    const found = told(verifyBag(path).problems).join("\n");
    assertStringIncludes(found, "bag-info.txt: ");
    assertStringIncludes(found, words);
  }
});

/** Lists a tag file anew in the tag manifest. */
function relist(bundle: string, name: string): void {
  const manifest = join(bundle, "tagmanifest-sha256.txt");
  const text = Deno.readTextFileSync(manifest);
  const line = new RegExp(`^[0-9a-f]{64}(?=  ${name}$)`, "m");
  Deno.writeTextFileSync(manifest, text.replace(line, sha256OfFile(join(bundle, name))));
}
