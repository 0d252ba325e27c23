/** More layouts in which people keep these datasets: each read, refused or told. */
import { gzipSync } from "fflate";
import parquet from "../formats/fixtures/images.parquet" with { type: "bytes" };
import twoLabels from "../formats/fixtures/images_zstd.parquet" with { type: "bytes" };
import {
  colourPixels,
  colourPng,
  type Files,
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

const digits = Array.from("0123456789");
const cifarNames = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
const each = <T>(list: readonly T[], files: (item: T, i: number) => Files): Files =>
  Object.assign({}, ...list.map(files));
const tenth = (numbers: readonly number[]) => numbers.map((n) => n % 10);

reads("fastai's mnist_png: training/ and testing/ with a folder a digit", {
  dataset: "mnist",
  files: each(upTo(10), (n) => ({
    [`mnist_png/training/${n}/${n}.png`]: greyPng(n),
    [`mnist_png/testing/${n}/${n + 10}.png`]: greyPng(n + 10),
  })),
}, {
  count: 20,
  labels: [...upTo(10), ...upTo(10)],
  classNames: digits,
  grey: upTo(20),
  notes: ["order: train (10), then test (10)"],
});

reads("some digits' folders only keep the digits' numbers", {
  dataset: "mnist",
  files: { "3/a.png": greyPng(0), "7/b.png": greyPng(1) },
}, { count: 2, labels: [3, 7], classNames: digits, notes: ["classes without images: 0, 1, 2"] });

reads("CIFAR-10 in class folders, some only", {
  dataset: "cifar-10",
  files: { "train/dog/0001.png": colourPng(1), "train/ship/0001.png": colourPng(2) },
}, { count: 2, labels: [5, 8], classNames: cifarNames, colours: [1, 2] });

const named = {
  dataset: "folder" as const,
  files: each(upTo(6), (n) => ({ [`${n % 2}_${`${n}`.padStart(5, "0")}.png`]: colourPng(n) })),
};
reads("classes in front of the images' names are told", named, {
  count: 6,
  labels: null,
  notes: ["the images' names may say classes (0, 1)", "data.labels: names"],
});
reads("classes in front of the images' names, asked for", { ...named, labels: "names" }, {
  count: 6,
  labels: [0, 0, 0, 1, 1, 1],
});

const catsAndDogs = {
  dataset: "folder" as const,
  files: {
    ...each(upTo(4), (n) => ({ [`train/${n < 2 ? "cat" : "dog"}.${n}.jpg`]: colourPng(n) })),
    "test1/1.jpg": colourPng(9),
  },
};
reads("Kaggle's cats and dogs, asked for by name", { ...catsAndDogs, labels: "names" }, {
  count: 4,
  labels: [0, 0, 1, 1],
  classNames: ["cat", "dog"],
  colours: upTo(4),
  notes: ["(test1/1.jpg): without labels"],
});

reads("EMNIST's letters as images of a folder", {
  dataset: "folder",
  files: {
    "emnist-letters-train-images-idx3-ubyte": idxPair([1, 2]).images,
    "emnist-letters-train-labels-idx1-ubyte": idxFile([2], [1, 26]),
  },
}, { count: 2, labels: [1, 26], notes: ["lie on their side", "classes without images: 0, 2, 3"] });

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

refuses("several of EMNIST's sets in one folder", {
  dataset: "mnist",
  files: each(["digits", "mnist"], (name) => ({
    [`gzip/emnist-${name}-train-images-idx3-ubyte`]: idxPair([1]).images,
    [`gzip/emnist-${name}-train-labels-idx1-ubyte`]: idxPair([1]).labels,
  })),
}, "2 datasets lie here: emnist-digits, emnist-mnist");

refuses(
  "torchvision's MNIST beside its Fashion-MNIST",
  {
    dataset: "mnist",
    files: {
      "MNIST/raw/train-images-idx3-ubyte": idxPair([1]).images,
      "FashionMNIST/raw/train-images-idx3-ubyte": idxPair([2]).images,
    },
  },
  "MNIST/raw",
  "FashionMNIST/raw",
  "are two datasets",
);

reads("torchvision's MNIST: packed files beside unpacked ones, and processed/", {
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

reads("test labels that were not fetched", {
  dataset: "mnist",
  files: {
    "train-images-idx3-ubyte": idxPair(upTo(3)).images,
    "train-labels-idx1-ubyte": idxPair(upTo(3)).labels,
    "t10k-images-idx3-ubyte": idxPair([7]).images,
  },
}, { count: 3, labels: upTo(3), notes: ["(t10k-images-idx3-ubyte): their files of labels are"] });

reads("one IDX file by its name, its labels beside it", {
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
reads("CSV without a header, label first: its first row is lost, as published", {
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
reads("the same with a word about it", { ...both, labels: "last" }, {
  count: 11,
  labels: tenth(twelve.slice(1)),
});

reads("pandas's CSV with an index", {
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
  "CSV whose pixels were sorted by name",
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
reads("Hugging Face's Parquet files, the classes' names in them", {
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
  notes: ["order: train (6), then test (6)", "6 images with the same pixels", "(README.md)"],
});

refuses(
  "Parquet with two columns of labels, as CIFAR-100 has",
  { dataset: "folder", files: { "train-00000-of-00001.parquet": twoLabels } },
  "more than one column may hold the labels",
  "to `label`",
);

refuses(
  "CSV with ten columns of zeros and a one for the label",
  {
    dataset: "mnist",
    files: {
      "mnist_train.csv": pixelTable(null, upTo(3), (label, pixels) => [
        ...pixels,
        ...upTo(10).map((digit) => Number(digit === label)),
      ]),
    },
  },
  "793 pixels a row are no square image",
);

refuses(
  "MNIST-M as a packed pickle",
  {
    dataset: "mnist-m",
    files: { "keras_mnistm.pkl.gz": gzipSync(Uint8Array.of(0x80, 3, 0x7d, 0x71, 0, 0x2e)) },
  },
  "keras_mnistm.pkl.gz: a Python pickle",
  "numpy.savez",
);

refuses(
  "a WebDataset",
  {
    dataset: "folder",
    files: { "train-000000.tar": `${"\0".repeat(257)}ustar${"\0".repeat(250)}` },
  },
  "an archive",
  "unpack it there first",
);

refuses(
  "TensorFlow Datasets",
  {
    dataset: "cifar-10",
    files: {
      "cifar10/3.0.2/cifar10-train.tfrecord-00000-of-00001": Uint8Array.of(1, 2, 3),
      "cifar10/3.0.2/dataset_info.json": "{}",
    },
  },
  "TensorFlow records",
  "numpy.savez",
);

refuses(
  "Pascal VOC: images beside their segmentations",
  {
    dataset: "folder",
    files: {
      "VOC2012/JPEGImages/1.jpg": colourPng(1),
      "VOC2012/SegmentationClass/1.png": colourPng(2),
      "VOC2012/Annotations/1.xml": "<annotation/>",
    },
  },
  "JPEGImages, SegmentationClass",
  "data.labels: folders",
);

reads("COCO: splits by year, annotations told", {
  dataset: "folder",
  files: {
    "train2017/1.jpg": colourPng(1),
    "val2017/1.jpg": colourPng(2),
    "annotations/instances_train2017.json": "{}",
  },
}, {
  count: 2,
  labels: null,
  colours: [1, 2],
  notes: ["(annotations/instances_train2017.json): neither images nor labels", "order: train (1)"],
});

reads("Kaggle's malaria cells: the folder once more in itself", {
  dataset: "folder",
  files: each(["Parasitized", "Uninfected"], (name, n) => ({
    [`cell_images/${name}/${n}.png`]: colourPng(n),
    [`cell_images/cell_images/${name}/${n}.png`]: colourPng(n),
  })),
}, {
  count: 2,
  labels: [0, 1],
  classNames: ["Parasitized", "Uninfected"],
  notes: ["not used: 2 files (cell_images/cell_images", "copies of what lies beside them"],
});

reads("Kaggle's dog breeds: labels.csv of the images in train/", {
  dataset: "folder",
  files: {
    "train/a1.jpg": colourPng(0),
    "train/b2.jpg": colourPng(1),
    "test/c3.jpg": colourPng(2),
    "labels.csv": "id,breed\na1,pug\nb2,beagle\n",
    "sample_submission.csv": "id,beagle,pug\nc3,0.5,0.5\n",
  },
}, {
  count: 2,
  labels: [1, 0],
  classNames: ["beagle", "pug"],
  colours: [0, 1],
  notes: ["(test/c3.jpg): without labels", "(sample_submission.csv)"],
});

reads("Hugging Face's image folder: splits, metadata.jsonl, a column of texts", {
  dataset: "folder",
  files: {
    ...each(["train", "validation", "test"], (split, n) => ({
      [`data/${split}/0.png`]: colourPng(n),
      [`data/${split}/metadata.jsonl`]: JSON.stringify({ file_name: "0.png", label: n, text: "x" }),
    })),
  },
}, {
  count: 3,
  labels: [0, 1, 2],
  colours: upTo(3),
  notes: ["order: train (1), then validation (1), then test (1)", "metadata.jsonl: text"],
});

reads("captions are no classes", {
  dataset: "folder",
  files: { "0.png": colourPng(0), "metadata.csv": "file_name,text\n0.png,a square\n" },
}, { count: 1, labels: null, notes: ["(metadata.csv): none of its columns"] });

refuses(
  "a table and folders that disagree",
  {
    dataset: "folder",
    files: {
      ...each(["00", "01"], (shard, i) => ({
        [`${shard}/a.png`]: colourPng(i),
        [`${shard}/b.png`]: colourPng(i + 2),
      })),
      "labels.csv": "file,label\n00/a.png,x\n00/b.png,y\n01/a.png,x\n01/b.png,y\n",
    },
  },
  "part them otherwise (00, 01)",
  "data.labels: tables",
);

refuses(
  "a table whose names may mean images of two folders",
  {
    dataset: "folder",
    files: {
      ...each(["train", "test"], (split, i) => ({ [`${split}/1.png`]: colourPng(i) })),
      "labels.csv": "id,label\n1,cat\n",
    },
  },
  "labels.csv:2: more than one image may be meant",
  "test/1.png, train/1.png",
);

refuses(
  "train/ and test/ with another folder beside them",
  {
    dataset: "folder",
    files: each(["train", "test", "extra"], (name, i) => ({ [`${name}/1.png`]: colourPng(i) })),
  },
  "may be classes, or parts",
  "data.labels: folders` or `none",
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

refuses("MNIST that is CIFAR-10", {
  dataset: "mnist",
  files: { "test_batch.bin": Uint8Array.of(0, ...new Uint8Array(3072)) },
}, "CIFAR-10's batches");

reads("more class folders than labels are kept for", {
  dataset: "folder",
  files: each(upTo(257), (n) => ({ [`c${n}/0.png`]: greyPng(n, 8) })),
}, { count: 257, labels: null, notes: ["257 classes are there"] });

refuses(
  "more class folders than labels are kept for, and classes asked for",
  {
    dataset: "folder",
    classes: 257,
    files: each(upTo(257), (n) => ({ [`c${n}/0.png`]: greyPng(n, 8) })),
  },
  "has no labels",
  "257 classes are there, and at most 256 are kept",
);

const two = { "cat/0.png": colourPng(0), "dog/0.png": colourPng(1) };
refuses(
  "ten classes over two class folders",
  { dataset: "folder", classes: 10, files: two },
  "asks for 10 classes, but there are 2: cat, dog",
  "classes: 2",
);

reads("ten classes over labels that are fewer", {
  dataset: "folder",
  classes: 10,
  files: { "0.png": colourPng(0), "1.png": colourPng(1), "labels.txt": "0.png 0\n1.png 3\n" },
}, { count: 2, labels: [0, 3], notes: ["asks for 10, and the labels are 0 to 3"] });

reads("grey images where the dataset is in colour", {
  dataset: "mnist-m",
  files: { "0/a.png": greyPng(0), "1/b.png": greyPng(1) },
}, { count: 2, labels: [0, 1], notes: ["2 grey images made three equal channels"] });

refuses(
  "an image beside the class folders",
  {
    dataset: "folder",
    files: { "cat/0.png": colourPng(0), "dog/0.png": colourPng(1), "preview.png": colourPng(2) },
  },
  "1 of 3 images cannot be read",
  "preview.png: this image has no label",
  "--skip-bad",
);
