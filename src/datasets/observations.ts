/** Counts properties of images, while they are read, that the user should know about. */
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { sha256 } from "../formats/sha256.ts";
import type { Dataset } from "./dataset.ts";
import { firstNames } from "./notes.ts";
import type { Target } from "./prepare.ts";
import type { ReadImage, Source } from "./source.ts";

/** An image whose brightest pixel is darker than this is nearly black. */
const dark = 32;

/** Names are kept for this many images, for messages about the first copy. */
const maxNames = 100_000;

function equalAt(images: Uint8Array, stride: number, a: number, b: number): boolean {
  for (let i = 0; i < stride; i++) {
    if (images[a * stride + i] !== images[b * stride + i]) return false;
  }
  return true;
}

/** Classes without any image. */
function emptyClasses({ labels, classNames }: Pick<Dataset, "labels" | "classNames">): string[] {
  if (!labels || !classNames) return [];
  const used = new Set(labels);
  return classNames.filter((_, label) => !used.has(label));
}

/** Counts properties of a dataset's images. */
export class Observations {
  #notSquare = 0;
  #otherChannels = 0;
  #transparent = 0;
  #oriented = 0;
  #copies: string[] = [];
  readonly #copyPairs: [number, number][] = [];
  readonly #byHash = new Map<number, number>();
  /** The names of the first images, by index. */
  readonly #names: string[] = [];

  constructor(readonly target: Target) {}

  /** Adds one image and its prepared pixels, number `index` of the prepared ones. */
  add(name: string, image: ReadImage, prepared: Uint8Array, stride: number, index: number): void {
    if (image.width !== image.height) this.#notSquare++;
    if (image.unused?.transparency) this.#transparent++;
    if (image.unused?.orientation) this.#oriented++;
    if (image.channels !== this.target.channels) this.#otherChannels++;
    const pixels = prepared.subarray(index * stride, (index + 1) * stride);
    // 52 bits of the hash distinguish nearly all images; on a match the pixels are compared.
    const hash = parseInt(sha256(pixels).slice(0, 13), 16);
    const first = this.#byHash.get(hash);
    if (first === undefined) this.#byHash.set(hash, index);
    else if (equalAt(prepared, stride, first, index)) {
      this.#copies.push(name);
      this.#copyPairs.push([first, index]);
    }
    if (index < maxNames) this.#names[index] = name;
  }

  #darkness(name: string, images: Uint8Array, { numbers, description }: Source): string[] {
    let brightest = 0;
    for (let i = 0; i < images.length && brightest < dark; i++) {
      brightest = Math.max(brightest, images[i] ?? 0);
    }
    if (brightest >= dark) return [];
    if (numbers && brightest <= 1) {
      throw new UserError(
        `dataset ${name}: no pixel of ${description} is above 1, but white is 255, so the images ` +
          "would be black. Multiply the pixels by 255",
      );
    }
    return [`warning: the brightest pixel is ${brightest} of 255; the images are nearly black`];
  }

  #copyNotes(labels: Uint8Array | null): string[] {
    if (this.#copies.length === 0) return [];
    const others = labels ? this.#copyPairs.filter(([a, b]) => labels[a] !== labels[b]).length : 0;
    const classes = others ? `, ${others.toLocaleString("en-US")} of them in another class` : "";
    const [first] = this.#copyPairs;
    const pair = first ? ` and ${firstNames([this.#names[first[0]] ?? `image ${first[0]}`])}` : "";
    return [
      `duplicates: ${counted(this.#copies.length, "image")} with the same pixels as earlier ones` +
      `${classes} (${firstNames([this.#copies[0] ?? ""])}${pair})`,
    ];
  }

  /**
   * The observations, one per line.
   *
   * @throws UserError if the pixels are numbers in another range
   */
  notes(
    name: string,
    dataset: Pick<Dataset, "images" | "labels" | "classNames">,
    source: Source,
  ): string[] {
    const { channels, fit } = this.target;
    const notes = this.#darkness(name, dataset.images, source);
    if (this.#otherChannels) {
      notes.push(
        channels === 3
          ? `colours: ${counted(this.#otherChannels, "grey image")} converted to three channels`
          : `colours: ${counted(this.#otherChannels, "colour image")} converted to grey`,
      );
    }
    if (this.#transparent) {
      const have = this.#transparent === 1 ? "has" : "have";
      notes.push(
        `transparency: ${counted(this.#transparent, "image")} ${have} an alpha channel, which is ` +
          "not used",
      );
    }
    if (this.#oriented) {
      const have = this.#oriented === 1 ? "has" : "have";
      notes.push(
        `orientation: ${counted(this.#oriented, "image")} ${have} an EXIF orientation, which is ` +
          "not applied",
      );
    }
    if (this.#notSquare) {
      const how = fit === "crop" ? "cropped at the centre" : "squashed";
      notes.push(`shape: ${counted(this.#notSquare, "image")} not square, ${how} (data.fit)`);
    }
    notes.push(...this.#copyNotes(dataset.labels));
    const empty = emptyClasses(dataset);
    if (empty.length) notes.push(`classes without images: ${firstNames(empty)}`);
    return notes;
  }
}
