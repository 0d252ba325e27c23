import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { captureTerminal } from "../messages/terminal.ts";
import { main } from "./main.ts";

const ignore = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const why = "(needs --allow-read --allow-write)";

/**
 * The output of `run spec.yaml` in a folder with only the given files, and the files afterwards.
 *
 * @param others content by name; a name ending in / is a folder's
 */
async function refusal(spec: string | null, others: Record<string, string>) {
  const folder = await Deno.makeTempDir();
  const home = Deno.cwd();
  using said = captureTerminal();
  try {
    for (const [name, text] of Object.entries(others)) {
      await Deno.mkdir(join(folder, name, name.endsWith("/") ? "" : ".."), { recursive: true });
      if (!name.endsWith("/")) await Deno.writeTextFile(join(folder, name), text);
    }
    if (spec !== null) await Deno.writeTextFile(join(folder, "spec.yaml"), spec);
    Deno.chdir(folder);
    const code = await main(["run", "spec.yaml", "--quiet"]);
    return {
      code,
      printed: said.out,
      errors: said.err,
      left: Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort(),
    };
  } finally {
    Deno.chdir(home);
    await Deno.remove(folder, { recursive: true });
  }
}

const good = "architecture: D\ndataset: mnist\n";
const photos = "architecture: A\ndataset: folder\ndata: { path: photos }\n";
/** What is wrong, the spec (null: no file), and the words that the message must contain. */
const cases: [
  what: string,
  spec: string | null,
  words: string[],
  others?: Record<string, string>,
][] = [
  ["an unknown key", `${good}kaiserBta: 2\n`, [
    "spec.yaml:3:1: kaiserBta",
    "did you mean kaiserBeta?",
  ]],
  ["a wrong type", `${good}kaiserBeta: two\n`, [
    "spec.yaml:3:13: kaiserBeta",
    "number from 0",
    '"two"',
  ]],
  ["no such architecture", "architecture: F\ndataset: mnist\n", [
    "spec.yaml:1:15: architecture",
    "A, B, C, D, E",
  ]],
  ["a negative Kaiser beta", `${good}kaiserBeta: -1\n`, [
    "spec.yaml:3:13: kaiserBeta",
    "from 0",
    "-1",
  ]],
  ["an impossible image size", `${good}imageSize: 20\n`, [
    "spec.yaml:3:12: imageSize",
    "multiple of 8",
    "20",
  ]],
  ["a misspelt dataset", "architecture: A\ndataset: minst\n", [
    "spec.yaml:2:10: dataset",
    "did you mean mnist?",
  ]],
  ["broken YAML", "architecture: D\n  dataset: [mnist\n", ["spec.yaml:1:15: invalid YAML"]],
  ["two mistakes at once", "architecture: F\ndataset: 3\n", ["spec.yaml:1:15", "spec.yaml:2:10"]],
  ["a missing file", null, ["spec.yaml", "no such file"]],
  ["a folder for a file", null, ["spec.yaml", "is a folder"], { "spec.yaml/": "" }],
  ["an empty dataset", photos, ["photos"], { "photos/": "" }],
  ["an unreadable image", photos, ["a.png"], { "photos/a.png": "no picture" }],
  ["a missing dataset", photos, ["photos"]],
];

for (const [what, spec, words, others = {}] of cases) {
  Deno.test({
    name: `${what} gives one message, exit code 2, and nothing is written ${why}`,
    ignore,
    fn: async () => {
      const { code, printed, errors, left } = await refusal(spec, others);
      const given = [
        ...Object.keys(others).map((name) => name.split("/")[0]),
        ...(spec === null ? [] : ["spec.yaml"]),
      ];
      assertEquals([code, printed, errors.length, left], [2, [], 1, given.sort()]);
      const message = String(errors[0]);
      for (const word of words) assert(message.includes(word), message);
    },
  });
}
