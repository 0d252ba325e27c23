import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { filesTest } from "../files/testing.ts";
// Made by pyarrow, with Hugging Face's metadata: six PNG images of 4x4 pixels, whose first pixel is
// 16 times their number, and labels 0, 1, 2, 0, 1, 2 of the classes ant, bee, cat. `images` is
// compressed with Snappy in groups of four rows; `gzip` has no dictionaries and pages of two rows;
// `zstd` has two columns of labels and one of texts, in pages of version 2.
import gzip from "./fixtures/images_gzip.parquet" with { type: "bytes" };
import images from "./fixtures/images.parquet" with { type: "bytes" };
import zstd from "./fixtures/images_zstd.parquet" with { type: "bytes" };
import numbers from "./fixtures/numbers.parquet" with { type: "bytes" };
import { fuzz } from "./fuzz.ts";
import { decodeImage } from "./images.ts";
import { isParquet, openParquet } from "./parquet.ts";

async function rowsOf(path: string, labelColumn: string | null): Promise<(number | null)[][]> {
  const rows: (number | null)[][] = [];
  for await (const { image, label } of (await openParquet(path)).samples(labelColumn)) {
    rows.push([decodeImage(image, path).data[0]!, label]);
  }
  return rows;
}

filesTest("Hugging Face's tables: images, labels, class names", async (folder) => {
  const path = `${folder}/train-00000-of-00001.parquet`;
  await Deno.writeFile(path, images);
  assertEquals(isParquet(images), true);
  const { samples: _, ...found } = await openParquet(path);
  assertEquals(found, {
    rows: 6,
    imageColumn: "image",
    labelColumns: ["label"],
    classNames: new Map([["label", ["ant", "bee", "cat"]]]),
    otherColumns: [],
  });
  const expected = [0, 1, 2, 3, 4, 5].map((i) => [16 * i, i % 3]);
  assertEquals(await rowsOf(path, "label"), expected);
  assertEquals(await rowsOf(path, null), expected.map(([pixel]) => [pixel!, null]));
});

filesTest("other compressions and column names; unused columns are listed", async (folder) => {
  const path = `${folder}/a.parquet`;
  await Deno.writeFile(path, zstd);
  const { imageColumn, labelColumns, otherColumns } = await openParquet(path);
  assertEquals(imageColumn, "img");
  assertEquals(labelColumns, ["fine_label", "coarse_label"]);
  assertEquals(otherColumns, ["note"]);
  assertEquals((await rowsOf(path, "fine_label"))[4], [64, 1]);
  await Deno.writeFile(path, gzip);
  assertEquals(await rowsOf(path, "label"), [0, 1, 2, 3, 4, 5].map((i) => [16 * i, i % 3]));
});

filesTest("tables without images, and damaged ones, are refused", async (folder) => {
  const path = `${folder}/a.parquet`;
  await Deno.writeFile(path, numbers);
  await assertRejects(() => openParquet(path), UserError, "no column of images");
  await assertRejects(() => openParquet(`${folder}/b`), UserError, "no such file");
  for (let length = 0; length < images.length; length += 13) {
    await Deno.writeFile(path, images.subarray(0, length));
    await assertRejects(() => rowsOf(path, "label"), UserError, path);
  }
});

filesTest("fuzzing: damaged Parquet files", async (folder) => {
  const path = `${folder}/a.parquet`;
  await fuzz([images, zstd, gzip], async (bytes) => {
    await Deno.writeFile(path, bytes);
    const { labelColumns, samples } = await openParquet(path);
    const rows = [];
    for await (const row of samples(labelColumns[0] ?? null)) rows.push(row);
    return rows;
  });
});
