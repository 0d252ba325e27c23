/** Specs from files: what `extends` may reach, errors in paths, and the project's own specs. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { loadSpec, loadSweep, resolveSpec, specDigest, specName } from "./mod.ts";
import { parseSpec } from "./parse.ts";
import { specJsonSchema } from "./json_schema.ts";
import schemaText from "../../experiments/spec.schema.json" with { type: "text" };
import paperTable from "../evaluation/paper_table.csv" with { type: "text" };

Deno.test("experiments/spec.schema.json is what `deno task schema` writes", () => {
  assertEquals(schemaText, specJsonSchema());
});

Deno.test("the JSON schema documents every field", () => {
  const undocumented: string[] = [];
  // deno-lint-ignore no-explicit-any -- a JSON schema is a tree without a narrower type
  const visit = (node: any, path: string) => {
    for (const [key, field] of Object.entries<Record<string, unknown>>(node?.properties ?? {})) {
      if (!field.description && !path.includes("rotation")) undocumented.push(path + key);
      visit(field, `${path}${key}.`);
    }
    for (const option of node?.anyOf ?? []) visit(option, path);
  };
  visit(JSON.parse(specJsonSchema()), "");
  assertEquals(undocumented, []);
});

const closed = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

/** A test with files in a folder of its own, outside the project. */
function withFiles(
  what: string,
  files: Record<string, string>,
  check: (folder: string) => Promise<void>,
) {
  Deno.test({
    name: `${what} (needs --allow-read --allow-write)`,
    ignore: closed,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        for (const [name, text] of Object.entries(files)) {
          await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
          await Deno.writeTextFile(join(folder, name), text);
        }
        await check(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

async function refused(path: string, ...messages: string[]) {
  const { message } = await assertRejects(() => loadSpec(path), UserError);
  for (const part of messages) assert(message.includes(part), `${message}\nhas not\n${part}`);
}

withFiles("extends: overrides its base, and the base's base", {
  "child.yaml": "extends: bases/mother.yaml\nkaiserBeta: 1\ntraining: { epochs: 3 }",
  "bases/mother.yaml": "extends: grandmother.yaml\narchitecture: D\nx-from: mother",
  "bases/grandmother.yaml":
    "dataset: mnist\narchitecture: A\ntraining: { batchSize: 8, epochs: 2 }",
}, async (folder) => {
  const { resolved, text } = await loadSpec(join(folder, "child.yaml"), ["seed=7"]);
  assertEquals(specName(resolved), "D-1N");
  assertEquals([resolved.training.batchSize, resolved.training.epochs, resolved.seed], [8, 3, 7]);
  assertEquals(resolved["x-from"], "mother");
  assert(text.startsWith("extends:"));
});

withFiles("extends: a mistake is reported where it was written", {
  "child.yaml": "extends: base.yaml\n\narchitecture: A",
  "base.yaml": "dataset: mnist\nchannels: 3",
  "broken.yaml": "extends: wrong.yaml\narchitecture: A",
  "wrong.yaml": "dataset: mnist\nsede: 3",
  "a-with-filter.yaml": "extends: base.yaml\narchitecture: A\nkaiserBeta: 2",
}, async (folder) => {
  await refused(
    join(folder, "child.yaml"),
    `${join(folder, "base.yaml")}:2:11: channels: must be 1`,
  );
  await refused(
    join(folder, "broken.yaml"),
    "wrong.yaml:2:1: sede: unknown key; did you mean seed?",
  );
  await refused(
    join(folder, "a-with-filter.yaml"),
    "a-with-filter.yaml:3:1: kaiserBeta: applies only to",
  );
});

withFiles("extends: any file below the outermost root is allowed", {
  "mine/.specs": "",
  "mine/base.yaml": "architecture: A\ndataset: mnist",
  "mine/inner/.git/HEAD": "ref: refs/heads/main",
  "mine/inner/deep/child.yaml": "extends: ../../base.yaml\nseed: 7",
  "mine/inner/deep/out.yaml": "extends: ../../../secret.yaml",
  "mine/inner/deep/home.yaml": "extends: ~/base.yaml",
  "secret.yaml": "architecture: A",
}, async (folder) => {
  const at = (name: string) => join(folder, `mine/inner/deep/${name}.yaml`);
  assertEquals((await loadSpec(at("child"))).resolved.seed, 7);
  await refused(at("out"), "is outside the project", "`.specs`");
  await refused(at("home"), "must be a path relative to this file");
});

withFiles("extends: cycles, escapes and missing files are refused", {
  "project/self.yaml": "extends: self.yaml",
  "project/one.yaml": "extends: two.yaml",
  "project/two.yaml": "extends: ./../project/one.yaml",
  "project/out.yaml": "extends: ../secret.yaml",
  "project/absolute.yaml": "extends: /etc/passwd",
  "project/url.yaml": "extends: file:///etc/passwd",
  "project/gone.yaml": "extends: not-there.yaml",
  "project/folder.yaml": "extends: .",
  "project/link.yaml": "extends: linked.yaml",
  "secret.yaml": "architecture: A\ndataset: mnist",
}, async (folder) => {
  const project = join(folder, "project");
  await Deno.symlink(join(folder, "secret.yaml"), join(project, "linked.yaml"));
  for (let i = 0; i < 12; i++) {
    await Deno.writeTextFile(join(project, `${i}.yaml`), `extends: ${i + 1}.yaml`);
  }
  const at = (name: string) => join(project, `${name}.yaml`);
  await refused(at("self"), "self.yaml:1:10: extends: ", "extends this spec in turn");
  await refused(at("one"), "two.yaml:1:10: extends: ", "extends this spec in turn");
  await refused(at("out"), "out.yaml:1:10: extends: ", "is outside the project");
  await refused(at("link"), "is outside the project");
  await refused(at("absolute"), "must be a path relative to this file");
  await refused(at("url"), "must be a path relative to this file");
  await refused(at("gone"), "gone.yaml:1:10: extends: ", "not-there.yaml: no such file");
  await refused(at("folder"), "is outside the project");
  await refused(at("0"), "more than 10 specs extend one another");
});

withFiles("loadSpec: errors of a path", {
  "quickstart.yaml": "architecture: A\ndataset: mnist",
  "large.yaml": `# ${"x".repeat(70_000)}`,
  "sweep.yaml": "dataset: mnist\narchitecture: A\nsweep: { seed: [1, 2] }",
}, async (folder) => {
  await refused(folder, "is a folder");
  await refused(join(folder, "quikstart.yaml"), "no such file", "did you mean", "quickstart.yaml?");
  await refused(join(folder, "no/where.yaml"), "no such file");
  await refused(join(folder, "large.yaml"), "a spec has at most 64 KiB");
  await refused(join(folder, "sweep.yaml"), "deno task sweep");
  await refused("/dev/zero", "not a regular file");
  await refused(join(folder, "\u001b[31m.yaml"), "\\u{1b}[31m.yaml: no such file");
  await refused("a\0b.yaml", "a\\u{0}b.yaml");
  await Deno.writeFile(join(folder, "latin.yaml"), Uint8Array.of(0x61, 0xff, 0xfe));
  await refused(join(folder, "latin.yaml"), "is not text in UTF-8");
  assertEquals((await loadSweep(join(folder, "sweep.yaml"))).members.length, 2);
});

const experiments = new URL("../../experiments/", import.meta.url);
const own = Deno.permissions.querySync({ name: "read" }).state !== "granted";

Deno.test({
  name: "experiments/: each spec is valid and points its editor at the schema (needs --allow-read)",
  ignore: own,
  async fn() {
    for (const name of ["quickstart.yaml", "d2n-mnistm.yaml"]) {
      const { text, resolved } = await loadSpec(new URL(name, experiments));
      assert(text.startsWith("# yaml-language-server: $schema=spec.schema.json\n"));
      assertEquals(specName(resolved), "D-2N");
    }
    const short =
      "architecture: D\nkaiserBeta: 2\nnormalized: true\ndataset: mnist-m\nsampling: { rotation: 45 }";
    const { resolved } = await loadSpec(new URL("d2n-mnistm.yaml", experiments));
    assertEquals(specDigest(resolved), specDigest(resolveSpec(parseSpec(short))));
  },
});

Deno.test({
  name:
    "experiments/paper: the sweep's members are the 39 single specs of the table (needs --allow-read)",
  ignore: own,
  async fn() {
    const single: string[] = [];
    const names: string[] = [];
    for await (const { name } of Deno.readDir(new URL("paper/", experiments))) {
      const text = await Deno.readTextFile(new URL(`paper/${name}`, experiments));
      assert(text.startsWith("# yaml-language-server: $schema=../spec.schema.json\n"), name);
      if (name === "sweep.yaml" || name === "common.yaml") continue;
      const { resolved } = await loadSpec(new URL(`paper/${name}`, experiments));
      assertEquals(
        name,
        `${specName(resolved).toLowerCase()}-${resolved.dataset.replace("-", "")}.yaml`,
      );
      assertEquals([resolved.sampling.count, resolved.sampling.batchSize], [2000, 200]);
      single.push(specDigest(resolved));
      names.push(`${specName(resolved)} ${resolved.dataset}`);
    }
    const { members } = await loadSweep(new URL("paper/sweep.yaml", experiments));
    assertEquals(members.map(({ resolved }) => specDigest(resolved)).toSorted(), single.toSorted());
    assertEquals(single.length, 39);
    const rows = paperTable.trim().split("\n").slice(1).map((row) => row.split(",")[0]!);
    const table = rows.flatMap((row) =>
      ["mnist", "mnist-m", "cifar-10"].map((dataset) => `${row} ${dataset}`)
    );
    assertEquals(names.toSorted(), table.toSorted());
  },
});
