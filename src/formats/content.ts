/**
 * Identifies files that this project does not read, by their first bytes and not by their names,
 * and says how to convert them.
 */

/** What a file is, in plain words, and what to do about it. */
export interface ForeignContent {
  /** With its article: "a web page". */
  what: string;
  /** What to do, as a clause that follows a semicolon. */
  advice: string;
}

/** The number of first bytes that {@link foreignContent} examines. */
export const contentHeadBytes = 512;

type Test = (head: string) => boolean;

const begins = (...starts: string[]): Test => (head) =>
  starts.some((start) => head.startsWith(start));
const beginsAt = (at: number, ...starts: string[]): Test => (head) =>
  starts.some((start) => head.startsWith(start, at));

/** torch.save: a zip whose first entry is NAME/data.pkl; before PyTorch 1.6 a magic number. */
const isPyTorch: Test = (head) => {
  if (begins("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19")(head)) return true;
  const nameLength = head.charCodeAt(26) + 256 * head.charCodeAt(27);
  return begins("PK\x03\x04")(head) && head.slice(30, 30 + nameLength).endsWith("/data.pkl");
};

/** A stream of Arrow messages, as `datasets` stores it, or an Arrow file. */
const isArrow: Test = (head) =>
  begins("ARROW1")(head) || (begins("\xff\xff\xff\xff")(head) && head.startsWith("\0", 7));

const isWebPage: Test = (head) =>
  /^\s*(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body|script|title)[\s>]/is.test(head) ||
  /^\s*<\?xml.*<(Error|html)[\s>]/is.test(head);

const unpack = "unpack it there first";
const convert = "convert it to PNG";

/** Tested in this order; the first match counts. */
const contents: [Test, string, string][] = [
  [
    isWebPage,
    "a web page",
    "the download failed, or led to a page instead of the file; get it again",
  ],
  [
    begins("version https://git-lfs"),
    "a pointer of Git LFS, not the file itself",
    "get it with `git lfs pull`",
  ],
  [
    isPyTorch,
    "a PyTorch file",
    "use the original files, which torchvision keeps next to it (MNIST/raw), or load it with " +
    "torch.load and save its arrays with numpy.savez",
  ],
  [
    begins("\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"),
    "a Python pickle",
    "pickles can run code and are not opened; save its arrays with numpy.savez",
  ],
  [
    begins("MATLAB "),
    "a MATLAB file",
    "load its arrays with scipy.io.loadmat (mat73 for version 7.3) and save them with numpy.savez",
  ],
  [
    begins("\x89HDF\r\n\x1a\n"),
    "an HDF5 file",
    "load its arrays with h5py and save them with numpy.savez",
  ],
  [
    begins("\x93NUMPY"),
    "a single NumPy array",
    "save images and labels together with numpy.savez",
  ],
  [isArrow, "an Arrow file", "save it with dataset.to_parquet"],
  [begins("PK\x03\x04", "PK\x05\x06", "7z\xbc\xaf\x27\x1c", "Rar!"), "an archive", unpack],
  [beginsAt(257, "ustar"), "an archive", unpack],
  [begins("\xfd7zXZ\0", "BZh", "\x28\xb5\x2f\xfd", "\x1f\x8b"), "a compressed file", unpack],
  [begins("GIF8"), "a GIF image", convert],
  [begins("BM"), "a BMP image", convert],
  [begins("II*\0", "MM\0*"), "a TIFF image", convert],
  [beginsAt(4, "ftypavif", "ftypavis"), "an AVIF image", convert],
  [beginsAt(4, "ftyphei", "ftyphev", "ftypmif", "ftypmsf"), "a HEIC image", convert],
  [begins("\xff\n", "\0\0\0\x0cJXL "), "a JPEG XL image", convert],
  [begins("\0\0\0\x0cjP  ", "\xff\x4f\xff\x51"), "a JPEG 2000 image", convert],
  [begins("P1\n", "P4\n", "P7\n"), "an unsupported kind of Netpbm image", convert],
];

/**
 * What a file is that cannot be read as data.
 *
 * @param head its first {@link contentHeadBytes} bytes or more, if it has that many
 * @returns null if the content is unknown
 */
export function foreignContent(head: Uint8Array): ForeignContent | null {
  const latin1 = String.fromCharCode(...head.subarray(0, contentHeadBytes));
  const text = latin1.replace(/^ï»¿/, ""); // UTF-8's byte order mark, which some servers send
  const match = contents.find(([test]) => test(text));
  return match ? { what: match[1], advice: match[2] } : null;
}
