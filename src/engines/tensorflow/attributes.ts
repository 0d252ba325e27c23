/**
 * Attributes of TensorFlow operations, as tfjs's kernels give them: how they are set on an
 * operation that runs at once (TFE_*) and on a node of a graph (TF_*).
 */
import { int64Bytes, type TensorFlow, toCString } from "./ffi.ts";

/** An attribute: its name, kind (see {@link attributeKinds}) and value. */
export interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

/** An operation with its arguments, as tfjs's kernels call it. */
export interface Operation {
  name: string;
  attributes: Attribute[];
  /** The numbers of its input tensors. */
  inputs: number[];
  outputCount: number;
}

/** The kinds of attributes, by TensorFlow's TF_AttrType. */
export const attributeKinds = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

/** What an attribute is set on: an operation that is about to run, or a node that joins a graph. */
export type AttributeTarget = "operation" | "node";

/** TensorFlow's setters for one kind of target. */
function settersFor({ core, status }: TensorFlow, target: AttributeTarget) {
  if (target === "node") {
    return {
      string: core.TF_SetAttrString,
      int: core.TF_SetAttrInt,
      intList: core.TF_SetAttrIntList,
      float: core.TF_SetAttrFloat,
      floatList: core.TF_SetAttrFloatList,
      bool: core.TF_SetAttrBool,
      type: core.TF_SetAttrType,
      typeList: core.TF_SetAttrTypeList,
      shape: core.TF_SetAttrShape,
    };
  }
  const shape: typeof core.TF_SetAttrShape = (op, name, sizes, rank) =>
    core.TFE_OpSetAttrShape(op, name, sizes, rank, status);
  return {
    string: core.TFE_OpSetAttrString,
    int: core.TFE_OpSetAttrInt,
    intList: core.TFE_OpSetAttrIntList,
    float: core.TFE_OpSetAttrFloat,
    floatList: core.TFE_OpSetAttrFloatList,
    bool: core.TFE_OpSetAttrBool,
    type: core.TFE_OpSetAttrType,
    typeList: core.TFE_OpSetAttrTypeList,
    shape,
  };
}

/**
 * Sets an attribute.
 *
 * @param op the operation or the unfinished node
 */
export function setAttribute(
  tensorflow: TensorFlow,
  target: AttributeTarget,
  op: Deno.PointerValue,
  attribute: Attribute,
): void {
  const set = settersFor(tensorflow, target);
  const name = toCString(attribute.name);
  const { value } = attribute;
  const list = toList(value);
  switch (attribute.type) {
    case attributeKinds.string: {
      const bytes = new TextEncoder().encode(String(value));
      set.string(op, name, bytes, BigInt(bytes.length));
      return;
    }
    case attributeKinds.int:
      if (list) set.intList(op, name, int64Bytes(list), list.length);
      else set.int(op, name, BigInt(Number(value)));
      return;
    case attributeKinds.float:
      if (list) {
        const bytes = new Uint8Array(Float32Array.from(list).buffer);
        set.floatList(op, name, bytes, list.length);
      } else set.float(op, name, Number(value));
      return;
    case attributeKinds.bool:
      set.bool(op, name, value ? 1 : 0);
      return;
    case attributeKinds.type:
      if (list) {
        const bytes = new Uint8Array(Int32Array.from(list).buffer);
        set.typeList(op, name, bytes, list.length);
      } else set.type(op, name, Number(value));
      return;
    case attributeKinds.shape:
      set.shape(op, name, int64Bytes(list ?? []), list?.length ?? 0);
      return;
    default:
      throw new Error(`attribute ${attribute.name} is of kind ${attribute.type}: not supported`);
  }
}

/** The numbers of a list, or null for a single value. */
function toList(value: unknown): number[] | null {
  if (Array.isArray(value)) return value.map(Number);
  const isTyped = ArrayBuffer.isView(value) && !(value instanceof DataView);
  // The typed arrays of TypeScript's library are lists; only DataView is not.
  return isTyped ? Array.from(value as unknown as ArrayLike<number>, Number) : null;
}
