/**
 * Files of `torch.save`: state dicts, in the zip format and in the one before PyTorch 1.6. Only
 * tensors are read; the pickles inside are data here and never code (`pickle.ts`). Sources:
 * torch/serialization.py and torch/_utils.py.
 */
import { UserError } from "../errors.ts";
import { readInput } from "./input.ts";
import {
  decodePickle,
  isSequence,
  type PickleGlobal,
  type PickleObject,
  type PickleValue,
} from "./pickle.ts";
import {
  bytesPerElement,
  type Dtype,
  elementCount,
  elementsOf,
  type TensorData,
} from "./tensors.ts";
import { decodeZip, isZip } from "./zip.ts";

const storageTypes: Record<string, Dtype> = {
  FloatStorage: "F32",
  DoubleStorage: "F64",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

interface StorageType extends PickleGlobal {
  dtype: Dtype;
}

/** Elements that lie in one piece; tensors are views of them. */
interface Storage extends PickleObject {
  dtype: Dtype;
  key: string;
  elements: number;
}

interface TensorView extends PickleObject {
  storage: Storage;
  offset: number;
  shape: number[];
  strides: number[];
}

function isKind<T extends PickleObject>(value: PickleValue | undefined, kind: string): value is T {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

/** One file's pickle rules, and the storages that it named. */
function rulesOf(where: string, legacy: boolean) {
  const fault = (what: string) =>
    new UserError(`${where}: this PyTorch file cannot be read: ${what}`);
  const storages = new Map<string, Storage>();
  const globals = new Map<string, PickleGlobal>();
  for (const [name, dtype] of Object.entries(storageTypes)) {
    const type: StorageType = { kind: "storage type", dtype };
    globals.set(`torch.${name}`, type);
  }
  globals.set("collections.OrderedDict", {
    kind: "OrderedDict",
    call: (args) => {
      if (args.length) throw fault("a dict of an unknown form");
      return new Map();
    },
  });
  globals.set("torch._utils._rebuild_tensor_v2", {
    kind: "tensor's maker",
    call: ([storage, offset, shape, strides]) => {
      const whole = (list: PickleValue | undefined): list is number[] =>
        isSequence(list) && elementCount(list) !== null;
      if (
        !isKind<Storage>(storage, "storage") || !whole(shape) || !whole(strides) ||
        !whole([offset ?? null])
      ) {
        throw fault("a tensor is damaged");
      }
      if (shape.length !== strides.length || shape.length > 64) throw fault("a tensor is damaged");
      const view: TensorView = {
        kind: "tensor",
        storage,
        offset: offset as number,
        shape,
        strides,
      };
      return view;
    },
  });
  globals.set("torch._utils._rebuild_parameter", {
    kind: "parameter's maker",
    call: ([tensor]) => {
      if (!isKind<TensorView>(tensor, "tensor")) throw fault("a parameter is damaged");
      return tensor;
    },
  });
  return {
    fault,
    storages,
    rules: {
      globals,
      persistent(id: PickleValue): PickleValue {
        // The location (cpu, cuda:0, ...) says where the tensor was, and nothing about its bytes.
        const [tag, type, key, , elements, views] = isSequence(id) ? id : [];
        const count = elementCount([elements]);
        if (
          tag !== "storage" || !isKind<StorageType>(type, "storage type") ||
          typeof key !== "string" || count === null
        ) {
          throw fault("a storage is damaged or of a type that is not read");
        }
        if (legacy && views !== null) throw fault("a storage is part of another");
        const known = storages.get(key);
        if (known && (known.dtype !== type.dtype || known.elements !== count)) {
          throw fault("two storages have one name");
        }
        const storage: Storage = known ??
          { kind: "storage", dtype: type.dtype, key, elements: count };
        storages.set(key, storage);
        return storage;
      },
      build(object: PickleValue) {
        // A state dict carries `_metadata`, the versions of its modules. Nothing here hangs on it.
        if (!(object instanceof Map)) throw fault("it changes an object that is no dict");
      },
    },
  };
}

/** The named tensors of a state dict's value. */
function gather(
  value: PickleValue,
  bytesOfStorage: (storage: Storage) => Uint8Array,
  fileBytes: number,
  fault: (what: string) => UserError,
): Map<string, TensorData> {
  if (!(value instanceof Map)) throw fault("it holds no state dict (names and their tensors)");
  const loaded = new Map<Storage, TensorData["data"]>();
  const result = new Map<string, TensorData>();
  let copied = 0;
  for (const [name, view] of value) {
    if (typeof name !== "string" || !isKind<TensorView>(view, "tensor")) {
      const what = typeof name === "string" ? JSON.stringify(name) : "an entry without a name";
      throw fault(`${what} is no tensor; a state dict holds nothing else`);
    }
    const { storage, offset, shape, strides } = view;
    const { dtype } = storage;
    let data = loaded.get(storage);
    if (!data) {
      const bytes = bytesOfStorage(storage);
      if (bytes.length !== storage.elements * bytesPerElement(dtype)) {
        throw fault(`the data of ${name} is cut off`);
      }
      data = elementsOf(dtype, bytes.slice());
      loaded.set(storage, data);
    }
    const count = elementCount(shape)!;
    const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, offset);
    if (count > 0 && !(last < data.length)) throw fault(`${name} reaches beyond its data`);
    let expected = 1;
    let contiguous = true;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (shape[axis] !== 1 && strides[axis] !== expected) contiguous = false;
      expected *= shape[axis]!;
    }
    if (contiguous || count === 0) {
      result.set(name, { dtype, shape, data: data.subarray(offset, offset + count) });
      continue;
    }
    // Strides of 0 could make a small file claim any number of elements.
    copied += count * bytesPerElement(dtype);
    if (copied > fileBytes) throw fault("its tensors claim more elements than the file holds");
    const dense = elementsOf(dtype, new Uint8Array(count * bytesPerElement(dtype)));
    const index = new Array<number>(shape.length).fill(0);
    for (let i = 0, from = offset; i < count; i++) {
      dense[i] = data[from]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        from -= strides[axis]! * shape[axis]!;
        index[axis] = 0;
      }
    }
    result.set(name, { dtype, shape, data: dense });
  }
  return result;
}

