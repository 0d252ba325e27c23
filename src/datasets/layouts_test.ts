/** Image files in common layouts: each is read, refused or reported. */
import { colourPng, each, greyPng, reads, refuses, upTo } from "./layouts_testing.ts";

const digits = Array.from("0123456789");
const cifarNames = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

reads("fastai's mnist_png: training/ and testing/ with one folder per digit", {
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

reads("folders of some digits only: they keep the digits' numbers", {
  dataset: "mnist",
  files: { "3/a.png": greyPng(0), "7/b.png": greyPng(1) },
}, { count: 2, labels: [3, 7], classNames: digits, notes: ["classes without images: 0, 1, 2"] });

reads("CIFAR-10 in some class folders", {
  dataset: "cifar-10",
  files: { "train/dog/0001.png": colourPng(1), "train/ship/0001.png": colourPng(2) },
}, { count: 2, labels: [5, 8], classNames: cifarNames, colours: [1, 2] });

const named = {
  dataset: "folder" as const,
  files: each(upTo(6), (n) => ({ [`${n % 2}_${`${n}`.padStart(5, "0")}.png`]: colourPng(n) })),
};

reads("names that start with classes: reported", named, {
  count: 6,
  labels: null,
  notes: ["the images' names may contain classes (0, 1)", "data.labels: names"],
});

reads(
  "names that start with classes: read with data.labels: names",
  { ...named, labels: "names" },
  {
    count: 6,
    labels: [0, 0, 0, 1, 1, 1],
  },
);

const catsAndDogs = {
  dataset: "folder" as const,
  files: {
    ...each(upTo(4), (n) => ({ [`train/${n < 2 ? "cat" : "dog"}.${n}.jpg`]: colourPng(n) })),
    "test1/1.jpg": colourPng(9),
  },
};

reads("Kaggle's cats and dogs with data.labels: names", { ...catsAndDogs, labels: "names" }, {
  count: 4,
  labels: [0, 0, 1, 1],
  classNames: ["cat", "dog"],
  colours: upTo(4),
  notes: ["(test1/1.jpg): without labels"],
});

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
  "Pascal VOC: images next to their segmentations",
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

reads("COCO: splits by year; annotations reported", {
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

reads("Kaggle's malaria cells: a folder that contains a copy of itself", {
  dataset: "folder",
  files: each(["Parasitized", "Uninfected"], (name, n) => ({
    [`cell_images/${name}/${n}.png`]: colourPng(n),
    [`cell_images/cell_images/${name}/${n}.png`]: colourPng(n),
  })),
}, {
  count: 2,
  labels: [0, 1],
  classNames: ["Parasitized", "Uninfected"],
  notes: ["not used: 2 files (cell_images/cell_images", "copies of the files next to them"],
});

reads("Kaggle's dog breeds: labels.csv for the images in train/", {
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

reads("accents that a file system and a table encode differently", {
  dataset: "folder",
  files: {
    "cafe\u0301.png": colourPng(0),
    "the\u0301/1.png": colourPng(1),
    "labels.csv": "file_name,label\ncaf\u00e9.png,a\nth\u00e9\\1.png,b\n",
  },
}, { count: 2, labels: [0, 1], classNames: ["a", "b"] });

reads("a column with another number for each image is not read as classes", {
  dataset: "folder",
  files: {
    "0.png": colourPng(0),
    "1.png": colourPng(1),
    "metadata.csv": "file_name,photographer_id\n0.png,17\n1.png,23\n",
  },
}, { count: 2, labels: null, notes: ["its column photographer_id differ too often"] });

reads("class names that differ only in case", {
  dataset: "folder",
  files: {
    "train/Cat/0.png": colourPng(0),
    "train/Dog/0.png": colourPng(1),
    "test/cat/0.png": colourPng(2),
    "test/Dog/1.png": colourPng(3),
  },
}, {
  count: 4,
  labels: [0, 1, 1, 2],
  classNames: ["Cat", "Dog", "cat"],
  notes: ["differ only in case: Cat, cat"],
});

reads("texts and logs named like tables are reported", {
  dataset: "folder",
  files: {
    "0.png": colourPng(0),
    "about_labels.txt": "Nobody labelled these.\nThere are 10\n",
    "log.jsonl": "starting ...\n",
    "events.csv": "time,event\n1,start\n",
  },
}, {
  count: 1,
  labels: null,
  notes: [
    "(about_labels.txt)",
    "(log.jsonl): its lines are not JSON",
    "(events.csv): none of its columns",
  ],
});

reads("captions are not read as classes", {
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
  "the folders (00, 01) of images with the labels of labels.csv divide them differently",
  "data.labels: tables",
);

refuses(
  "a table whose names match images in two folders",
  {
    dataset: "folder",
    files: {
      ...each(["train", "test"], (split, i) => ({ [`${split}/1.png`]: colourPng(i) })),
      "labels.csv": "id,label\n1,cat\n",
    },
  },
  "labels.csv:2: matches more than one image",
  "test/1.png, train/1.png",
);

refuses(
  "train/ and test/ next to another folder",
  {
    dataset: "folder",
    files: each(["train", "test", "extra"], (name, i) => ({ [`${name}/1.png`]: colourPng(i) })),
  },
  "may be classes, or parts",
  "data.labels: folders` or `none",
);

reads("more class folders than classes are supported", {
  dataset: "folder",
  files: each(upTo(257), (n) => ({ [`c${n}/0.png`]: greyPng(n, 8) })),
}, { count: 257, labels: null, notes: ["257 classes, of which at most 256 are supported"] });

refuses(
  "more class folders than classes are supported, for a spec with classes",
  {
    dataset: "folder",
    classes: 257,
    files: each(upTo(257), (n) => ({ [`c${n}/0.png`]: greyPng(n, 8) })),
  },
  "has no labels",
  "257 classes, of which at most 256 are supported",
);

const two = { "cat/0.png": colourPng(0), "dog/0.png": colourPng(1) };

refuses(
  "a spec of ten classes with two class folders",
  { dataset: "folder", classes: 10, files: two },
  "asks for 10 classes, but there are 2: cat, dog",
  "Set classes: 2",
);

reads("a spec of ten classes with labels from 0 to 3", {
  dataset: "folder",
  classes: 10,
  files: { "0.png": colourPng(0), "1.png": colourPng(1), "labels.txt": "0.png 0\n1.png 3\n" },
}, { count: 2, labels: [0, 3], notes: ["asks for 10, but the labels are 0 to 3"] });

reads("grey images for a dataset in colour", {
  dataset: "mnist-m",
  files: { "0/a.png": greyPng(0), "1/b.png": greyPng(1) },
}, { count: 2, labels: [0, 1], notes: ["2 grey images converted to three channels"] });

refuses(
  "an image next to the class folders",
  {
    dataset: "folder",
    files: { "cat/0.png": colourPng(0), "dog/0.png": colourPng(1), "preview.png": colourPng(2) },
  },
  "1 of 3 images cannot be read",
  "preview.png: this image has no label",
  "--skip-bad",
);
