/**
 * Tables of images in Parquet files, as Hugging Face keeps its datasets: a column of images
 * (`{ bytes, path }`, each a PNG or JPEG file), and columns of labels.
 */
import { UserError } from "../errors.ts";

/** One row. */
export interface ParquetSample {
  /** The bytes of an image file, for `decodeImage`. */
  image: Uint8Array;
  /** Its class, or null where no column was asked for. */
  label: number | null;
}

/** What a file of images holds. */
export interface ParquetImages {
  rows: number;
  /** The column of images. */
  imageColumn: string;
  /** Columns of whole numbers, any of which may be the labels. */
  labelColumns: string[];
  /** The names of the classes of a column of labels, where the file tells them. */
  classNames: ReadonlyMap<string, readonly string[]>;
  /** Columns that are neither: not used. */
  otherColumns: string[];
  /** The rows, read a group at a time. */
  samples(labelColumn: string | null): AsyncGenerator<ParquetSample>;
}

/** Whether the bytes begin as a Parquet file does. */
export function isParquet(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(0, 4)) === "PAR1";
}

/**
 * A Parquet file of images.
 *
 * @throws UserError where it is missing, damaged, or holds no column of images, or several; and
 *   from `samples`, where a part of it is damaged
 */
// deno-lint-ignore require-await -- TODO
export async function openParquet(path: string): Promise<ParquetImages> {
  throw new UserError(`${path}: Parquet files are not read yet`);
}
