/**
 * Reads files of `torch.save`, in the zip format and in the one before PyTorch 1.6: state dicts,
 * alone or in checkpoints. Only tensors are read; the pickles inside are treated as data and never
 * executed (`pickle.ts`). Source: torch/serialization.py.
 */
import type { UserError } from "../messages/errors.ts";
import { quoted } from "../messages/printable.ts";
import { readInput } from "./input.ts";
import type { TensorGroup } from "./tensor_groups.ts";
import {
  decodePickle,
  isSequence,
  isUnknown,
  type PickleGlobal,
  type PickleValue,
} from "./pickle.ts";
import {
  bytesPerElement,
  copyStrided,
  elementCount,
  elementsOf,
  type TensorData,
} from "./tensors.ts";
import { isTensor, type Storage, type TensorView, torchRules } from "./torch_objects.ts";
import { decodeZip, isZip } from "./zip.ts";
import { entryOf, pairs } from "../collections/elements.ts";

/** A file's value, and the bytes of its storages. */
interface Content {
  value: PickleValue;
  bytesOfStorage: (storage: Storage) => Uint8Array;
  /** The size of the file in bytes. */
  size: number;
  fault: (what: string) => UserError;
}

function decodeZipFormat(bytes: Uint8Array, where: string): Content {
  const { rules, fault } = torchRules(where, false);
  const entries = decodeZip(bytes, where);
  const pickled = [...entries].filter(([name]) => name.endsWith("/data.pkl"));
  const [first] = pickled;
  if (!first || pickled.length !== 1) {
    throw fault("it is a zip archive, but was not written by torch.save");
  }
  const [name, pickle] = first;
  const folder = name.slice(0, -"data.pkl".length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order).trim() !== "little") {
    throw fault("it was written on a big-endian machine");
  }
  const { value } = decodePickle(pickle, rules, where);
  const bytesOfStorage = ({ key }: Storage) => {
    const content = entries.get(`${folder}data/${key}`);
    if (!content) throw fault(`the data ${quoted(key)} is missing`);
    return content;
  };
  return { value, bytesOfStorage, size: bytes.length, fault };
}

/** The first number of the format before PyTorch 1.6. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;

function decodeLegacyFormat(bytes: Uint8Array, where: string): Content {
  const { rules, fault, storages } = torchRules(where, true);
  const plain = { globals: new Map<string, PickleGlobal>() };
  const magic = decodePickle(bytes, plain, where);
  if (magic.value !== legacyMagic) throw fault("it was not written by torch.save");
  const version = decodePickle(bytes, plain, where, magic.end);
  if (version.value !== 1001) throw fault("its version is unknown");
  const system = decodePickle(bytes, plain, where, version.end);
  if (!(system.value instanceof Map) || system.value.get("little_endian") !== true) {
    throw fault("it was written on a big-endian machine");
  }
  const { value, end } = decodePickle(bytes, rules, where, system.end);
  const keys = decodePickle(bytes, plain, where, end);
  if (!isSequence(keys.value)) throw fault("the list of its data is damaged");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contents = new Map<string, Uint8Array>();
  let at = keys.end;
  for (const key of keys.value) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (!storage || contents.has(storage.key)) throw fault("the list of its data is damaged");
    const length = storage.elements * bytesPerElement(storage.dtype);
    if (at + 8 + length > bytes.length) throw fault("it is truncated");
    if (view.getBigInt64(at, true) !== BigInt(storage.elements)) throw fault("its data is damaged");
    contents.set(storage.key, bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  const bytesOfStorage = ({ key }: Storage) => {
    const content = contents.get(key);
    if (!content) throw fault(`the data ${quoted(key)} is missing`);
    return content;
  };
  return { value, bytesOfStorage, size: bytes.length, fault };
}

function decodeContent(bytes: Uint8Array, where: string): Content {
  return isZip(bytes) ? decodeZipFormat(bytes, where) : decodeLegacyFormat(bytes, where);
}

/** Whether a view's elements are consecutive, with the last axis fastest. */
function isContiguous({ shape, strides }: TensorView): boolean {
  return shape.every((length, axis) => {
    const expected = shape.slice(axis + 1).reduce((product, inner) => product * inner, 1);
    return length === 1 || strides[axis] === expected;
  });
}

/** A contiguous copy of a view's elements. */
function denseCopy(view: TensorView, data: TensorData["data"], count: number) {
  const { dtype } = view.storage;
  const dense = elementsOf(dtype, new Uint8Array(count * bytesPerElement(dtype)));
  copyStrided(data, dense, view);
  return dense;
}

