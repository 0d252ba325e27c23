import { fromFileUrl, join } from "@std/path";
import { assertEquals, assertRejects } from "@std/assert";
import type { Dataset } from "../datasets/mod.ts";
import { loadDataset } from "../datasets/mod.ts";
import { UserError } from "../messages/errors.ts";
import { decodePng } from "../formats/png.ts";
import { greyPng, writeFiles } from "../datasets/layouts_testing.ts";
import { processTest } from "../files/testing.ts";
import { exportImages, previewSheet, run } from "./data.ts";

/** Five images in two classes. */
const dataset: Dataset = {
  name: "made up",
  source: "made up",
  images: Uint8Array.from(
    { length: 5 * 32 * 32 * 3 },
    (_, i) => (i * 7 + Math.floor(i / 3072) * 50) % 256,
  ),
  labels: Uint8Array.of(1, 0, 1, 1, 0),
  count: 5,
  imageSize: 32,
  channels: 3,
  classes: 2,
  classNames: ["circle", "square"],
  digest: "0".repeat(64),
  skipped: [],
  notes: [],
};

Deno.test("data: wrong arguments are refused", async () => {
  await assertRejects(() => run([]), UserError, "a dataset's name");
  await assertRejects(() => run(["cifar"]), UserError, "did you mean cifar-10?");
  await assertRejects(() => run(["mnist", "--previews"]), UserError, "--previews");
  await assertRejects(() => run(["folder"]), UserError, "needs the path of the images");
});

Deno.test({
  name: "data: a missing path is named in the message (needs --allow-read)",
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  async fn() {
    const absent = ["--path", "/nonexistent"];
    const nothing = "no files in /nonexistent. ";
    await assertRejects(
      () => run(["mnist", ...absent]),
      UserError,
      `${nothing}Without a path (data.path in the spec, --path with data and reproduce), the`,
    );
    await assertRejects(
      () => run(["folder", ...absent]),
      UserError,
      `${nothing}Give the images' folder`,
    );
  },
});

Deno.test("data --preview: one row per class, in order", async () => {
  const sheet = decodePng(await previewSheet(dataset));
  const unlabelled = decodePng(
    await previewSheet({ ...dataset, labels: null, classes: null, classNames: null }),
  );
  // Two rows of classes, or one of five images.
  assertEquals(sheet.height > unlabelled.height, true);
  // The sheet contains the first image of each row, with each pixel as a square.
  const row = (index: number, scale: number) => {
    const from = index * 32 * 32 * 3;
    return Array.from(
      { length: 32 * scale * 3 },
      (_, i) => dataset.images[from + 3 * Math.floor(i / 3 / scale) + i % 3]!,
    );
  };
  const text = Array.from(sheet.data, (byte) => String.fromCharCode(byte)).join("");
  const places = [1, 0].map((index) => text.indexOf(String.fromCharCode(...row(index, 2))));
  assertEquals(places[0]! > 0 && places[0]! < places[1]!, true, `${places}`);
});

const needed = ["read", "write"] as const;
const ignore = needed.some((name) => Deno.permissions.querySync({ name }).state !== "granted");

Deno.test(
  "data --export: the exported images are read as the same data (needs --allow-read, --allow-write)",
  {
    ignore,
  },
  async () => {
    const dataRoot = await Deno.makeTempDir();
    try {
      const path = join(dataRoot, "exported");
      await exportImages(dataset, path);
      await assertRejects(() => exportImages(dataset, path), UserError, "not empty");
      const again = await loadDataset({
        dataset: "folder",
        imageSize: 32,
        channels: 3,
        data: { limit: null, digest: null, fit: "crop", path },
      }, { dataRoot });
      assertEquals([again.images, again.labels], [dataset.images, dataset.labels]);
    } finally {
      await Deno.remove(dataRoot, { recursive: true });
    }
  },
);

/** The verb's exit code and output in a folder. */
async function printed(cwd: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const main = fromFileUrl(new URL("main.ts", import.meta.url));
  const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
  const permissions = ["--allow-read", "--allow-write", "--allow-net"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--config", config, ...permissions, main, "data", ...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout) + (code === 0 ? "" : decoder.decode(stderr)) };
}

processTest(
  "data: reports which files are read and which are not, with its task's permissions",
  async (folder) => {
    const evil = "\u001b]0;verified\u0007";
    writeFiles(folder, {
      "photos/train/cat/0.png": greyPng(0),
      "photos/train/dog/0.png": greyPng(1),
      "photos/train/dog/1.png": greyPng(2),
      "photos/test/3.png": greyPng(3),
      [`photos/${evil}.txt`]: "nothing",
      "photos/page.zip": "<!DOCTYPE html><html>",
    });
    const { code, out } = await printed(folder, "folder", "photos", "--preview");
    assertEquals(code, 2);
    assertEquals(out.includes("page.zip: this is a web page"), true, out);
    Deno.removeSync(join(folder, "photos/page.zip"));

    const read = await printed(folder, "folder", "photos", "--preview");
    assertEquals(read.code, 0, read.out);
    const lines = [
      "folder: 3 images: 3 image files in class folders in photos",
      "classes: cat 1, dog 2",
      "not used: 1 file (test/3.png): without labels, unlike train",
      "not used: 1 file (\\u{1b}]0;verified\\u{7}.txt): neither images nor labels",
      "colours: 3 grey images converted to three channels",
      "contact sheet: folder-preview.png",
    ];
    for (const each of lines) assertEquals(read.out.split("\n").includes(each), true, read.out);
    assertEquals(
      decodePng(Deno.readFileSync(join(folder, "folder-preview.png"))).height > 100,
      true,
    );

    const other = await printed(folder, "photos");
    assertEquals(other.code, 2);
    assertEquals(other.out.includes("deno task data folder photos"), true, other.out);
    const none = await printed(folder, "folder", "photos", "--labels", "none");
    assertEquals(none.out.includes("folder: 4 images"), true, none.out);
  },
);
