/** Unused data is reported on the screen, in the log, and in the bundle. */
import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import { colourPng, writeFiles } from "../datasets/layouts_testing.ts";
import { resolveSpec } from "../spec/mod.ts";
import { filesTest } from "../files/testing.ts";
import { silentProgress } from "../messages/progress.ts";
import { runExperiment } from "./run.ts";

filesTest("a bundle says which data was not used", async (folder) => {
  writeFiles(join(folder, "photos"), {
    "train/cat/0.png": colourPng(0),
    "train/dog/0.png": colourPng(1),
    "test/0.png": colourPng(2),
    "words.txt": "nothing",
  });
  const said: string[] = [];
  const spec = resolveSpec({
    architecture: "A",
    dataset: "folder",
    data: { path: join(folder, "photos") },
    imageSize: 8,
    baseWidth: 4,
    classes: 2,
    training: { images: 2, batchSize: 2, previewEveryEpochs: null },
    sampling: { steps: 1, count: 2 },
    evaluation: { metrics: [] },
  });
  const { path } = await runExperiment(spec, {
    engine: "cpu",
    out: join(folder, "out"),
    dataRoot: join(folder, "data"),
    progress: { ...silentProgress, message: (text) => void said.push(text) },
  });
  const notes = [
    "not used: 1 file (test/0.png): without labels, unlike train",
    "not used: 1 file (words.txt): neither images nor labels",
  ];
  const read = (name: string) => Deno.readTextFileSync(join(path, name));
  assertEquals(JSON.parse(read("environment.json")).data.notes, notes);
  for (const note of notes) {
    assert(said.includes(`data: ${note}`), said.join("\n"));
    for (const name of ["log.txt", "provenance.json"]) assert(read(name).includes(note), name);
    assert(read("README.md").includes(note.split("(")[0] ?? ""), read("README.md"));
  }
});
