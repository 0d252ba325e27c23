// Contradictions between a bundle's files, under matching manifests, in the bundle of a real run.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { fitTags, writeManifests } from "../bundle/testing.ts";
import { encodePng } from "../formats/png.ts";
import { decodeTensors, encodeTensors } from "../formats/safetensors.ts";
import { verifyBundle } from "../report/verify.ts";
import { sampleBundle } from "./sample.ts";
import { copyBundle, wholeBundle } from "./testing.ts";

const ignore = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

/** A change to a bundle, and parts of the expected messages. */
type Forgery = [what: string, change: (bundle: string) => void, ...words: string[]];

const change = (name: string, from: string | RegExp, to: string) => (bundle: string) => {
  const path = join(bundle, name);
  const text = Deno.readTextFileSync(path);
  const changed = text.replace(from, to);
  assert(changed !== text, `${name} has no ${from}`);
  Deno.writeTextFileSync(path, changed);
};
const write = (name: string, content: string | Uint8Array) => (bundle: string) =>
  Deno.writeFileSync(
    join(bundle, name),
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
const remove = (name: string) => (bundle: string) => Deno.removeSync(join(bundle, name));
const grey = encodePng({ width: 34, height: 34, channels: 1, data: new Uint8Array(34 * 34) });

/** Changes the tensors of a file. */
const reshape =
  (name: string, edit: (tensors: ReturnType<typeof decodeTensors>) => void) => (bundle: string) => {
    const path = join(bundle, name);
    const tensors = decodeTensors(Deno.readFileSync(path));
    edit(tensors);
    Deno.writeFileSync(path, encodeTensors(tensors));
  };

/** Found without drawing anything. */
const contradictions: Forgery[] = [
  [
    "another network's table",
    change("data/network.txt", /\d/, "9"),
    "data/network.txt: it does not match",
  ],
  ["one line of losses", write("data/loss.csv", "step,loss\n1,0.5\n"), "loss.csv: 1 steps, but"],
  ["no losses", write("data/loss.csv", "step,loss\n"), "loss.csv: 0 steps, but"],
  [
    "an additional angle",
    reshape("data/samples.safetensors", (tensors) => {
      const some = tensors.get("45");
      if (some) tensors.set("90", some);
    }),
    "the spec has no angle 90",
  ],
  [
    "an angle that is not a number",
    reshape("data/samples.safetensors", (tensors) => {
      const some = tensors.get("45");
      if (some) tensors.set("1e400", some);
    }),
    "1e400 is not an angle",
  ],
  [
    "a program among the files",
    write("data/setup.exe", "MZ"),
    "data/setup.exe: no run of this spec writes",
  ],
  ["a program beside them", write("run.sh", "rm -rf"), "run.sh: no run of this spec writes"],
  ["a score that none asked for", write("data/metrics.json", "{}"), "metrics.json: no run"],
  ["no pictures", remove("data/grid.png"), "data/grid.png: missing"],
  ["no provenance", remove("provenance.json"), "provenance.json: missing"],
  ["an empty provenance", write("provenance.json", "{}"), "provenance.json: _type"],
  [
    "another data digest",
    change("provenance.json", /("kind": "dataset")/, '"kind": "archive"'),
    "it names other training images",
  ],
  [
    "provenance of other files",
    change("provenance.json", "data/loss.csv", "data/lost.csv"),
    "its subjects are not the files under data/",
  ],
  [
    "another seed in provenance",
    change("provenance.json", '"seed": 42', '"seed": 43'),
    "its spec differs from data/spec.yaml",
  ],
  [
    "another device in environment",
    change("environment.json", '"device": "cpu"', '"device": "cuda"'),
    "its engine differs from environment.json",
  ],
  [
    "a wrong type in environment",
    change("environment.json", '"cores": ', '"cores": -'),
    "environment.json: ",
  ],
  [
    "another number of images",
    change("environment.json", '"images": 16', '"images": 17'),
    "README.md: its first lines describe another run",
  ],
  ["another title", change("README.md", "# whole", "# other"), "README.md: its title"],
  ["another summary", change("README.md", "2 steps", "200 steps"), "README.md: its first lines"],
  [
    "another digest in README",
    change("README.md", /[0-9a-f]{64}/, "0".repeat(64)),
    "README.md: it",
  ],
  ["a link more in README", change("README.md", "## Verify", "http://evil ##"), "README.md: it"],
  [
    "another spec as written",
    change("spec-as-written.yaml", "D", "B"),
    "it differs from data/spec.yaml",
  ],
  [
    "a spec as written that builds on another",
    change("spec-as-written.yaml", "# a whole run", "extends: other.yaml"),
    "it has `extends` or `sweep`",
  ],
  ["no spec as written", write("spec-as-written.yaml", "seed: x"), "spec-as-written.yaml: "],
  ["another training digest", change("data/digests.json", /"training": "./, '"training": "f'), ""],
];

/** Found by drawing again. */
const drawn: Forgery[] = [
  ["a foreign grid", write("data/grid.png", grey), "data/grid.png: it does not match"],
  ["a foreign collage", write("data/collage-0-1.png", grey), "collage-0-1.png: it does not match"],
  [
    "no picture at all",
    write("data/rotation.png", "<script>"),
    "data/rotation.png: it does not match",
  ],
  ["another filter", change("data/filter.csv", /\d/, "7"), "data/filter.csv: it does not match"],
  [
    "another response",
    change("data/response.csv", "0.", "1."),
    "data/response.csv: it does not match",
  ],
  [
    "another diagram",
    change("data/loss.svg", "</svg>", "<script/></svg>"),
    "loss.svg: it does not match",
  ],
  ["another report", change("report.html", "<main", "<script>1</script><main"), "report.html: it"],
];

Deno.test({
  name: "a run's bundle verifies, and each contradiction in it is found (needs files)",
  ignore,
  async fn(t) {
    const folder = Deno.makeTempDirSync();
    const whole = await wholeBundle(folder);
    let forgeries = 0;
    const judged = async (changes: Forgery[1][]) => {
      const path = copyBundle(whole, join(folder, `${forgeries++}`, "whole"));
      const name = path.split("/").pop() ?? "";
      for (const forge of changes) forge(path);
      writeManifests(path, whole.split("/").pop() ?? name);
      const { problems, derived, notes } = await verifyBundle(path);
      Deno.removeSync(path, { recursive: true });
      return { said: problems.map(({ file, what }) => `${file}: ${what}`), derived, notes };
    };
    await t.step("all agrees", async () => {
      const { said, derived, notes } = await judged([]);
      assertEquals(said, []);
      for (const name of ["README.md", "bag-info.txt", "data/grid.png", "report.html"]) {
        assert(derived.includes(name), name);
      }
      assertEquals(notes.length, 3);
    });
    for (const [what, forge, ...words] of contradictions) {
      await t.step(what, async () => {
        const text = (await judged([forge])).said.join("\n");
        assert(text !== "", "nothing was found");
        for (const word of words) assertStringIncludes(text, word);
      });
    }
    // Drawing takes a second, so all changes are made at once.
    await t.step("what is drawn", async () => {
      const text = (await judged([...drawn.map(([, forge]) => forge), fitTags])).said.join("\n");
      for (const [what, , ...words] of drawn) {
        for (const word of words) assertStringIncludes(text, word, what);
      }
    });
    await t.step("drawings of another release are noted, not judged", async () => {
      const older = change("provenance.json", /("alias-free-diffusion": ")[^"]*/, "$10.0.1");
      const grid = write("data/grid.png", grey);
      const { said, derived, notes } = await judged([older, grid, fitTags]);
      assertEquals(said, []);
      assert(!derived.includes("data/grid.png") && !derived.includes("report.html"));
      assertStringIncludes(notes.join("\n"), "release 0.0.1 drew and this one may draw otherwise");
    });
    await t.step("additional samples", async () => {
      const more = await sampleBundle(whole, ["count=2"], { engine: "cpu", out: folder });
      const { problems, derived } = await verifyBundle(more.path);
      assertEquals(problems, []);
      assert(derived.includes("data/grid.png") && derived.includes("README.md"));
    });
    Deno.removeSync(folder, { recursive: true });
  },
});
