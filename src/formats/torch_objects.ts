/**
 * The objects in the pickles of `torch.save`: storages, and the tensors that are views of them.
 * Other Python code becomes a placeholder and is never executed. Sources: torch/_utils.py and
 * torch/serialization.py.
 */
import { UserError } from "../messages/errors.ts";
import {
  isSequence,
  isUnknown,
  type PickleGlobal,
  type PickleObject,
  type PickleRules,
  type PickleValue,
} from "./pickle.ts";
import { type Dtype, elementCount } from "./tensors.ts";

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

/** Contiguous elements; tensors are views of them. */
export interface Storage extends PickleObject {
  dtype: Dtype;
  key: string;
  elements: number;
}

/** A tensor, before its elements are read. */
export interface TensorView extends PickleObject {
  storage: Storage;
  offset: number;
  shape: number[];
  strides: number[];
}

type Fault = (what: string) => UserError;

function isKind<T extends PickleObject>(value: PickleValue | undefined, kind: string): value is T {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

/** Whether a value in a pickle is a tensor. */
export function isTensor(value: PickleValue | undefined): value is TensorView {
  return isKind<TensorView>(value, "tensor");
}

function isShape(value: PickleValue | undefined): value is number[] {
  return isSequence(value) && elementCount(value) !== null;
}

/** `torch._utils._rebuild_tensor_v2`. */
function rebuildTensor(args: PickleValue[], fault: Fault): PickleValue {
  const [storage, offset, shape, strides] = args;
  if (isUnknown(storage)) return storage;
  if (
    !isKind<Storage>(storage, "storage") || !isShape(shape) || !isShape(strides) ||
    typeof offset !== "number" || elementCount([offset]) === null ||
    shape.length !== strides.length || shape.length > 64
  ) {
    throw fault("a tensor is damaged");
  }
  const view: TensorView = { kind: "tensor", storage, offset, shape, strides };
  return view;
}

function globalsOf(fault: Fault): Map<string, PickleGlobal> {
  const globals = new Map<string, PickleGlobal>();
  for (const [name, dtype] of Object.entries(storageTypes)) {
    const type: StorageType = { kind: "storage type", dtype };
    globals.set(`torch.${name}`, type);
  }
  globals.set("collections.OrderedDict", {
    kind: "OrderedDict",
    call: (args) => {
      if (args.length) throw fault("it has an unknown kind of dict");
      return new Map();
    },
  });
  globals.set("torch._utils._rebuild_tensor_v2", {
    kind: "tensor's maker",
    call: (args) => rebuildTensor(args, fault),
  });
  globals.set("torch._utils._rebuild_parameter", {
    kind: "parameter's maker",
    call: ([tensor]) => {
      if (!isTensor(tensor) && !isUnknown(tensor)) throw fault("a parameter is damaged");
      return tensor;
    },
  });
  return globals;
}

/** The storage that a persistent id refers to. */
function storageOf(
  id: PickleValue,
  known: Map<string, Storage>,
  isLegacy: boolean,
  fault: Fault,
): PickleValue {
  // The location (cpu, cuda:0, ...) says where the tensor was, and nothing about its bytes.
  const [tag, type, key, , elements, views] = isSequence(id) ? id : [];
  // Unsupported types, such as complex numbers: their tensors are not read.
  if (tag === "storage" && isUnknown(type)) return type;
  const count = elementCount([elements]);
  if (
    tag !== "storage" || !isKind<StorageType>(type, "storage type") ||
    typeof key !== "string" || count === null
  ) {
    throw fault("a storage is damaged, or its type is not supported");
  }
  if (isLegacy && views !== null) throw fault("a storage is part of another one");
  const before = known.get(key);
  if (before && (before.dtype !== type.dtype || before.elements !== count)) {
    throw fault("two storages have the same name");
  }
  const storage: Storage = before ?? { kind: "storage", dtype: type.dtype, key, elements: count };
  known.set(key, storage);
  return storage;
}

/** The pickle rules for one file, and the storages that it refers to. */
export interface TorchRules {
  fault: Fault;
  storages: ReadonlyMap<string, Storage>;
  rules: PickleRules;
}

/** The rules for one file. */
export function torchRules(where: string, isLegacy: boolean): TorchRules {
  const fault: Fault = (what) =>
    new UserError(`${where}: this PyTorch file cannot be read: ${what}`);
  const storages = new Map<string, Storage>();
  const rules: PickleRules = {
    globals: globalsOf(fault),
    allowsUnknown: true,
    persistent: (id) => storageOf(id, storages, isLegacy, fault),
    build(object) {
      // A state dict has `_metadata` with the versions of its modules, which we do not need.
      if (!(object instanceof Map)) throw fault("it changes an object that is not a dict");
    },
  };
  return { fault, storages, rules };
}
