/** Datasets in the forms in which they are distributed. */
import {
  colourPng,
  each,
  type Files,
  greyPixels,
  idxPair,
  jpegFile,
  npzFile,
  pixelNames,
  pixelTable,
  reads,
  refuses,
  upTo,
} from "./layouts_testing.ts";

const cifarNames = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
const digits = Array.from("0123456789");
const forty = upTo(40);
const labelFirst = (label: number, pixels: number[]) => [label, ...pixels];

reads("OpenML's mnist_784.csv, with quoted labels last", {
  dataset: "mnist",
  files: {
    "mnist_784.csv": pixelTable(
      [...pixelNames(1), "class"].map((name) => `"${name}"`),
      forty,
      (label, pixels) => [...pixels, `'${label}'`],
    ),
  },
}, { count: 40, labels: forty.map((n) => n % 10), grey: forty });

refuses(
  "CSV of pixels 0 and 1",
  {
    dataset: "mnist",
    files: {
      "train.csv": pixelTable(
        ["label", ...pixelNames()],
        forty,
        (label, pixels) => [label, ...pixels.map((value) => Number(value > 127))],
      ),
    },
  },
  "no pixel of the table train.csv",
  "Multiply the pixels by 255",
);

reads("Kaggle's digit-recognizer", {
  dataset: "mnist",
  files: {
    "train.csv": pixelTable(["label", ...pixelNames()], forty, labelFirst),
    "test.csv": pixelTable(pixelNames(), upTo(5), (_, pixels) => pixels),
    "sample_submission.csv": "ImageId,Label\n1,0\n2,0\n",
  },
}, {
  count: 40,
  labels: forty.map((n) => n % 10),
  grey: forty,
  notes: ["(test.csv): without labels", "(sample_submission.csv)"],
});

/** Thirty training images and ten test images, in IDX files with these names. */
function idxFiles(names: Record<"train" | "test" | "trainLabels" | "testLabels", string>): Files {
  const [train, test] = [idxPair(upTo(30)), idxPair(forty.slice(30))];
  return {
    [names.train]: train.images,
    [names.trainLabels]: train.labels,
    [names.test]: test.images,
    [names.testLabels]: test.labels,
  };
}

reads("Kaggle's IDX files, each twice: with a dot, and in a folder of its own name", {
  dataset: "mnist",
  files: {
    ...idxFiles({
      train: "train-images.idx3-ubyte",
      trainLabels: "train-labels.idx1-ubyte",
      test: "t10k-images.idx3-ubyte",
      testLabels: "t10k-labels.idx1-ubyte",
    }),
    ...idxFiles({
      train: "train-images-idx3-ubyte/train-images-idx3-ubyte",
      trainLabels: "train-labels-idx1-ubyte/train-labels-idx1-ubyte",
      test: "t10k-images-idx3-ubyte/t10k-images-idx3-ubyte",
      testLabels: "t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte",
    }),
  },
}, {
  count: 40,
  labels: forty.map((n) => n % 10),
  grey: forty,
  notes: ["not used: 2 files", "order: train (30), then test (10)"],
});

reads("IDX files in a folder called mnist_images", {
  dataset: "mnist",
  files: idxFiles({
    train: "mnist_images/train-images-idx3-ubyte",
    trainLabels: "mnist_images/train-labels-idx1-ubyte",
    test: "mnist_images/t10k-images-idx3-ubyte",
    testLabels: "mnist_images/t10k-labels-idx1-ubyte",
  }),
}, { count: 40, labels: forty.map((n) => n % 10), grey: forty });

reads("Kaggle's MNIST as JPG, with samples and a test set without labels", {
  dataset: "mnist",
  files: {
    ...each(upTo(30), (n) => ({ [`trainingSet/trainingSet/${n % 10}/img_${n}.jpg`]: jpegFile })),
    ...each(upTo(10), (n) => ({ [`trainingSample/trainingSample/${n}/img_${n}.jpg`]: jpegFile })),
    ...each(upTo(10), (n) => ({ [`testSet/testSet/img_${n + 30}.jpg`]: jpegFile })),
    ...each(upTo(5), (n) => ({ [`testSample/testSample/img_${n + 35}.jpg`]: jpegFile })),
  },
}, {
  count: 30,
  labels: upTo(30).map((n) => Math.floor(n / 3)),
  classNames: digits,
  notes: ["copies of images in trainingSet", "not used: 10 files (testSet", "not used: 5 files"],
});

reads("Keras's mnist.npz", {
  dataset: "mnist",
  files: (async () => {
    const part = (numbers: number[]) => ({
      x: {
        descr: "|u1",
        shape: [numbers.length, 28, 28],
        data: Uint8Array.from(numbers.flatMap((n) => [...greyPixels(n)])),
      },
      y: {
        descr: "|u1",
        shape: [numbers.length],
        data: Uint8Array.from(numbers, (n) => n % 10),
      },
    });
    const [train, test] = [part(upTo(30)), part(forty.slice(30))];
    const arrays = { x_test: test.x, x_train: train.x, y_train: train.y, y_test: test.y };
    return { "mnist.npz": await npzFile(arrays) };
  })(),
}, {
  count: 40,
  labels: forty.map((n) => n % 10),
  grey: forty,
  notes: ["order: train (30), then test (10)"],
});

