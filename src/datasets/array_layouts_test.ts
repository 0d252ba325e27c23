/** Datasets in arrays and tables, in common layouts: each is read, refused or reported. */
import { gzipSync } from "fflate";
import parquet from "../formats/fixtures/images.parquet" with { type: "bytes" };
import twoLabels from "../formats/fixtures/images_zstd.parquet" with { type: "bytes" };
import {
  colourPixels,
  each,
  greyPng,
  idxFile,
  idxPair,
  npzFile,
  pixelNames,
  pixelTable,
  reads,
  refuses,
  upTo,
} from "./layouts_testing.ts";

const cifarNames = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
const tenth = (numbers: readonly number[]) => numbers.map((n) => n % 10);

reads("EMNIST's letters as dataset: folder", {
  dataset: "folder",
  files: {
    "emnist-letters-train-images-idx3-ubyte": idxPair([1, 2]).images,
    "emnist-letters-train-labels-idx1-ubyte": idxFile([2], [1, 26]),
  },
}, {
  count: 2,
  labels: [1, 26],
  notes: ["are on their side, as published", "classes without images: 0, 2, 3"],
});

refuses(
  "EMNIST's letters as MNIST",
  {
    dataset: "mnist",
    files: {
      "emnist-letters-train-images-idx3-ubyte": idxPair([1, 2]).images,
      "emnist-letters-train-labels-idx1-ubyte": idxFile([2], [1, 26]),
    },
  },
  "27 classes",
  "mnist has 10",
  "dataset: folder",
);

refuses("several EMNIST sets in one folder", {
  dataset: "mnist",
  files: each(["digits", "mnist"], (name) => ({
    [`gzip/emnist-${name}-train-images-idx3-ubyte`]: idxPair([1]).images,
    [`gzip/emnist-${name}-train-labels-idx1-ubyte`]: idxPair([1]).labels,
  })),
}, "2 datasets in one folder: emnist-digits, emnist-mnist");

refuses(
  "torchvision's MNIST next to Fashion-MNIST",
  {
    dataset: "mnist",
    files: {
      "MNIST/raw/train-images-idx3-ubyte": idxPair([1]).images,
      "FashionMNIST/raw/train-images-idx3-ubyte": idxPair([2]).images,
    },
  },
  "MNIST/raw",
  "FashionMNIST/raw",
  "belong to two datasets",
);

reads("torchvision's MNIST: compressed files next to plain ones, and processed/", {
  dataset: "mnist",
  files: (() => {
    const { images, labels } = idxPair(upTo(3));
    return {
      "MNIST/raw/train-images-idx3-ubyte": images,
      "MNIST/raw/train-images-idx3-ubyte.gz": gzipSync(images),
      "MNIST/raw/train-labels-idx1-ubyte": labels,
      "MNIST/raw/train-labels-idx1-ubyte.gz": gzipSync(labels),
      "MNIST/processed/training.pt": Uint8Array.of(0x80, 2, 0x2e),
    };
  })(),
}, {
  count: 3,
  labels: upTo(3),
  grey: upTo(3),
  notes: ["idx3-ubyte.gz): copies", "(MNIST/processed/training.pt)"],
});

reads("MNIST without the file of test labels", {
  dataset: "mnist",
  files: {
    "train-images-idx3-ubyte": idxPair(upTo(3)).images,
    "train-labels-idx1-ubyte": idxPair(upTo(3)).labels,
    "t10k-images-idx3-ubyte": idxPair([7]).images,
  },
}, { count: 3, labels: upTo(3), notes: ["(t10k-images-idx3-ubyte): their files of labels are"] });

reads("one IDX file by its path, with its labels next to it", {
  dataset: "mnist",
  files: {
    "train-images-idx3-ubyte": idxPair(upTo(3)).images,
    "train-labels-idx1-ubyte": idxPair(upTo(3)).labels,
    "t10k-labels-idx1-ubyte": idxPair([7]).labels,
  },
  path: "train-images-idx3-ubyte",
}, { count: 3, labels: upTo(3), grey: upTo(3) });

refuses("a web page under the name of an archive", {
  dataset: "mnist",
  files: { "train-images-idx3-ubyte.gz": "<!DOCTYPE html><html><body>404</body></html>" },
}, "train-images-idx3-ubyte.gz: this is a web page");

const twelve = upTo(12);

reads("CSV without a header, label first: the first row is skipped, as published", {
  dataset: "mnist",
  files: { "mnist_train.csv": pixelTable(null, twelve, (label, pixels) => [label, ...pixels]) },
}, { count: 11, labels: tenth(twelve.slice(1)), grey: twelve.slice(1) });

reads("CSV without a header, label last", {
  dataset: "mnist",
  files: { "mnist.csv": pixelTable(null, twelve, (label, pixels) => [...pixels, label]) },
}, { count: 11, labels: tenth(twelve.slice(1)), grey: twelve.slice(1) });

const both = {
  dataset: "mnist" as const,
  files: {
    "mnist.csv": pixelTable(null, twelve, (label, pixels, n) => [n % 3, ...pixels.slice(1), label]),
  },
};

refuses("CSV whose first and last columns may be labels", both, "data.labels: first", "--labels");

reads("CSV whose last column is chosen as labels", { ...both, labels: "last" }, {
  count: 11,
  labels: tenth(twelve.slice(1)),
});

