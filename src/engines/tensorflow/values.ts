/** Copies values from JavaScript to TensorFlow and back. */
import { dataTypes, int64Bytes, type TensorFlow } from "./ffi.ts";

/** The values that tfjs gives for a new tensor. */
export type Values = Float32Array | Int32Array | Uint8Array | BigInt64Array | readonly number[];

/**
 * Makes a TF_Tensor with the given values. The caller deletes it.
 *
 * @param dtype TensorFlow's number for the type
 * @throws {Error} if the shape and the number of values differ, or there is no memory
 */
export function allocateTensor(
  tensorflow: TensorFlow,
  shape: number[],
  dtype: number,
  values: Values,
): Deno.PointerValue {
  const { framework } = tensorflow;
  const array = toTypedArray(dtype, values);
  const elements = shape.reduce((a, b) => a * b, 1);
  if (array.length !== elements) {
    throw new Error(
      `a tensor of shape [${shape}] needs ${elements} values; ${array.length} were given`,
    );
  }
  const tensor = framework.TF_AllocateTensor(
    dtype,
    int64Bytes(shape),
    shape.length,
    BigInt(array.byteLength),
  );
  if (tensor === null) throw new Error(`TensorFlow has no memory for a tensor of shape [${shape}]`);

  if (array.byteLength) {
    const data = Deno.UnsafePointerView.getArrayBuffer(
      framework.TF_TensorData(tensor)!,
      array.byteLength,
    );
    new Uint8Array(data).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return tensor;
}

/** Copies a tensor's values. Types that tfjs does not read as numbers come as bytes. */
export function readTensor(
  { core, framework, status, check }: TensorFlow,
  handle: Deno.PointerValue,
): Float32Array | Int32Array | Uint8Array {
  const dtype = core.TFE_TensorHandleDataType(handle);
  const tensor = core.TFE_TensorHandleResolve(handle, status);
  check("reading a tensor");

  const bytes = new Uint8Array(Number(framework.TF_TensorByteSize(tensor)));
  if (bytes.length) new Deno.UnsafePointerView(framework.TF_TensorData(tensor)!).copyInto(bytes);
  framework.TF_DeleteTensor(tensor);

  if (dtype === dataTypes.float) return new Float32Array(bytes.buffer);
  return dtype === dataTypes.int32 ? new Int32Array(bytes.buffer) : bytes;
}

/** The values as the typed array that a type has in memory. Only int64 has bigints. */
function toTypedArray(dtype: number, values: Values) {
  switch (dtype) {
    case dataTypes.float:
      return values instanceof Float32Array ? values : Float32Array.from(values, Number);
    case dataTypes.int32:
      return values instanceof Int32Array ? values : Int32Array.from(values, Number);
    case dataTypes.uint8:
    case dataTypes.bool:
      return values instanceof Uint8Array ? values : Uint8Array.from(values, Number);
    case dataTypes.int64:
      return values instanceof BigInt64Array
        ? values
        : BigInt64Array.from(Array.from(values, (value) => BigInt(value)));
    default:
      throw new Error(`a tensor of TensorFlow's type ${dtype} cannot be made from values`);
  }
}
