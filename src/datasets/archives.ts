/** The official archives of the datasets: their URLs, sizes and digests. */

/** A file to fetch. */
export interface Archive {
  file: string;
  urls: string[];
  bytes: number;
  sha256: string;
  /**
   * Limits on its unpacked content, for an archive to unpack: total bytes and number of entries.
   */
  tar?: { bytes: number; entries: number };
}

const mnistFolders = [
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
];

const mnist = (file: string, bytes: number, sha256: string): Archive => ({
  file,
  urls: mnistFolders.map((folder) => folder + file),
  bytes,
  sha256,
});

/** The archives of each dataset. MNIST-M's archive can only be fetched with a browser. */
export const archives: Record<string, Archive[]> = {
  "mnist": [
    mnist(
      "train-images-idx3-ubyte.gz",
      9_912_422,
      "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    mnist(
      "train-labels-idx1-ubyte.gz",
      28_881,
      "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    mnist(
      "t10k-images-idx3-ubyte.gz",
      1_648_877,
      "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    mnist(
      "t10k-labels-idx1-ubyte.gz",
      4_542,
      "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
  ],
  "cifar-10": [{
    file: "cifar-10-binary.tar.gz",
    urls: ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"],
    bytes: 170_052_171,
    sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    tar: { bytes: 200_000_000, entries: 20 },
  }],
};