refuses(
  "torchvision's processed MNIST",
  {
    dataset: "mnist",
    files: (async () => {
      const { zipSync } = await import("fflate");
      const archive = zipSync({ "training/data.pkl": Uint8Array.of(0x80, 2, 0x2e) }, { level: 0 });
      return { "MNIST/processed/training.pt": archive };
    })(),
  },
  "training.pt: a PyTorch file",
  "MNIST/raw",
);

const twenty = upTo(20).map((i) => i + 1);
reads("Kaggle's CIFAR-10: trainLabels.csv is read, the unlabelled test/ is not", {
  dataset: "cifar-10",
  files: {
    ...each(
      twenty,
      (n) => ({ [`train/${n}.png`]: colourPng(n), [`test/${n}.png`]: colourPng(99) }),
    ),
    "trainLabels.csv": `id,label\n${
      twenty.map((n) => `${n},${cifarNames[(n - 1) % 10]}\n`).join("")
    }`,
    "sampleSubmission.csv": `id,label\n${twenty.map((n) => `${n},cat\n`).join("")}`,
  },
}, {
  count: 20,
  // Sorted by name: 1, 10, 11, ... 19, 2, 20, 3.
  labels: [0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 9, 2, 3, 4, 5, 6, 7, 8],
  classNames: cifarNames,
  notes: ["not used: 20 files (test/1.png", "sampleSubmission.csv", "no test images, which"],
});

reads("fastai's cifar10, whose labels.txt lists the classes", {
  dataset: "cifar-10",
  files: {
    ...each(cifarNames, (name, n) => ({
      [`cifar10/train/${name}/${n}_${name}.png`]: colourPng(n),
      [`cifar10/test/${name}/${n + 10}_${name}.png`]: colourPng(n + 10),
    })),
    "cifar10/labels.txt": cifarNames.join("\n"),
  },
}, {
  count: 20,
  labels: [...upTo(10), ...upTo(10)],
  classNames: cifarNames,
  colours: [...upTo(10).map((n) => n + 10), ...upTo(10)],
  notes: ["order: test (10), then train (10), as published", "labels.txt"],
});

reads("class folders with subfolders", {
  dataset: "folder",
  files: each(["cat", "dog"], (animal, i) => ({
    [`${animal}/indoor/0.png`]: colourPng(2 * i),
    [`${animal}/outdoor/0.png`]: colourPng(2 * i + 1),
  })),
}, {
  count: 4,
  labels: [0, 0, 1, 1],
  classNames: ["cat", "dog"],
  colours: upTo(4),
  notes: ["named by the outermost folders (cat, dog)"],
});

reads("Tiny ImageNet", {
  dataset: "folder",
  files: {
    ...each(["n01443537", "n01629819", "n01641577"], (name, i) => ({
      [`tiny-imagenet-200/train/${name}/images/${name}_0.JPEG`]: colourPng(i),
      [`tiny-imagenet-200/train/${name}/${name}_boxes.txt`]: `${name}_0.JPEG\t0\t0\t62\t62\n`,
    })),
    "tiny-imagenet-200/val/images/val_0.JPEG": colourPng(9),
    "tiny-imagenet-200/words.txt": "n01443537\tgoldfish\n",
  },
}, {
  count: 3,
  labels: [0, 1, 2],
  classNames: ["n01443537", "n01629819", "n01641577"],
  colours: upTo(3),
  notes: ["(tiny-imagenet-200/val/images/val_0.JPEG): without labels", "_boxes.txt"],
});

reads("a class called train", {
  dataset: "folder",
  files: each(["bus", "car", "train"], (name, i) => ({ [`${name}/0.png`]: colourPng(i) })),
}, {
  count: 3,
  labels: [0, 1, 2],
  classNames: ["bus", "car", "train"],
  notes: ["train is read as a class, next to bus, car"],
});

reads("file extensions of all kinds, and none", {
  dataset: "folder",
  files: {
    "0.png": colourPng(0),
    "a.jfif": jpegFile,
    "b.jpe": jpegFile,
    "c": colourPng(1),
    "d.ppm": Uint8Array.from([...new TextEncoder().encode("P6 2 2 255\n"), ...upTo(12)]),
    "e.JPEG": jpegFile,
    "f.PNG": colourPng(2),
    "g.png.part": colourPng(3).subarray(0, 40),
    "h.pgm": Uint8Array.from([...new TextEncoder().encode("P5 2 2 255\n"), ...upTo(4)]),
  },
}, { count: 8, labels: null, notes: ["(g.png.part): an incomplete download"] });

reads("Hugging Face's image folder with metadata.csv", {
  dataset: "folder",
  files: {
    ...each(upTo(6), (n) => ({ [`train/${n}.png`]: colourPng(n) })),
    "train/metadata.csv": "file_name,label\n" + upTo(6).map((n) => `${n}.png,${n % 2}\n`).join(""),
  },
}, { count: 6, labels: [0, 1, 0, 1, 0, 1], classNames: ["0", "1"], colours: upTo(6) });
