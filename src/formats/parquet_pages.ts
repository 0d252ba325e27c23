/**
 * The values of a column in a Parquet file, one page at a time. Format:
 * https://parquet.apache.org/docs/file-format/data-pages. Supports the default encodings: plain
 * values, and dictionary indices.
 */
import { gunzipSync } from "fflate";
import { decodeThrift, structField, ThriftFault, type ThriftStruct, wholeField } from "./thrift.ts";

/** A value: bytes in a column of bytes, otherwise a whole number; null if it is missing. */
export type PageValue = Uint8Array | number | null;

/** What is needed to read a column's pages. */
export interface ColumnPlan {
  /** INT32, INT64 or BYTE_ARRAY, by their numbers. */
  type: number;
  /** The number of the column's levels that may be missing. */
  optionalLevels: number;
  codec: number;
  decompressors: Decompressors;
}

/** Decompressors from packages, by codec. */
export type Decompressors = Record<number, (packed: Uint8Array, size: number) => Uint8Array>;

/** An error in a page. */
export class PageFault extends Error {}

const int32 = 1;
const int64 = 2;
export const byteArray = 6;

/**
 * The largest expansion of compressed bytes, apart from a small constant: as much as deflate can
 * achieve.
 */
const maxExpansion = 1032;

const codecNames = ["none", "Snappy", "gzip", "LZO", "Brotli", "LZ4", "Zstandard", "LZ4"];

/** The decompressed bytes of a page or of a part of it. */
function decompressed(
  packed: Uint8Array,
  size: number,
  { codec, decompressors }: ColumnPlan,
): Uint8Array {
  if (codec === 0) {
    if (packed.length !== size) throw new PageFault("a page does not have the size that it states");
    return packed;
  }
  if (!(size >= 0 && size <= maxExpansion * (packed.length + 64))) {
    throw new PageFault("a page claims more than it can hold");
  }
  if (size === 0) return new Uint8Array();
  const decompress = codec === 2
    ? () => gunzipSync(packed, { out: new Uint8Array(size) })
    : decompressors[codec];
  if (!decompress) {
    const name = codecNames[codec] ?? `codec ${codec}`;
    throw new PageFault(`its compression is not supported: ${name}`);
  }
  const bytes = decompress(packed, size);
  if (bytes.length !== size) throw new PageFault("a page does not have the size that it states");
  return bytes;
}

/** The number of bits for values up to `max`. */
const bitsOf = (max: number) => 32 - Math.clz32(max);

/** Reads `count` numbers of `width` bits from the hybrid of run-length and bit-packed encoding. */
function readHybrid(bytes: Uint8Array, width: number, count: number): Uint32Array {
  if (width > 32) throw new PageFault("its numbers are too wide");
  const values = new Uint32Array(count);
  let at = 0;
  const byte = () => {
    if (at >= bytes.length) throw new PageFault("a page is truncated");
    return bytes[at++]!;
  };
  const header = () => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const next = byte();
      value += (next & 0x7f) * 2 ** shift;
      if (next < 0x80) return value;
    }
    throw new PageFault("a page is damaged");
  };
  for (let done = 0; done < count;) {
    const run = header();
    const length = Math.floor(run / 2);
    if (run % 2 === 0) {
      let value = 0;
      for (let shift = 0; shift < width; shift += 8) value += byte() * 2 ** shift;
      if (length === 0) throw new PageFault("a page is damaged");
      const end = Math.min(count, done + length);
      values.fill(value, done, end);
      done = end;
      continue;
    }
    const packed = Math.min(8 * length, count - done);
    if (length === 0 || at + Math.ceil(packed * width / 8) > bytes.length) {
      throw new PageFault("a page is truncated");
    }
    for (let i = 0; i < packed; i++) values[done++] = bitsAt(bytes, 8 * at + i * width, width);
    at += length * width;
  }
  return values;
}

/** A number of `width` bits whose lowest bit is at bit `start`. */
function bitsAt(bytes: Uint8Array, start: number, width: number): number {
  let value = 0;
  for (let bit = 0; bit < width;) {
    const at = start + bit;
    const within = at & 7;
    const taken = Math.min(8 - within, width - bit);
    value += ((bytes[at >> 3]! >> within) & ((1 << taken) - 1)) * 2 ** bit;
    bit += taken;
  }
  return value;
}

/** Reads `count` consecutive values. */
function readPlain(bytes: Uint8Array, type: number, count: number): PageValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = type === int32 ? 4 : type === int64 ? 8 : 0;
  if (size > 0) {
    if (count * size > bytes.length) throw new PageFault("a page is truncated");
    return Array.from(
      { length: count },
      (_, i) => type === int32 ? view.getInt32(4 * i, true) : Number(view.getBigInt64(8 * i, true)),
    );
  }
  if (type !== byteArray) throw new PageFault("the type of its values is not supported");
  if (count * 4 > bytes.length) throw new PageFault("a page is truncated");
  let at = 0;
  return Array.from({ length: count }, () => {
    if (at + 4 > bytes.length) throw new PageFault("a page is truncated");
    const start = at + 4;
    at = start + view.getUint32(at, true);
    if (at > bytes.length) throw new PageFault("a page is truncated");
    return bytes.subarray(start, at);
  });
}

