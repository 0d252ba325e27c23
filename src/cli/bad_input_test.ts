import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { verbs } from "./verbs.ts";

const ignore = (["read", "write", "run"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const why = "(needs --allow-read --allow-write --allow-run)";
const program = fromFileUrl(new URL("main.ts", import.meta.url));

/** What `VERB spec.yaml` says in a folder that holds only the spec, and which files it leaves there. */
async function refusal(verb: string, spec: string | null) {
  const folder = await Deno.makeTempDir();
  try {
    if (spec !== null) await Deno.writeTextFile(join(folder, "spec.yaml"), spec);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", program, verb, "spec.yaml"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const left = Array.from(Deno.readDirSync(folder), (entry) => entry.name);
    return { code, left, printed: new TextDecoder().decode(stdout), message: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const good = "architecture: D\ndataset: mnist\n";
/** What is wrong, the spec (null: no file), and the words that the message must have. */
const cases: [what: string, spec: string | null, words: string[]][] = [
  ["an unknown key", `${good}kaiserBta: 2\n`, ["spec.yaml:3:1: kaiserBta", "did you mean kaiserBeta?"]],
  ["a wrong type", `${good}kaiserBeta: two\n`, ["spec.yaml:3:13: kaiserBeta", "number from 0", '"two"']],
  ["no such architecture", "architecture: F\ndataset: mnist\n", ["spec.yaml:1:15: architecture", "A, B, C, D, E"]],
  ["a negative Kaiser beta", `${good}kaiserBeta: -1\n`, ["spec.yaml:3:13: kaiserBeta", "from 0", "-1"]],
  ["an impossible image size", `${good}imageSize: 20\n`, ["spec.yaml:3:12: imageSize", "multiple of 8", "20"]],
  ["a misspelt dataset", "architecture: A\ndataset: minst\n", ["spec.yaml:2:10: dataset", "did you mean mnist?"]],
  ["broken YAML", "architecture: D\n  dataset: [mnist\n", ["spec.yaml:1:15: no valid YAML"]],
  ["two mistakes at once", "architecture: F\ndataset: 3\n", ["spec.yaml:1:15", "spec.yaml:2:10"]],
  ["a missing file", null, ["spec.yaml", "no such file"]],
];

const verb = "run" in verbs ? "run" : "name"; // both read the spec alike
for (const [what, spec, words] of cases) {
  Deno.test({
    name: `${verb}: ${what} is one message, exit code 2, and nothing is written ${why}`,
    ignore,
    fn: async () => {
      const { code, left, printed, message } = await refusal(verb, spec);
      for (const word of words) assert(message.includes(word), message);
      assert(!/^\s+at /m.test(message), `a stack: ${message}`);
      assertEquals([code, printed, left], [2, "", spec === null ? [] : ["spec.yaml"]]);
    },
  });
}
