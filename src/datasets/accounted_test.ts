/** Every file of a dataset is either used or reported, wherever it is. */
import { join } from "@std/path";
import { assertEquals } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { fuzzSeed } from "../formats/fuzz.ts";
import { filesTest } from "../files/testing.ts";
import { listFiles } from "./files.ts";
import { colourPng, type Files, upTo, writeFiles } from "./layouts_testing.ts";
import { recognise } from "./recognise.ts";

const runs = 60;

/** Numbers below `count` from a small Lehmer generator; the same seed gives the same numbers. */
function generator(start: number): (count: number) => number {
  let state = start % 2147483646 + 1;
  return (count) => {
    state = state * 48271 % 2147483647;
    return state % count;
  };
}

const folders = ["train", "test", "val", "cat", "dog", "images", "trainingSet", "trainingSample"];
const names = ["0", "1", "2", "cat_3", "dog_4", "train"];
const others = ["readme.md", "a.xml", "b.tfrecord", "c.png.part", "words.txt", "d.pkl"];

/** A table of labels for some images, in one of the common forms. */
function table(below: (count: number) => number, images: readonly string[]): Files {
  const rows = images.map((image) => [image, below(3)] as const);
  const lines = (separator: string) => rows.map((row) => row.join(separator)).join("\n");
  const forms: Files[] = [
    { "labels.txt": lines(" ") },
    { "metadata.csv": `file_name,label\n${lines(",")}` },
    { "trainLabels.csv": `id,label,text\n${rows.map((row) => [...row, "x"].join()).join("\n")}` },
    { "classes_labels.txt": "cat\ndog\n" },
    { "sample_submission.csv": "id,label\n1,0\n" },
  ];
  return forms[below(forms.length)] ?? {};
}

function layout(below: (count: number) => number): Files {
  const files: Files = {};
  const images: string[] = [];
  for (let i = below(10) + 1; i > 0; i--) {
    const path = [...Array(below(4))].map(() => folders[below(folders.length)]);
    const name = [...path, `${names[below(names.length)]}.png`].join("/");
    images.push(name);
    files[name] = colourPng(below(4), 8);
  }
  for (let i = below(3); i > 0; i--) files[others[below(others.length)] ?? ""] = "some text";
  return below(2) === 0 ? files : { ...files, ...table(below, images) };
}

/** How many files the notes report as unused. */
function unusedCount(notes: readonly string[]): number {
  return notes.reduce((sum, note) => {
    const [, count] = /^not used: ([\d,]+) files? \(/.exec(note) ?? [];
    return sum + Number(count?.replaceAll(",", "") ?? 0);
  }, 0);
}

filesTest("every file is either used or reported", async (folder) => {
  const seed = fuzzSeed();
  let read = 0;
  for (const run of upTo(runs)) {
    const root = join(folder, `${run}`);
    const files = layout(generator(seed + 7919 * run));
    writeFiles(root, files);
    const shown = JSON.stringify(Object.keys(files));
    try {
      const found = listFiles(root);
      const source = await recognise({ dataset: "folder", root, files: found, labelFiles: [] });
      const tables = /with the labels of (.*) in /.exec(source.description)?.[1]?.split(", ") ?? [];
      const { notes = [], count } = source;
      assertEquals(count + tables.length + unusedCount(notes), found.length, `${shown}\n${notes}`);
      read++;
    } catch (error) {
      // Ambiguous data is refused.
      if (!(error instanceof UserError)) throw new Error(`run ${run}: ${shown}`, { cause: error });
    }
  }
  assertEquals(read > runs / 5, true, `only ${read} of ${runs} were read`);
});
