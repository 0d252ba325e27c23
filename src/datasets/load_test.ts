import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "fflate";
import { UserError } from "../messages/errors.ts";
import baseline from "../formats/fixtures/baseline.jpg" with { type: "bytes" };
import cmyk from "../formats/fixtures/cmyk.jpg" with { type: "bytes" };
import { encodePng } from "../formats/png.ts";
import { type DatasetRequest, describeDataset, loadDataset, type LoadOptions } from "./mod.ts";

const needed = ["read", "write"] as const;
const ignore = needed.some((name) => Deno.permissions.querySync({ name }).state !== "granted");

/** A test with a temporary folder for datasets and their cache. */
function test(
  name: string,
  run: (dataRoot: string, put: (name: string, bytes: Uint8Array | string) => void) => unknown,
) {
  Deno.test(`${name} (needs --allow-read, --allow-write)`, { ignore }, async () => {
    const dataRoot = await Deno.makeTempDir();
    const put = (name: string, bytes: Uint8Array | string) => {
      const path = join(dataRoot, name);
      Deno.mkdirSync(join(path, ".."), { recursive: true });
      Deno.writeFileSync(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    };
    try {
      await run(dataRoot, put);
    } finally {
      await Deno.remove(dataRoot, { recursive: true });
    }
  });
}

const request = (
  dataset: DatasetRequest["dataset"],
  imageSize: number,
  channels: 1 | 3,
  data: Partial<DatasetRequest["data"]> = {},
): DatasetRequest => ({
  dataset,
  imageSize,
  channels,
  data: { limit: null, digest: null, fit: "crop", path: null, ...data },
});

/** Generated grey image number n. */
const digit = (n: number, side: number) =>
  Uint8Array.from({ length: side * side }, (_, i) => (i * 7 + n * 31) % 256);
const u32 = (
  value: number,
) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const idx = (shape: number[], bytes: Iterable<number>) =>
  Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap(u32), ...bytes]);
const five = [0, 1, 2, 3, 4];
const labels = [7, 0, 9, 3, 3];

test(
  "the same digits have the same digest as IDX, compressed IDX, CSV, and PNG with labels",
  async (dataRoot, put) => {
    const images = idx([5, 28, 28], five.flatMap((n) => [...digit(n, 28)]));
    put("idx/train-images-idx3-ubyte", images);
    put("idx/train-labels-idx1-ubyte", idx([5], labels));
    put("gz/MNIST/raw/train-images.idx3-ubyte.gz", gzipSync(images));
    put("gz/MNIST/raw/train-labels.idx1-ubyte.gz", gzipSync(idx([5], labels)));
    const rows = five.map((n) => `${labels[n]},${digit(n, 28).join(",")}`);
    put("csv/small.csv", ["the first row is lost", ...rows].join("\r\n") + "\r\n");
    put("csvgz/small.csv.gz", gzipSync(new TextEncoder().encode(["5,1,2,3", ...rows].join("\n"))));
    for (const n of five) {
      const png = encodePng({ width: 28, height: 28, channels: 1, data: digit(n, 28) });
      put(`png/mnist_train/0000${n}.png`, png);
    }
    put("png/mnist_train_labels.txt", five.map((n) => `0000${n}.png ${labels[n]}\n`).join(""));
    const digests = new Set<string>();
    for (const folder of ["idx", "gz", "csv", "csvgz", "png"]) {
      const path = join(dataRoot, folder);
      const dataset = await loadDataset(request("mnist", 32, 1, { path }), { dataRoot });
      assertEquals(
        [dataset.count, dataset.classes, ...dataset.labels!],
        [5, 10, ...labels],
        folder,
      );
      assert(dataset.source.includes(path));
      digests.add(dataset.digest);
    }
    assertEquals(digests.size, 1);
    const [digest] = digests;
    const path = join(dataRoot, "csv/small.csv");
    await loadDataset(request("mnist", 32, 1, { path, digest: digest! }), { dataRoot });
    const other = request("mnist", 32, 1, { path, digest: "0".repeat(64) });
    await assertRejects(() => loadDataset(other, { dataRoot }), UserError, digest);
    const nine = { ...request("mnist", 32, 1, { path }), classes: 9 };
    await assertRejects(() => loadDataset(nine, { dataRoot }), UserError, "there are 10");
    const few = await loadDataset(request("mnist", 28, 1, { path, limit: 2 }), { dataRoot });
    assertEquals([...few.images], [...digit(0, 28), ...digit(1, 28)]);
  },
);

