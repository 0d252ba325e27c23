/**
 * Reads Thrift's compact protocol, the format of Parquet's metadata. Format:
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. No memory is
 * allocated that the bytes do not justify, and nesting deeper than Parquet's is refused.
 */

/** A value; a struct's fields have numbers. */
export type ThriftValue = boolean | bigint | number | Uint8Array | ThriftValue[] | ThriftStruct;

/** A struct's fields by number. */
export type ThriftStruct = Map<number, ThriftValue>;

/** Bytes that are not valid Thrift. */
export class ThriftFault extends Error {}

/** Parquet's structs group five deep. */
const maxDepth = 16;

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

function take(reader: Reader, length: number): number {
  const { at, bytes } = reader;
  if (!(length <= bytes.length - at)) throw new ThriftFault("it is truncated");
  reader.at += length;
  return at;
}

const u8 = (reader: Reader): number => reader.view.getUint8(take(reader, 1));

/** A whole number of at most 64 bits, seven bits per byte. */
function varint(reader: Reader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = u8(reader);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw new ThriftFault("a number is too long");
}

/** A number whose last bit is its sign. */
function zigzag(reader: Reader): bigint {
  const value = varint(reader);
  return (value >> 1n) ^ -(value & 1n);
}

function list(reader: Reader, depth: number): ThriftValue[] {
  const head = u8(reader);
  const size = head >> 4 === 15 ? Number(varint(reader)) : head >> 4;
  // Every element takes at least one byte.
  if (size > reader.bytes.length - reader.at) throw new ThriftFault("a list is truncated");
  const type = head & 15;
  return Array.from({ length: size }, () =>
    // In lists a boolean is a byte; in structs it is the field's type.
    type === 1 || type === 2 ? u8(reader) === 1 : element(reader, type, depth));
}

function element(reader: Reader, type: number, depth: number): ThriftValue {
  if (depth > maxDepth) throw new ThriftFault("it is nested too deeply");
  switch (type) {
    case 1:
      return true;
    case 2:
      return false;
    case 3:
      return reader.view.getInt8(take(reader, 1));
    case 4:
    case 5:
      return Number(zigzag(reader));
    case 6:
      return zigzag(reader);
    case 7:
      return reader.view.getFloat64(take(reader, 8), true);
    case 8: {
      const length = Number(varint(reader));
      const start = take(reader, length);
      return reader.bytes.subarray(start, start + length);
    }
    case 9:
    case 10:
      return list(reader, depth + 1);
    case 12:
      return struct(reader, depth + 1);
    default:
      throw new ThriftFault("it has a field of an unknown type");
  }
}

function struct(reader: Reader, depth: number): ThriftStruct {
  const fields: ThriftStruct = new Map();
  let id = 0;
  for (;;) {
    const head = u8(reader);
    const type = head & 15;
    if (type === 0) return fields;
    id = head >> 4 ? id + (head >> 4) : Number(zigzag(reader));
    fields.set(id, element(reader, type, depth));
  }
}

/**
 * The struct at the start of the bytes.
 *
 * @returns the struct, and its length in bytes
 * @throws ThriftFault if the bytes are not a struct
 */
export function decodeThrift(bytes: Uint8Array): { fields: ThriftStruct; length: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader: Reader = { bytes, view, at: 0 };
  const fields = struct(reader, 0);
  return { fields, length: reader.at };
}

/** A field that must be an exactly representable whole number. */
export function wholeField(fields: ThriftStruct, id: number): number {
  const value = Number(fields.get(id) ?? NaN);
  if (!Number.isSafeInteger(value)) throw new ThriftFault(`field ${id} is not a whole number`);
  return value;
}

/** A field that must be a struct. */
export function structField(fields: ThriftStruct, id: number): ThriftStruct {
  const value = fields.get(id);
  if (!(value instanceof Map)) throw new ThriftFault(`field ${id} is missing`);
  return value;
}

/** A field that must be a list of structs. */
export function structsField(fields: ThriftStruct, id: number): ThriftStruct[] {
  const value = fields.get(id);
  if (!Array.isArray(value)) throw new ThriftFault(`field ${id} is missing`);
  return value.map((item) => {
    if (!(item instanceof Map)) throw new ThriftFault(`field ${id} is damaged`);
    return item;
  });
}

/** A text field, or "" if it is missing. */
export function textField(fields: ThriftStruct, id: number): string {
  const value = fields.get(id);
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
}