function decodeZipFormat(bytes: Uint8Array, where: string): Map<string, TensorData> {
  const { rules, fault } = rulesOf(where, false);
  const entries = decodeZip(bytes, where);
  const pickled = [...entries.keys()].filter((name) => name.endsWith("/data.pkl"));
  if (pickled.length !== 1) throw fault("it is a zip archive, but not one of torch.save");
  const folder = pickled[0]!.slice(0, -"data.pkl".length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order).trim() !== "little") {
    throw fault("it was written on a big-endian machine");
  }
  const { value } = decodePickle(entries.get(pickled[0]!)!, rules, where);
  return gather(
    value,
    ({ key }) => {
      const content = entries.get(`${folder}data/${key}`);
      if (!content) throw fault(`the data ${JSON.stringify(key)} is missing`);
      return content;
    },
    bytes.length,
    fault,
  );
}

/** The first number of the format before PyTorch 1.6. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;

function decodeLegacyFormat(bytes: Uint8Array, where: string): Map<string, TensorData> {
  const { rules, fault, storages } = rulesOf(where, true);
  const plain = { globals: new Map<string, PickleGlobal>() };
  const magic = decodePickle(bytes, plain, where);
  if (magic.value !== legacyMagic) throw fault("it is no file of torch.save");
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
    if (at + 8 + length > bytes.length) throw fault("it is cut off");
    if (view.getBigInt64(at, true) !== BigInt(storage.elements)) throw fault("its data is damaged");
    contents.set(storage.key, bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return gather(
    value,
    ({ key }) => {
      const content = contents.get(key);
      if (!content) throw fault(`the data ${JSON.stringify(key)} is missing`);
      return content;
    },
    bytes.length,
    fault,
  );
}

/**
 * The tensors of a state dict that `torch.save` wrote, in its order. Tensors that shared their
 * elements still do.
 *
 * @param bytes the whole file, of the zip format or the one before PyTorch 1.6
 * @param where what to call the file in messages
 * @throws UserError where it is damaged, or holds anything but tensors under names
 */
export function decodePyTorch(bytes: Uint8Array, where = "PyTorch data"): Map<string, TensorData> {
  return isZip(bytes) ? decodeZipFormat(bytes, where) : decodeLegacyFormat(bytes, where);
}

/**
 * The tensors of a state dict on the disk; see {@link decodePyTorch}.
 *
 * @throws UserError where the file is missing, damaged, or holds anything but tensors under names
 */
export async function readPyTorch(path: string): Promise<Map<string, TensorData>> {
  return decodePyTorch(await readInput(path), path);
}
