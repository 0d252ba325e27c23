/**
 * Writes and reads the part of Protocol Buffers that TensorBoard's events need
 * (https://protobuf.dev/programming-guides/encoding).
 */
import { concat } from "./pieces.ts";

/** A field: its number and its bytes. */
export type ProtoField = Uint8Array;

const enum Wire {
  Varint = 0,
  Bits64 = 1,
  Bytes = 2,
  Bits32 = 5,
}

/** A whole number of at least 0. */
export function varintField(number: number, value: number): ProtoField {
  return concat([varint(number * 8 + Wire.Varint), varint(value)]);
}

/** A 64-bit float. */
export function doubleField(number: number, value: number): ProtoField {
  return concat([varint(number * 8 + Wire.Bits64), new Uint8Array(Float64Array.of(value).buffer)]);
}

/** A 32-bit float. */
export function floatField(number: number, value: number): ProtoField {
  return concat([varint(number * 8 + Wire.Bits32), new Uint8Array(Float32Array.of(value).buffer)]);
}

/** A text, bytes, or a message of fields. */
export function bytesField(
  number: number,
  value: string | Uint8Array | readonly ProtoField[],
): ProtoField {
  const bytes = typeof value === "string"
    ? new TextEncoder().encode(value)
    : value instanceof Uint8Array
    ? value
    : concat(value);
  return concat([varint(number * 8 + Wire.Bytes), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A field of a message that was read: whole numbers and messages (or texts), but no floats. */
export type ReadField = { number: number } & ({ value: number } | { bytes: Uint8Array });

/** The fields of a message, up to the first that is truncated or of an unknown kind. */
export function* fieldsOf(message: Uint8Array): Generator<ReadField> {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
    return NaN;
  };
  while (at < message.length) {
    const key = next();
    const [number, wire] = [Math.floor(key / 8), key % 8];
    if (wire === Wire.Varint) yield { number, value: next() };
    else if (wire === Wire.Bits64) at += 8;
    else if (wire === Wire.Bits32) at += 4;
    else if (wire === Wire.Bytes) {
      const end = next() + at;
      if (!(end <= message.length)) return;
      yield { number, bytes: message.subarray(at, end) };
      at = end;
    } else return;
  }
}
