/** Hostile files: decompression bombs, terminal escape sequences, links. */
import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "fflate";
import { UserError } from "../messages/errors.ts";
import { fuzz } from "../formats/fuzz.ts";
import { filesTest } from "../files/testing.ts";
import { fetchDataset } from "./fetch.ts";
import { colourPng, greyPng, idxFile, refuses, writeFiles } from "./layouts_testing.ts";
import { loadDataset } from "./mod.ts";
import { listFiles } from "./files.ts";
import { readLabelTable } from "./label_rows.ts";
import { tableSource } from "./tables.ts";

const longLine = `a${",".repeat(900_000)}x`;

refuses("a line of commas in a list of labels", {
  dataset: "folder",
  files: { "0.png": colourPng(0), "labels.txt": `0.png 3\n${longLine}\n` },
}, "labels.txt:2: expected an image's name and its class");

refuses(
  "a line of commas in a table of labels",
  {
    dataset: "folder",
    files: { "0.png": colourPng(0), "metadata.csv": `file_name,label\n${longLine}` },
  },
  "there are no images".slice(0, 0),
  "metadata.csv",
);

refuses("a table of labels that expands to too many lines", {
  dataset: "folder",
  files: {
    "0.png": colourPng(0),
    "labels.csv.gz": gzipSync(new TextEncoder().encode("0.png,1\n".repeat(2_100_000))),
  },
}, "labels.csv.gz: too long for a table of labels");

refuses("a compressed table of images that is one long line", {
  dataset: "mnist",
  files: { "train.csv.gz": gzipSync(new Uint8Array(20_000_000).fill(0x31)) },
}, "train.csv.gz: its lines are too long");

refuses("an IDX file of a million images of one pixel", {
  dataset: "folder",
  files: { "train-images-idx3-ubyte": idxFile([1_000_000, 1, 1], new Uint8Array(1_000_000)) },
}, "1x1 pixels; the minimum is 8x8");

refuses(
  "a compressed IDX file of half a million empty images",
  {
    dataset: "folder",
    files: {
      "train-images-idx3-ubyte.gz": gzipSync(
        idxFile([500_000, 8, 8], new Uint8Array(32_000_000)),
      ),
    },
  },
  "500,000 images of 3072 bytes, in files of",
  "data.limit",
);

refuses("an IDX file whose header declares more than the file contains", {
  dataset: "mnist",
  files: { "train-images-idx3-ubyte": idxFile([4_000_000_000, 28, 28], [1, 2, 3]) },
}, "should have 4000000000 x 28 x 28 bytes, but has 3");

refuses("a table of half a million rows that are not images", {
  dataset: "mnist",
  files: { "train.csv": `label,pixel0,pixel1,pixel2,pixel3\n0,1,2,3,4\n` + "1\n".repeat(500_000) },
}, "train.csv:3: 1 column instead of 5");

filesTest("control characters in names are escaped in notes and classes", async (folder) => {
  const evil = "\u001b]52;c;aGk=\u0007\u009b31m\u202e";
  writeFiles(join(folder, "files"), {
    [`${evil}a/0.png`]: greyPng(0),
    [`${evil}b/0.png`]: greyPng(1),
    [`${evil}.txt`]: "nothing",
  });
  const data = { limit: null, digest: null, fit: "crop" as const, path: join(folder, "files") };
  const dataset = await loadDataset({ dataset: "folder", imageSize: 32, channels: 3, data }, {
    dataRoot: join(folder, "data"),
  });
  const text = [dataset.source, ...dataset.notes, ...dataset.classNames ?? []].join("\n");
  assert(!/[\p{Cc}\p{Cf}]/u.test(text.replaceAll("\n", "")), JSON.stringify(text));
  assert(text.includes("\\u{1b}]52"), text);
});

filesTest("a download is never written through a link", async (folder) => {
  const victim = join(folder, "victim");
  Deno.writeTextFileSync(victim, "mine");
  const downloads = join(folder, "data", ".downloads", "set");
  Deno.mkdirSync(downloads, { recursive: true });
  Deno.symlinkSync(victim, join(downloads, "set.tar.gz"));
  const archive = { file: "set.tar.gz", urls: [], bytes: 3, sha256: "0".repeat(64) };
  await assertRejects(
    () => fetchDataset("set", [archive], join(folder, "data")),
    UserError,
    "not a regular file",
  );
  assertEquals(Deno.readTextFileSync(victim), "mine");
});

filesTest("fuzzing: damaged tables of labels and of images, and their folders", async (folder) => {
  writeFiles(folder, { "0.png": greyPng(0, 8), "cat/1.png": greyPng(1, 8) });
  const texts = {
    "labels.txt": "0.png 1\ncat/1.png 2\n",
    "metadata.csv": 'file_name,label,"a b"\n0.png,cat,"x, ""y"""\ncat/1.png,dog,z\n',
    "metadata.jsonl": '{"file_name":"0.png","label":1}\n{"file_name":"cat/1.png","label":0}\n',
  };
  for (const [name, text] of Object.entries(texts)) {
    const path = join(folder, name);
    const seen = new Set(["0.png", "1.png", "cat/1.png"]);
    await fuzz([new TextEncoder().encode(text)], async (bytes) => {
      Deno.writeFileSync(path, bytes);
      const [file] = listFiles(path);
      return file && await readLabelTable(file, (key) => seen.has(key));
    });
  }
  const pixels = [...Array(64).keys()];
  const rows = [pixels.map((i) => `p${i}`).concat("class"), [...pixels, 3], [...pixels, 4]];
  const path = join(folder, "table.csv");
  await fuzz(
    [new TextEncoder().encode(rows.map((row) => row.join()).join("\n"))],
    async (bytes) => {
      Deno.writeFileSync(path, bytes);
      const { samples } = await tableSource(listFiles(path), "folder", undefined);
      for await (const { read } of samples) read();
    },
  );
});
