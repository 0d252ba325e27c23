/**
 * Reads NumPy's arrays: `.npy`, and `.npz`, a zip archive of them. Format:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Arrays of Python objects
 * are pickles and are not opened.
 */
import { UserError } from "../messages/errors.ts";
import { quoted } from "../messages/printable.ts";
import { readInput } from "./input.ts";
import {
  bytesPerElement,
  copyStrided,
  type Dtype,
  elementCount,
  elementsOf,
  type TensorData,
} from "./tensors.ts";
import { decodeZip, isZip } from "./zip.ts";

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** The supported element types by NumPy's names: one byte, or little-endian. */
const dtypes: Record<string, Dtype> = {
  "|b1": "BOOL",
  "|u1": "U8",
  "|i1": "I8",
  "<u2": "U16",
  "<i2": "I16",
  "<f2": "F16",
  "<u4": "U32",
  "<i4": "I32",
  "<f4": "F32",
  "<u8": "U64",
  "<i8": "I64",
  "<f8": "F64",
};

/** The header is a line of Python; a longer one does not describe a plain array. */
const maxHeaderBytes = 65_536;

/** Whether the bytes start like a `.npy` file. */
export function isNpy(head: Uint8Array): boolean {
  return magic.every((byte, i) => head[i] === byte);
}

/** Whether the bytes start like a `.npz` file: a zip archive whose first entry is an array. */
export function isNpz(head: Uint8Array): boolean {
  if (!isZip(head) || head.length < 30) return false;
  const nameLength = new DataView(head.buffer, head.byteOffset).getUint16(26, true);
  return String.fromCharCode(...head.subarray(30, 30 + Math.min(nameLength, 400))).endsWith(".npy");
}

/** The header of an array. */
interface Header {
  /** Null if its elements cannot be read. */
  dtype: Dtype | null;
  /** The element type as NumPy writes it. */
  descr: string;
  columnsFirst: boolean;
  shape: number[];
  /** The position of the first element. */
  start: number;
}

const faultIn = (where: string) => (what: string) =>
  new UserError(`${where}: this NumPy array cannot be read: ${what}`);

function readHeader(bytes: Uint8Array, fault: (what: string) => UserError): Header {
  if (!isNpy(bytes)) throw fault("it does not start like one");
  const version = bytes[6];
  const wide = version === 2 || version === 3;
  if (version !== 1 && !wide) throw fault("its version is unknown");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textStart = wide ? 12 : 10;
  if (bytes.length < textStart) throw fault("it is truncated");
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > maxHeaderBytes) throw fault("its elements are not plain numbers");
  const start = textStart + length;
  if (bytes.length < start) throw fault("it is truncated");
  const text = String.fromCharCode(...bytes.subarray(textStart, start));

  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1] ?? "a record";
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const lengths = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (order === undefined || lengths === undefined) throw fault("its header is damaged");
  const dtype = Object.hasOwn(dtypes, descr) ? dtypes[descr] ?? null : null;
  const shape = lengths.split(",").map((part) => part.trim()).filter(Boolean).map(Number);
  return { dtype, descr, columnsFirst: order === "True", shape, start };
}

/** Explains why elements cannot be read. */
function unreadElements(descr: string): string {
  if (descr.startsWith("|O")) {
    return "its elements are Python objects (pickles), which are not opened";
  }
  if (descr.startsWith(">")) {
    return "it is big-endian; save array.astype(array.dtype.newbyteorder('<'))";
  }
  return "its elements are not plain numbers";
}

/** Converts an array from column-major to row-major order. */
function rowsFirst(tensor: TensorData): TensorData {
  const { dtype, shape, data } = tensor;
  const result = elementsOf(dtype, new Uint8Array(data.byteLength));
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  copyStrided(data, result, { shape, strides, offset: 0 });
  return { dtype, shape, data: result };
}

/**
 * The array of a `.npy` file, in row-major order.
 *
 * @param where what to call the file in messages
 * @throws UserError if it is damaged, truncated, or contains anything but plain little-endian
 * numbers
 */
export function decodeNpy(bytes: Uint8Array, where: string): TensorData {
  const fault = faultIn(where);
  const { dtype, descr, columnsFirst, shape, start } = readHeader(bytes, fault);
  if (dtype === null) throw fault(unreadElements(descr));
  const count = elementCount(shape);
  if (count === null || shape.length > 32) throw fault("its shape is impossible");
  const expected = count * bytesPerElement(dtype);
  const actual = bytes.length - start;
  if (actual !== expected) {
    throw fault(`its shape (${shape.join(", ")}) needs ${expected} bytes, but it has ${actual}`);
  }
  const tensor = { dtype, shape, data: elementsOf(dtype, bytes.slice(start)) };
  return columnsFirst && shape.length > 1 ? rowsFirst(tensor) : tensor;
}

/** The content of a `.npz` file. */
export interface NpzContent {
  /** Its arrays by name, without the ".npy" of the archive's entries. */
  arrays: Map<string, TensorData>;
  /** Arrays that cannot be read, and why. */
  unread: Map<string, string>;
}

/**
 * The arrays of a `.npz` file. Arrays of anything but plain numbers (texts, Python objects) are
 * listed as unread.
 *
 * @param where what to call the file in messages
 * @throws UserError if it is damaged, or contains anything but arrays
 */
export function decodeNpz(
  bytes: Uint8Array,
  where: string,
): NpzContent {
  const arrays = new Map<string, TensorData>();
  const unread = new Map<string, string>();
  for (const [entry, content] of decodeZip(bytes, where)) {
    const name = entry.replace(/\.npy$/, "");
    if (name === entry) {
      throw new UserError(`${where}: ${quoted(entry)} is not an array, so this is not a .npz file`);
    }
    const within = `${where}: ${quoted(name)}`;
    const { dtype, descr } = readHeader(content, faultIn(within));
    if (dtype === null) unread.set(name, unreadElements(descr));
    else arrays.set(name, decodeNpy(content, within));
  }
  return { arrays, unread };
}

/**
 * The arrays of a `.npz` file on disk; see {@link decodeNpz}.
 *
 * @throws UserError if the file is missing, damaged, or contains anything but arrays
 */
export async function readNpz(path: string): Promise<NpzContent> {
  return decodeNpz(await readInput(path), path);
}
