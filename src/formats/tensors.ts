/** The values of tensor files of any format: element types, shapes and typed arrays. */

/** An element type, by its name in safetensors. */
export type Dtype =
  | "BOOL"
  | "U8"
  | "I8"
  | "U16"
  | "I16"
  | "F16"
  | "BF16"
  | "U32"
  | "I32"
  | "F32"
  | "U64"
  | "I64"
  | "F64";

/**
 * The typed array of each element type. The two 16-bit floats are kept as bits: bfloat16 has no
 * typed array, and float16's is not available in every browser.
 */
const arrays = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  U32: Uint32Array,
  I32: Int32Array,
  F32: Float32Array,
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
} as const satisfies Record<Dtype, unknown>;

/** A tensor in a file. */
export interface TensorData {
  /** The elements' type. */
  dtype: Dtype;
  /** The lengths of the axes, outermost first; empty for a scalar. */
  shape: number[];
  /**
   * The elements in row-major order, in the typed array of their type; float16 and bfloat16 as 16
   * bits each.
   */
  data:
    | Uint8Array
    | Int8Array
    | Uint16Array
    | Int16Array
    | Uint32Array
    | Int32Array
    | Float32Array
    | BigUint64Array
    | BigInt64Array
    | Float64Array;
}

/** Whether a name is a supported element type. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(arrays, name);
}

/** The element types, for messages. */
export const dtypeNames: readonly string[] = Object.keys(arrays);

/** Bytes per element. */
export function bytesPerElement(dtype: Dtype): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/**
 * The number of elements of a shape.
 *
 * @returns null if the shape is not a list of whole numbers from 0 up, or has more elements than a
 * number can count exactly
 */
export function elementCount(shape: unknown): number | null {
  if (!Array.isArray(shape)) return null;
  let count = 1;
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) return null;
    count *= length;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

/** The elements in little-endian bytes that fill their own buffer, not copied. */
export function elementsOf(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>): TensorData["data"] {
  if (bytes.byteLength !== bytes.buffer.byteLength) {
    throw new Error("bytes that share their buffer");
  }
  // Every platform that Deno runs on is little-endian, like the files.
  return new arrays[dtype](bytes.buffer);
}

/** The bytes of a tensor's elements, not copied. */
export function bytesOf(tensor: TensorData): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** A float32 tensor of numbers. */
export function float32Tensor(shape: number[], data: Float32Array): TensorData {
  return { dtype: "F32", shape, data };
}

/** The value of the fraction's last bit for each exponent of float16. */
const float16Steps = Float64Array.from(
  { length: 31 },
  (_, exponent) => 2 ** (Math.max(exponent, 1) - 25),
);

/**
 * The float16 number (IEEE 754) with these 16 bits: sign, five bits of exponent, ten bits of
 * fraction.
 */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction : 1024 + fraction) * float16Steps[exponent]!;
}

/** A tensor's elements as float32; the same array if they are float32 already. */
export function toFloat32(tensor: TensorData): Float32Array {
  const { dtype, data } = tensor;
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return Float32Array.from({ length: data.length }, (_, i) => Number(data[i]));
  }
  if (dtype === "F16") return Float32Array.from(data, fromFloat16);
  // bfloat16 is the upper half of a float32.
  if (dtype === "BF16") {
    return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
  }
  return Float32Array.from(data);
}

/**
 * Whether all values are finite. A loop, because `some` takes ten times as long, and this is a
 * significant part of saving.
 */
export function areNumbers(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return false;
  return true;
}

/** Where the elements of an array are: along each axis, `stride` elements apart. */
interface Strided {
  shape: readonly number[];
  strides: readonly number[];
  /** Of the first element. */
  offset: number;
}

/** Copies a strided array's elements in row-major order, until `to` is full. */
export function copyStrided(
  from: TensorData["data"],
  to: TensorData["data"],
  { shape, strides, offset }: Strided,
): void {
  const index = shape.map(() => 0);
  for (let i = 0, at = offset; i < to.length; i++) {
    to[i] = from[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/**
 * Frees the memory of an array at once; the array becomes empty, and so does everything that shares
 * its buffer. Use it for large arrays that are no longer needed: the garbage collector is slow to
 * free memory outside its heap, and may keep hundreds of megabytes.
 */
export function freeArray(array: { buffer: ArrayBufferLike }): void {
  if (array.buffer instanceof ArrayBuffer) array.buffer.transfer(0);
}