reads("CSV with pandas's index column", {
  dataset: "mnist",
  files: {
    "mnist.csv": pixelTable(
      ["", "label", ...pixelNames()],
      upTo(3),
      (label, pixels, n) => [n, label, ...pixels],
    ),
  },
}, { count: 3, labels: upTo(3), grey: upTo(3), notes: ["not used: columns of mnist.csv"] });

refuses(
  "CSV whose pixel columns are sorted by name",
  {
    dataset: "mnist",
    files: {
      "mnist.csv": pixelTable(["label", ...pixelNames().sort()], upTo(3), (label, pixels) => [
        label,
        ...pixels,
      ]),
    },
  },
  "not in order",
  "pixel109 comes before pixel11",
);

refuses("CSV of pixels from 0 to 1", {
  dataset: "mnist",
  files: {
    "mnist.csv": pixelTable(["label", ...pixelNames()], upTo(3), (label, pixels) => [
      label,
      ...pixels.map((value) => (value / 255).toFixed(3)),
    ]),
  },
}, "must be multiplied by 255 first");

reads("cifar10.npz with labels in a column", {
  dataset: "cifar-10",
  files: (async () => {
    const part = (numbers: number[]) => ({
      x: {
        descr: "|u1",
        shape: [numbers.length, 32, 32, 3],
        data: Uint8Array.from(numbers.flatMap((n) => [...colourPixels(n)])),
      },
      y: { descr: "|u1", shape: [numbers.length, 1], data: Uint8Array.from(numbers) },
    });
    const [train, test] = [part([1, 2]), part([3])];
    return {
      "cifar10.npz": await npzFile({
        train_images: train.x,
        train_labels: train.y,
        test_images: test.x,
        test_labels: test.y,
      }),
    };
  })(),
}, { count: 3, labels: [3, 1, 2], colours: [3, 1, 2], notes: ["as published"] });

const six = [0, 1, 2, 0, 1, 2];

reads("Hugging Face's Parquet files with class names", {
  dataset: "folder",
  files: {
    "data/test-00000-of-00001.parquet": parquet,
    "data/train-00000-of-00001.parquet": parquet,
    "README.md": "---\nlicense: mit\n---\n",
  },
}, {
  count: 12,
  labels: [...six, ...six],
  classNames: ["ant", "bee", "cat"],
  notes: [
    "order: train (6), then test (6)",
    "duplicates: 6 images with the same pixels as earlier ones (data/test",
    "(README.md)",
  ],
});

refuses(
  "Parquet with two columns of labels, as CIFAR-100 has",
  { dataset: "folder", files: { "train-00000-of-00001.parquet": twoLabels } },
  "more than one column may contain the labels",
  "to `label`",
);

refuses(
  "CSV with one-hot labels in ten columns",
  {
    dataset: "mnist",
    files: {
      "mnist_train.csv": pixelTable(null, upTo(3), (label, pixels) => [
        ...pixels,
        ...upTo(10).map((digit) => Number(digit === label)),
      ]),
    },
  },
  "793 pixels per row do not make a square image",
);

refuses(
  "MNIST-M as a compressed pickle",
  {
    dataset: "mnist-m",
    files: { "keras_mnistm.pkl.gz": gzipSync(Uint8Array.of(0x80, 3, 0x7d, 0x71, 0, 0x2e)) },
  },
  "keras_mnistm.pkl.gz: a Python pickle",
  "numpy.savez",
);

refuses(
  "two formats in one folder",
  {
    dataset: "mnist",
    files: {
      "train-images-idx3-ubyte": idxPair([1]).images,
      "a.png": greyPng(1),
    },
  },
  "more than one way",
  "IDX files",
  "image files (a.png)",
);

refuses("CIFAR-10's batches as MNIST", {
  dataset: "mnist",
  files: { "test_batch.bin": Uint8Array.of(0, ...new Uint8Array(3072)) },
}, "CIFAR-10's batches");

/** A binary batch of one image. */
const batch = (label: number) => Uint8Array.of(label, ...new Uint8Array(3072).fill(label + 40));

reads("CIFAR-10's batches twice: in a folder, and in its folder of the same name", {
  dataset: "cifar-10",
  files: each(["", "cifar-10-batches-bin/"], (below) => ({
    [`cifar-10-batches-bin/${below}data_batch_1.bin`]: batch(4),
    [`cifar-10-batches-bin/${below}test_batch.bin`]: batch(3),
  })),
}, {
  count: 2,
  labels: [3, 4],
  classNames: cifarNames,
  notes: ["not used: 2 files", "copies of files that are used", "order: test (1), then train (1)"],
});

refuses(
  "two different CIFAR-10 batches of the same name",
  { dataset: "cifar-10", files: { "a/test_batch.bin": batch(3), "b/test_batch.bin": batch(4) } },
  "a/test_batch.bin and b/test_batch.bin belong to two datasets",
);

reads("CIFAR-10 without its test batch", {
  dataset: "cifar-10",
  files: { "data_batch_1.bin": batch(4) },
}, { count: 1, labels: [4], notes: ["no test images, which the published runs used"] });

refuses(
  "CIFAR-100 as CIFAR-10",
  {
    dataset: "cifar-10",
    files: { "cifar-100-python/train": Uint8Array.of(0x80, 2, 0x7d, 0x71, 0, 0x2e) },
  },
  "cifar-100-python/train: a Python pickle",
);