/** Levels and values of a data page of either version. */
interface DataPage {
  count: number;
  encoding: number;
  /** The definition levels in hybrid encoding; null if the column needs none. */
  levels: Uint8Array | null;
  values: Uint8Array;
}

/** A data page of version 1: compressed as a whole, with its levels after their length. */
function firstVersion(header: ThriftStruct, body: Uint8Array, plan: ColumnPlan): DataPage {
  const page = structField(header, 5);
  const bytes = decompressed(body, wholeField(header, 2), plan);
  const count = wholeField(page, 1);
  const encoding = wholeField(page, 2);
  if (plan.optionalLevels === 0) return { count, encoding, levels: null, values: bytes };
  if (bytes.length < 4) throw new PageFault("a page is truncated");
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (end > bytes.length) throw new PageFault("a page is truncated");
  return { count, encoding, levels: bytes.subarray(4, end), values: bytes.subarray(end) };
}

/** A data page of version 2: its levels come first, uncompressed. */
function secondVersion(header: ThriftStruct, body: Uint8Array, plan: ColumnPlan): DataPage {
  const page = structField(header, 8);
  const repetition = wholeField(page, 6);
  const definition = wholeField(page, 5);
  const start = repetition + definition;
  if (!(repetition >= 0 && definition >= 0 && start <= body.length)) {
    throw new PageFault("a page is truncated");
  }
  const packed = body.subarray(start);
  const size = wholeField(header, 2) - start;
  const values = page.get(7) === false ? packed : decompressed(packed, size, plan);
  return {
    count: wholeField(page, 1),
    encoding: wholeField(page, 4),
    levels: plan.optionalLevels > 0 ? body.subarray(repetition, start) : null,
    values,
  };
}

/** The values of a data page, with null for missing ones. */
function valuesOf(page: DataPage, plan: ColumnPlan, dictionary: PageValue[] | null): PageValue[] {
  const { count, encoding, levels, values: bytes } = page;
  const { type, optionalLevels } = plan;
  const presence = levels && readHybrid(levels, bitsOf(optionalLevels), count);
  const present = presence
    ? presence.reduce((sum, level) => sum + (level === optionalLevels ? 1 : 0), 0)
    : count;
  const values = encoding === 0
    ? readPlain(bytes, type, present)
    : encoding === 2 || encoding === 8
    ? readIndexed(bytes, present, dictionary)
    : null;
  if (!values) throw new PageFault(`a column has the unsupported encoding ${encoding}`);
  if (!presence) return values;
  let next = 0;
  return Array.from(presence, (level) => level === optionalLevels ? values[next++]! : null);
}

/** Reads values by their dictionary indices. */
function readIndexed(
  bytes: Uint8Array,
  count: number,
  dictionary: PageValue[] | null,
): PageValue[] {
  if (!dictionary) throw new PageFault("a dictionary is missing");
  if (count === 0) return [];
  if (bytes.length === 0) throw new PageFault("a page is truncated");
  const numbers = readHybrid(bytes.subarray(1), bytes[0]!, count);
  return Array.from(numbers, (number) => {
    const value = dictionary[number];
    if (value === undefined) {
      throw new PageFault("a page refers to a value that its dictionary lacks");
    }
    return value;
  });
}

/**
 * The values of a column's pages.
 *
 * @param chunk the consecutive pages of one row group
 * @param rows the expected number of values
 * @throws PageFault or ThriftFault if they are damaged, or use an unsupported encoding
 */
export function* columnValues(
  chunk: Uint8Array,
  rows: number,
  plan: ColumnPlan,
): Generator<PageValue> {
  let dictionary: PageValue[] | null = null;
  let left = rows;
  for (let at = 0; left > 0;) {
    const { fields: header, length } = decodeThrift(chunk.subarray(at));
    const size = wholeField(header, 3);
    const start = at + length;
    if (!(size >= 0 && start + size <= chunk.length)) throw new PageFault("a page is truncated");
    const body = chunk.subarray(start, start + size);
    at = start + size;

    const type = wholeField(header, 1);
    if (type === 2) {
      const count = wholeField(structField(header, 7), 1);
      const bytes = decompressed(body, wholeField(header, 2), plan);
      if (!(count >= 0)) throw new PageFault("a dictionary is damaged");
      dictionary = readPlain(bytes, plan.type, count);
    } else if (type === 0 || type === 3) {
      const page = type === 0
        ? firstVersion(header, body, plan)
        : secondVersion(header, body, plan);
      if (!(page.count >= 0 && page.count <= left)) throw new PageFault("a page has too many rows");
      left -= page.count;
      yield* valuesOf(page, plan, dictionary);
    }
  }
}

/** Whether a damaged page can have caused an error. */
export function isPageFault(error: unknown): boolean {
  return error instanceof PageFault || error instanceof ThriftFault;
}
