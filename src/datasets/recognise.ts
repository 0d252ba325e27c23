/**
 * Which of the formats a dataset's files are in. Nobody has to say: the files' own first bytes and
 * names tell.
 */
import { UserError } from "../errors.ts";
import { gunzipPieces, isGzip } from "../formats/gzip.ts";
import { isIdx } from "../formats/idx.ts";
import { imageNames } from "../formats/images.ts";
import { explainInputError } from "../formats/input.ts";
import { isZip } from "../formats/zip.ts";
import { cifarSource, csvSource, idxSource } from "./batches.ts";
import { printable } from "../spec/source.ts";
import { cifarRecordBytes } from "../formats/cifar.ts";
import type { DataFile } from "./files.ts";
import { imageSource, isLabelFile } from "./folder.ts";
import type { Sample, Source } from "./source.ts";

type Kind =
  | "idx"
  | "csv"
  | "cifar binary"
  | "cifar python"
  | "image"
  | "labels"
  | "archive"
  | "other";

/** The first bytes of a file, unpacked where it is gzip. */
async function headOf(path: string): Promise<{ head: Uint8Array; packed: boolean }> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
  const raw = new Uint8Array(512);
  const head = raw.subarray(0, await file.read(raw) ?? 0);
  if (!isGzip(head)) {
    file.close();
    return { head, packed: false };
  }
  file.seekSync(0, Deno.SeekMode.Start);
  for await (const piece of gunzipPieces(file.readable, path)) {
    return { head: piece.subarray(0, 512), packed: true };
  }
  return { head: new Uint8Array(), packed: true };
}

async function kindOf({ path, name, size }: DataFile): Promise<Kind> {
  if (imageNames.test(name)) return "image";
  if (isLabelFile(name)) return "labels";
  // What is called one of MNIST's files or a batch is one, and said to be damaged or cut off where
  // it is.
  if (/idx\d-ubyte(\.gz)?$/i.test(name)) return "idx";
  if (/batch[^/]*\.bin$/i.test(name)) return "cifar binary";
  if (size === 0) return "other";
  const { head, packed } = await headOf(path);
  if (isIdx(head)) return "idx";
  if (isZip(head) || String.fromCharCode(...head.subarray(257, 262)) === "ustar") return "archive";
  if (/\.bin$/i.test(name)) return size % cifarRecordBytes === 0 ? "cifar binary" : "other";
  if (!packed && head[0] === 0x80 && /_batch(_\d+)?$/.test(name)) return "cifar python";
  if (/\.csv(\.gz)?$/i.test(name)) return "csv";
  return "other";
}

/**
 * What is put in front: the images that the paper took (CIFAR-10's test images), else those for
 * training.
 */
function splitRank(name: string, testFirst: boolean): number {
  const test = /test|t10k/i.test(name);
  const train = /train|data_batch/i.test(name);
  return test === train ? 1 : test === testFirst ? 0 : 2;
}

/** Sides of the images of the datasets that have one size. */
const sidesOf: Record<string, readonly number[]> = {
  "mnist": [28, 32],
  "mnist-m": [28, 32],
  "cifar-10": [32],
};

/** The source, with images of any other size told of as bad ones. */
function withSides({ samples, ...source }: Source, sides: readonly number[] | undefined): Source {
  if (!sides) return { samples, ...source };
  async function* checked(): AsyncGenerator<Sample> {
    for await (const sample of samples) {
      const read = () => {
        const image = sample.read();
        const { width, height } = image;
        if (width === height && sides!.includes(width)) return image;
        const expected = sides!.map((side) => `${side}x${side}`).join(" or ");
        throw new UserError(
          `${sample.name}: ${width}x${height} pixels, where this dataset has ${expected}`,
        );
      };
      yield { ...sample, read };
    }
  }
  return { ...source, samples: checked() };
}

/**
 * The source that a dataset's files are.
 *
 * @param dataset its name in the spec
 * @param root where the files lie, for messages
 * @param files as `listFiles` gives them
 * @throws UserError where there is nothing that is read, or only archives
 */
export async function recognise(dataset: string, root: string, files: DataFile[]): Promise<Source> {
  const kinds = new Map<Kind, DataFile[]>();
  const ranked = files.map((file) => ({
    file,
    rank: splitRank(file.name, dataset === "cifar-10"),
  }));
  for (const { file } of ranked.sort((a, b) => a.rank - b.rank)) {
    const kind = await kindOf(file);
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind)!.push(file);
  }
  const of = (kind: Kind) => kinds.get(kind) ?? [];
  const describe = (source: Source): Source =>
    withSides(
      { ...source, description: printable(`${source.description} in ${root}`, 1000) },
      sidesOf[dataset],
    );

  // Some tools leave the packed file beside the unpacked one.
  const names = new Set(files.map(({ name }) => name));
  const plain = (list: DataFile[]) =>
    list.filter(({ name }) => !(name.endsWith(".gz") && names.has(name.slice(0, -3))));
  const idxImages = plain(of("idx")).filter(({ name }) => !/labels/i.test(name));
  if (idxImages.length) return describe(await idxSource(idxImages, of("idx")));
  if (of("cifar binary").length) return describe(cifarSource(of("cifar binary"), "binary"));
  if (of("cifar python").length) return describe(cifarSource(of("cifar python"), "Python"));
  if (of("image").length) return describe(imageSource(of("image"), of("labels")));
  if (of("csv").length) return describe(await csvSource(plain(of("csv"))));
  const archive = of("archive")[0];
  if (archive) throw new UserError(`${archive.path}: an archive; unpack it there first`);
  throw new UserError(
    `dataset ${dataset}: there are no images in ${root} (${files.length} other files). Read are PNG and JPEG files, ` +
      "IDX files, CSV tables with the label first, and CIFAR-10's batches",
  );
}
