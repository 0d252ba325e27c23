/** The common interface of all readers of data formats: a source of images, read one at a time. */
import type { Image } from "../formats/image.ts";
import type { DataSection } from "../spec/resolved.ts";
import type { UnusedParts } from "./unused_parts.ts";

/** Where the classes come from, chosen by the user for ambiguous files. */
export type LabelChoice = NonNullable<DataSection["labels"]>;

/** One image of a source, not read yet. */
export interface Sample {
  /** Its name for people: a file, or a file and a row. */
  name: string;
  /** Its class, or null. */
  label: number | null;
  /**
   * Reads it; the result is valid until the next one is read. Throws a UserError with the location
   * if the image is damaged or of a kind that is not supported.
   */
  read(): ReadImage;
}

/** An image, and which parts of its file are not used. */
export interface ReadImage extends Image {
  unused?: UnusedParts;
}

/** Images in a fixed order. */
export interface Source {
  /** What this is, in plain words, for the bundle. */
  description: string;
  /** The class names, or null without labels. */
  classNames: string[] | null;
  /** The number of samples, or an upper bound. */
  count: number;
  /** Whether `count` is only an upper bound. */
  isCountMax?: boolean;
  /** The samples; iterated only once. */
  samples: Iterable<Sample> | AsyncIterable<Sample>;
  /** The size of the files on disk; omitted for the project's own files. */
  bytes?: number;
  /** One line for each thing that was found but not used, and for each decision. */
  notes?: string[];
  /** Whether pixels were numbers in an array or a table, so that their range is not known. */
  numbers?: boolean;
}

/** The class names of digits. */
export const digitNames: string[] = Array.from("0123456789");