/** Reads tensors from a file; tensors that share their elements still do afterwards. */
function tensorReader({ bytesOfStorage, size, fault }: Content) {
  const loaded = new Map<Storage, TensorData["data"]>();
  let copied = 0;
  const load = (storage: Storage, name: string): TensorData["data"] => {
    const known = loaded.get(storage);
    if (known) return known;
    const bytes = bytesOfStorage(storage);
    if (bytes.length !== storage.elements * bytesPerElement(storage.dtype)) {
      throw fault(`the data of ${quoted(name)} is truncated`);
    }
    const data = elementsOf(storage.dtype, bytes.slice());
    loaded.set(storage, data);
    return data;
  };
  return (name: string, view: TensorView): TensorData => {
    const { storage, offset, shape, strides } = view;
    const { dtype } = storage;
    const data = load(storage, name);
    const count = elementCount(shape)!;
    const reach = pairs(shape, strides).map(([length, stride]) => (length - 1) * stride);
    const last = reach.reduce((sum, elements) => sum + elements, offset);
    if (count > 0 && !(last < data.length)) {
      throw fault(`${quoted(name)} extends beyond its data`);
    }
    if (count === 0 || isContiguous(view)) {
      return { dtype, shape, data: data.subarray(offset, offset + count) };
    }
    // With strides of 0, a small file could claim any number of elements.
    copied += count * bytesPerElement(dtype);
    if (copied > size) throw fault("its tensors claim more elements than the file contains");
    return { dtype, shape, data: denseCopy(view, data, count) };
  };
}

/** Deeper dicts contain no weights. */
const maxDepth = 4;

/** The dicts of a value that contain named tensors, each once, the outer ones first. */
function groupsOf(content: Content): TensorGroup[] {
  const readTensor = tensorReader(content);
  const groups: TensorGroup[] = [];
  // Without this check, dicts that contain one dict many times, level upon level, would be visited
  // endlessly.
  const seen = new Set<PickleValue>();
  const visit = (key: string, dict: Map<PickleValue, PickleValue>, depth: number) => {
    if (seen.has(dict)) return;
    seen.add(dict);
    const named = [...dict].filter((entry): entry is [string, PickleValue] =>
      typeof entry[0] === "string"
    );
    const views = new Map<string, TensorView>();
    for (const [name, value] of named) if (isTensor(value)) views.set(name, value);
    if (views.size > 0) {
      groups.push({
        key,
        shapes: new Map([...views].map(([name, { shape }]) => [name, shape])),
        others: [...dict.keys()].filter((name) => typeof name !== "string" || !views.has(name))
          .map((name) => typeof name === "string" ? name : "an entry without a name"),
        read: (names) =>
          new Map([...names].map((name) => [name, readTensor(name, entryOf(views, name))])),
      });
    }
    for (const [name, value] of named) {
      if (value instanceof Map && depth < maxDepth) {
        visit(key ? `${key}.${name}` : name, value, depth + 1);
      }
    }
  };
  if (content.value instanceof Map) visit("", content.value, 0);
  return groups;
}

/** Describes a value that contains no named tensors. */
function describeContent(value: PickleValue): string {
  if (isUnknown(value)) {
    return `it contains a Python object (${quoted(value.name)}), but no state dict; ` +
      "nothing is executed. Save model.state_dict() instead";
  }
  if (isTensor(value)) return "it contains a tensor, but no state dict";
  if (isSequence(value)) return "it contains a list, but no state dict (names and their tensors)";
  return "it contains no state dict (names and their tensors)";
}

/**
 * The sets of named tensors in a file that `torch.save` wrote: a state dict at the top level, or
 * those of a checkpoint. Names of Python code become placeholders and are never executed.
 *
 * @param bytes the whole file, in the zip format or the one before PyTorch 1.6
 * @param where what to call the file in messages
 * @throws UserError if it is damaged, or contains no named tensors
 */
export function decodeCheckpoint(bytes: Uint8Array, where = "PyTorch data"): TensorGroup[] {
  const content = decodeContent(bytes, where);
  const groups = groupsOf(content);
  if (groups.length === 0) throw content.fault(describeContent(content.value));
  return groups;
}

/**
 * The tensors of a state dict that `torch.save` wrote, in its order. Tensors that shared their
 * elements still do.
 *
 * @param bytes the whole file, in the zip format or the one before PyTorch 1.6
 * @param where what to call the file in messages
 * @throws UserError if it is damaged, or contains anything but named tensors
 */
export function decodePyTorch(bytes: Uint8Array, where = "PyTorch data"): Map<string, TensorData> {
  const content = decodeContent(bytes, where);
  const group = groupsOf(content).find(({ key }) => key === "");
  const { value, fault } = content;
  if (!group) {
    if (value instanceof Map && value.size === 0) return new Map();
    throw fault(describeContent(value));
  }
  const [other] = group.others;
  if (other !== undefined) {
    throw fault(`${quoted(other)} is not a tensor; a state dict contains only tensors`);
  }
  return group.read(group.shapes.keys());
}

/**
 * The sets of named tensors in a file on disk; see {@link decodeCheckpoint}.
 *
 * @throws UserError if the file is missing, damaged, or contains no named tensors
 */
export async function readCheckpoint(path: string): Promise<TensorGroup[]> {
  return decodeCheckpoint(await readInput(path), path);
}