test(
  "cifar-10: binary batches, Python's, and class folders; the test images come first",
  async (dataRoot, put) => {
    const planes = (n: number) =>
      Uint8Array.from({ length: 3072 }, (_, i) => (i * 5 + n * 17) % 256);
    put("cifar-10/cifar-10-batches-bin/data_batch_1.bin", Uint8Array.from([4, ...planes(1)]));
    put("cifar-10/cifar-10-batches-bin/test_batch.bin", Uint8Array.from([3, ...planes(0)]));
    put("cifar-10/cifar-10-batches-bin/batches.meta.txt", "airplane\n");
    const dataset = await loadDataset(request("cifar-10", 32, 3), { dataRoot });
    assertEquals([dataset.count, dataset.classes, ...dataset.labels!], [2, 10, 3, 4]);
    assertEquals([...dataset.images.subarray(0, 3)], [0, 1, 2].map((c) => planes(0)[c * 1024]!));
    assertEquals(dataset.classNames!.slice(2, 5), ["bird", "cat", "deer"]);

    const pixels = (n: number) => {
      const from = planes(n);
      return from.map((_, i) => from[(i % 3) * 1024 + Math.floor(i / 3)]!);
    };
    const names = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
    for (const [label, name] of names.entries()) {
      const png = encodePng({ width: 32, height: 32, channels: 3, data: pixels(label) });
      put(`folders/train/${name}/1.png`, png);
      if (label === 3) put("folders/test/cat/1.png", png);
    }
    const folders = await loadDataset(
      request("cifar-10", 32, 3, { path: join(dataRoot, "folders") }),
      { dataRoot },
    );
    assertEquals([...folders.labels!], [3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertEquals(folders.images.subarray(0, 3072), pixels(3));
    assertEquals(folders.classNames, names);
  },
);

test(
  "folder: images of any shape are cropped or squashed, in colour or grey",
  async (dataRoot, put) => {
    // The left and right thirds are 0, the square in the middle is 200.
    const wide = Uint8Array.from(
      { length: 24 * 8 },
      (_, i) => i % 24 >= 8 && i % 24 < 16 ? 200 : 0,
    );
    put("pictures/b/wide.png", encodePng({ width: 24, height: 8, channels: 1, data: wide }));
    put("pictures/a.jpg", baseline);
    put("pictures/.hidden.png", "not an image");
    put("pictures/notes.txt", "not an image");
    const path = join(dataRoot, "pictures");
    const cropped = await loadDataset(request("folder", 8, 3, { path }), { dataRoot });
    assertEquals([cropped.count, cropped.labels, cropped.classes], [2, null, null]);
    assertEquals([...cropped.images.subarray(192)], new Array(192).fill(200));
    const asked = { ...request("folder", 8, 3, { path }), classes: 2 };
    await assertRejects(
      () => loadDataset(asked, { dataRoot }),
      UserError,
      "has no labels",
    );
    put("classes/\u001b[31m\n/a.png", encodePng({ width: 24, height: 8, channels: 1, data: wide }));
    put("classes/b/b.png", encodePng({ width: 24, height: 8, channels: 1, data: wide }));
    const named = await loadDataset(request("folder", 8, 3, { path: join(dataRoot, "classes") }), {
      dataRoot,
    });
    assertEquals([named.classNames, ...named.labels!], [["\\u{1b}[31m\\u{a}", "b"], 0, 1]);
    const squashed = await loadDataset(request("folder", 8, 1, { path, fit: "squash" }), {
      dataRoot,
    });
    assert(squashed.images[64] === 0 && squashed.images[64 + 3]! > 150);
    // The photograph: red 10 x, green 12 y, blue 128; its centre, in grey.
    const grey = squashed.images[4 * 8 + 4]!;
    assert(Math.abs(grey - (0.299 * 130 + 0.587 * 130 + 0.114 * 128)) < 12, `${grey}`);
  },
);

test("bad images are listed, and skipped only with skipBad", async (dataRoot, put) => {
  const good = encodePng({
    width: 32,
    height: 32,
    channels: 3,
    data: new Uint8Array(3072).fill(9),
  });
  put("mnist-m/mnist_m_train/0.png", good);
  put("mnist-m/mnist_m_train/1.png", good.subarray(0, 60));
  put(
    "mnist-m/mnist_m_train/2.png",
    encodePng({ width: 40, height: 32, channels: 1, data: new Uint8Array(1280) }),
  );
  put("mnist-m/mnist_m_train/3.jpg", cmyk);
  put("mnist-m/mnist_m_train/4.gif", "GIF89a");
  put("mnist-m/mnist_m_train/5.png", "");
  put("mnist-m/mnist_m_train/6.png", good);
  Deno.symlinkSync("nowhere", join(dataRoot, "mnist-m/mnist_m_train/8.png"));
  Deno.symlinkSync("nowhere", join(dataRoot, "mnist-m/readme"));
  put("mnist-m/mnist_m_train/9\u001b[31m\n.png", "no image");
  put(
    "mnist-m/mnist_m_train_labels.txt",
    "0.png 5\n1.png 1\n2.png 1\n3.jpg 1\n4.gif 1\n5.png 1\n7.png 2\n8.png 1\n",
  );
  const load = (options: LoadOptions) =>
    loadDataset(request("mnist-m", 32, 3), { dataRoot, ...options });
  const error = await assertRejects(() => load({}), UserError, "--skip-bad");
  const parts = [
    "1.png",
    "truncated",
    "40x32",
    "CMYK",
    "a GIF image",
    "is empty",
    "6.png",
    "no label",
    "7.png",
    "missing",
    "8.png: no such file",
    "9\\u{1b}[31m\\u{a}.png",
  ];
  for (const part of parts) assert(error.message.includes(part), `${part}: ${error.message}`);
  assert(error.message.includes("9 of 10"));
  for (let time = 0; time < 2; time++) {
    const dataset = await load({ skipBad: true });
    assertEquals([dataset.count, dataset.skipped.length, ...dataset.labels!], [1, 9, 5]);
    assert(
      describeDataset(dataset).endsWith("; 9 that cannot be read are left out"),
      describeDataset(dataset),
    );
    // The cache of a request with skipBad must not answer a request without it.
    await assertRejects(() => load({}), UserError, "--skip-bad");
  }
});

test("errors name what is missing or empty, and what to do", async (dataRoot, put) => {
  const fails = async (request: DatasetRequest, ...parts: string[]) => {
    const error = await assertRejects(() => loadDataset(request, { dataRoot }), UserError);
    for (const part of parts) assert(error.message.includes(part), error.message);
  };
  await fails(request("cifar-10", 32, 3), "no files in", "deno task data cifar-10");
  await fails(request("folder", 32, 3), "data.path");
  await fails(request("folder", 32, 3, { path: join(dataRoot, "none") }), "no files in");
  Deno.mkdirSync(join(dataRoot, "empty"));
  await fails(request("folder", 32, 3, { path: join(dataRoot, "empty") }), "there are no images");
  put("text/readme.txt", "hello");
  await fails(
    request("folder", 32, 3, { path: join(dataRoot, "text") }),
    "there are no images",
    "1 other file",
  );
  put("zip/a.zip", Uint8Array.of(0x50, 0x4b, 3, 4, 0));
  await fails(request("folder", 32, 3, { path: join(dataRoot, "zip") }), "unpack it");
  put("bad/train-images-idx3-ubyte", idx([5, 28, 28], [1, 2, 3]));
  await fails(
    request("mnist", 32, 1, { path: join(dataRoot, "bad") }),
    "should have 5 x 28 x 28 bytes",
  );
  put("none/t10k-images-idx3-ubyte", idx([1, 2, 2], [1, 2, 3, 4]));
  put("none/train-images-idx3-ubyte", "");
  await fails(
    request("mnist", 32, 1, { path: join(dataRoot, "none") }),
    "train-images-idx3-ubyte: not an IDX file",
  );
  put("size/t10k-images-idx3-ubyte", idx([1, 9, 9], digit(1, 9)));
  await fails(
    request("mnist", 32, 1, { path: join(dataRoot, "size") }),
    "image 0: 9x9 pixels",
    "28x28 or 32x32",
  );
  put("cut/test_batch.bin", new Uint8Array(3000));
  await fails(
    request("cifar-10", 32, 3, { path: join(dataRoot, "cut") }),
    "test_batch.bin: not a binary CIFAR-10 batch",
  );
  put("few/train-images-idx3-ubyte", idx([1, 8, 8], digit(1, 8)));
  put("few/train-labels-idx1-ubyte", idx([2], [1, 2]));
  await fails(
    request("mnist", 32, 1, { path: join(dataRoot, "few") }),
    "2 labels for the 1 images",
  );
  put("csv/a.csv", "lost\n11,1,2,3,4\n1,2,3\n1,2,3,4,x\n1,2,3,4,256\n");
  await fails(
    request("mnist", 32, 1, { path: join(dataRoot, "csv") }),
    "a.csv:2",
    "a.csv:3",
    "a.csv:4",
    "a.csv:5",
  );
});

test("the cache is used until the files or the cache change", async (dataRoot, put) => {
  const png = (value: number) =>
    encodePng({ width: 9, height: 9, channels: 1, data: new Uint8Array(81).fill(value) });
  put("pictures/a.png", png(1));
  const load = () =>
    loadDataset(request("folder", 8, 1, { path: join(dataRoot, "pictures") }), { dataRoot });
  const first = await load();
  const cache = join(dataRoot, ".cache");
  const [entry] = [...Deno.readDirSync(cache)];
  const file = join(cache, entry!.name);
  assertEquals(await load(), first);
  const whole = Deno.readFileSync(file);
  for (const at of [3, 30, whole.length - 1]) {
    put(`.cache/${entry!.name}`, whole.map((byte, i) => i === at ? byte ^ 1 : byte));
    assertEquals(await load(), first);
    assertEquals(Deno.readFileSync(file), whole);
  }
  put(`.cache/${entry!.name}`, whole.subarray(0, whole.length - 10));
  assertEquals(await load(), first);
  put("pictures/b.png", png(2));
  const second = await load();
  assertEquals([second.count, second.images[64]], [2, 2]);
  assert(second.digest !== first.digest);
});
