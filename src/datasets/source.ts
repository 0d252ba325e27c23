/** What the readers of the data formats have in common: a source of images, read one at a time. */
import type { Image } from "../formats/image.ts";
import type { DataSection } from "../spec/resolved.ts";
import type { UnusedParts } from "./unused_parts.ts";

/** What a person says of where classes are, where the files can be read in two ways. */
export type LabelChoice = NonNullable<DataSection["labels"]>;

/** One image of a source, not yet read. */
export interface Sample {
  /** What a person calls it: a file, or a file and a row. */
  name: string;
  /** Its class, or null. */
  label: number | null;
  /**
   * Reads it, for use before the next is read; throws a UserError that says where, if it is damaged
   * or not of a kind that is read here.
   */
  read(): ReadImage;
}

/** An image, and what of its file is not used. */
export interface ReadImage extends Image {
  unused?: UnusedParts;
}

/** Images in a fixed order. */
export interface Source {
  /** Plain words for the bundle: what this is. */
  description: string;
  /** The names of the classes, or null where nothing is labelled. */
  classNames: string[] | null;
  /** How many samples there are at most. */
  count: number;
  /** Whether there may be fewer. */
  countsMore?: boolean;
  /** The samples; asked for once. */
  samples: Iterable<Sample> | AsyncIterable<Sample>;
  /** The size of the files on the disk; left out where they are the project's own. */
  bytes?: number;
  /** What was found and is not used, and what was decided, a line each. */
  notes?: string[];
  /** Whether pixels were numbers in an array or a table, whose range only a person knows. */
  numbers?: boolean;
}

/** The names of ten classes that are digits. */
export const digitNames: string[] = Array.from("0123456789");
