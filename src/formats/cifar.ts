/**
 * Reads CIFAR-10's batches, https://www.cs.toronto.edu/~kriz/cifar.html: the binary ones, and the
 * Python ones, whose pickles may contain only arrays, lists and texts.
 */
import { UserError } from "../messages/errors.ts";
import { quoted } from "../messages/printable.ts";
import type { Image } from "./image.ts";
import { elementCount } from "./tensors.ts";
import {
  decodePickle,
  isSequence,
  type PickleGlobal,
  type PickleObject,
  type PickleRules,
  type PickleValue,
} from "./pickle.ts";

const side = 32;
const pixels = side * side;

/** Bytes per image in the binary batches: a label and three planes. */
export const cifarRecordBytes = 1 + 3 * pixels;

/** The class names in label order. */
export const cifarNames: string[] = "airplane automobile bird cat deer dog frog horse ship truck"
  .split(" ");

/** Images as planes (red, green, blue), each with a label. */
export interface CifarBatch {
  labels: ArrayLike<number>;
  /** The 3 * 32 * 32 bytes of an image, not copied. */
  planes(index: number): Uint8Array;
}

/** One image of a batch, channels last; uses `data` as its buffer if given. */
export function cifarImage(
  batch: CifarBatch,
  index: number,
  data = new Uint8Array(3 * pixels),
): Image {
  const planes = batch.planes(index);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) data[3 * i + c] = planes[c * pixels + i]!;
  }
  return { width: side, height: side, channels: 3, data };
}

/**
 * A binary batch.
 *
 * @throws UserError if it is truncated
 */
export function decodeCifarBinary(bytes: Uint8Array, where: string): CifarBatch {
  const count = bytes.length / cifarRecordBytes;
  if (!Number.isInteger(count) || count === 0) {
    throw new UserError(
      `${where}: not a binary CIFAR-10 batch, which has ${cifarRecordBytes} bytes per image`,
    );
  }
  return {
    labels: Uint8Array.from({ length: count }, (_, i) => bytes[i * cifarRecordBytes]!),
    planes: (i) => bytes.subarray(i * cifarRecordBytes + 1, (i + 1) * cifarRecordBytes),
  };
}

interface DtypeObject extends PickleObject {
  code: PickleValue;
}

interface ArrayObject extends PickleObject {
  shape?: number[];
  bytes?: Uint8Array;
}

function isKind<T extends PickleObject>(value: PickleValue | undefined, kind: string): value is T {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

type Fault = (what: string) => UserError;

function isShape(value: PickleValue | undefined): value is number[] {
  return elementCount(value) !== null;
}

/** Turns Python 2's texts into bytes, at most as many as the batch has. */
function bytesOfTexts(maxBytes: number, fault: Fault): (text: string) => Uint8Array {
  let encoded = 0;
  return (text) => {
    // A pickle may refer to one text many times; a batch contains its data once.
    if ((encoded += text.length) > maxBytes) throw fault("it repeats its data");
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  };
}

/** What a batch's pickle may refer to: NumPy's arrays, and the bytes of texts. */
function batchRules(maxBytes: number, fault: Fault): PickleRules {
  const toBytes = bytesOfTexts(maxBytes, fault);
  const reconstruct: PickleGlobal = {
    kind: "array's maker",
    call: (): ArrayObject => ({ kind: "array" }),
  };
  const globals = new Map<string, PickleGlobal>([
    ["numpy.core.multiarray._reconstruct", reconstruct],
    ["numpy._core.multiarray._reconstruct", reconstruct],
    ["numpy.ndarray", { kind: "array type" }],
    ["numpy.dtype", {
      kind: "dtype's maker",
      call: ([code]): DtypeObject => ({ kind: "dtype", code: code ?? null }),
    }],
    ["_codecs.encode", {
      kind: "encoder",
      call: ([text, encoding]) => {
        if (typeof text !== "string" || encoding !== "latin1") throw fault("its data is damaged");
        return toBytes(text);
      },
    }],
  ]);
  const build = (object: PickleValue, state: PickleValue) => {
    if (isKind<DtypeObject>(object, "dtype")) return;
    if (!isKind<ArrayObject>(object, "array") || !isSequence(state)) {
      throw fault("it changes an object");
    }
    const [, shape, dtype, columnsFirst, content] = state;
    if (
      !isKind<DtypeObject>(dtype, "dtype") || dtype.code !== "u1" || columnsFirst !== false ||
      !isShape(shape)
    ) {
      throw fault("its array does not hold bytes in rows");
    }
    const data = typeof content === "string" ? toBytes(content) : content;
    if (!(data instanceof Uint8Array)) throw fault("its data is damaged");
    object.shape = shape;
    object.bytes = data;
  };
  return { globals, build };
}

/** A dict's value by its key, a text or, from Python 2, bytes. */
function fieldOf(dict: PickleValue, name: string, fault: Fault): PickleValue {
  if (!(dict instanceof Map)) throw fault("it is not a dict");
  for (const [key, found] of dict) {
    const text = key instanceof Uint8Array ? new TextDecoder().decode(key) : key;
    if (text === name) return found;
  }
  throw fault(`it has no ${quoted(name)}`);
}

/** Labels: a list of numbers. */
function labelsOf(value: PickleValue, fault: Fault): number[] {
  if (!isSequence(value)) throw fault("its data is damaged");
  return value.map((label) => {
    if (typeof label !== "number") throw fault("its labels are damaged");
    return label;
  });
}

/**
 * A Python batch: a pickled dict with `labels` (a list) and `data` (an array of bytes, count x
 * 3072).
 *
 * @throws UserError if it is damaged, or contains anything but arrays, lists and texts
 */
export function decodeCifarPython(bytes: Uint8Array, where: string): CifarBatch {
  const fault = (what: string) =>
    new UserError(`${where}: this Python batch of CIFAR-10 cannot be read: ${what}`);
  const { value } = decodePickle(bytes, batchRules(bytes.length, fault), where);
  const data = fieldOf(value, "data", fault);
  const labels = labelsOf(fieldOf(value, "labels", fault), fault);
  if (!isKind<ArrayObject>(data, "array") || !data.bytes) throw fault("its data is damaged");
  const all = data.bytes;
  const isComplete = all.length === labels.length * 3 * pixels &&
    `${data.shape}` === `${[labels.length, 3 * pixels]}`;
  if (!isComplete) {
    throw fault(`it has ${labels.length} labels, but ${all.length} bytes of images`);
  }
  return {
    labels,
    planes: (i) => all.subarray(i * 3 * pixels, (i + 1) * 3 * pixels),
  };
}
