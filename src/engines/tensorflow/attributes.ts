/**
 * Attributes of TensorFlow operations, as tfjs's kernels give them, set on an eager operation
 * (TFE_*) or on a node of a graph (TF_*), and what an operation's definition says of its inputs.
 */
import { int64Bytes, type TensorFlow, toCString } from "./ffi.ts";

/** An attribute: its name, kind (see {@link attributeKinds}) and value. */
export interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

/** The kinds of attributes, by TensorFlow's TF_AttrType. */
export const attributeKinds = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

/** Sets an attribute on an operation that is about to run (`eager`) or to join a graph. */
export function setAttribute(
  tensorflow: TensorFlow,
  eager: boolean,
  op: Deno.PointerValue,
  attribute: Attribute,
) {
  const c = tensorflow.core;
  const name = toCString(attribute.name);
  const value = attribute.value;
  const list = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  const values = list ? Array.from(value as ArrayLike<number>) : [];
  switch (attribute.type) {
    case attributeKinds.string: {
      const bytes = new TextEncoder().encode(String(value));
      (eager ? c.TFE_OpSetAttrString : c.TF_SetAttrString)(op, name, bytes, BigInt(bytes.length));
      return;
    }
    case attributeKinds.int:
      if (list) {
        (eager ? c.TFE_OpSetAttrIntList : c.TF_SetAttrIntList)(
          op,
          name,
          int64Bytes(values),
          values.length,
        );
      } else (eager ? c.TFE_OpSetAttrInt : c.TF_SetAttrInt)(op, name, BigInt(value as number));
      return;
    case attributeKinds.float:
      if (list) {
        const bytes = new Uint8Array(Float32Array.from(values).buffer);
        (eager ? c.TFE_OpSetAttrFloatList : c.TF_SetAttrFloatList)(op, name, bytes, values.length);
      } else (eager ? c.TFE_OpSetAttrFloat : c.TF_SetAttrFloat)(op, name, value as number);
      return;
    case attributeKinds.bool:
      (eager ? c.TFE_OpSetAttrBool : c.TF_SetAttrBool)(op, name, value ? 1 : 0);
      return;
    case attributeKinds.type:
      if (list) {
        const bytes = new Uint8Array(Int32Array.from(values).buffer);
        (eager ? c.TFE_OpSetAttrTypeList : c.TF_SetAttrTypeList)(op, name, bytes, values.length);
      } else (eager ? c.TFE_OpSetAttrType : c.TF_SetAttrType)(op, name, value as number);
      return;
    case attributeKinds.shape:
      if (eager) {
        c.TFE_OpSetAttrShape(op, name, int64Bytes(values), values.length, tensorflow.status);
      } else c.TF_SetAttrShape(op, name, int64Bytes(values), values.length);
      return;
    default:
      throw new Error(
        `attribute ${attribute.name} has a kind, ${attribute.type}, that is not supported`,
      );
  }
}

/**
 * One input of an operation's definition. `count`: the attribute that says how many tensors a list
 * has.
 */
export interface InputDefinition {
  name: string;
  list: boolean;
  count: string | null;
}

/**
 * The inputs of an operation, from the OpDef protocol buffer that TensorFlow gives: field 2 of
 * OpDef is `input_arg`, and of ArgDef 1 is the name, 5 `number_attr`, 6 `type_list_attr` (either
 * makes it a list).
 */
export function inputDefinitions(
  tensorflow: TensorFlow,
  graph: Deno.PointerValue,
  op: string,
): InputDefinition[] {
  const { core, status, check } = tensorflow;
  const buffer = core.TF_NewBuffer();
  try {
    core.TF_GraphGetOpDef(graph, toCString(op), buffer, status);
    check(op);
    const view = new Deno.UnsafePointerView(buffer!);
    const length = Number(view.getBigUint64(8));
    const bytes = new Uint8Array(view.getPointer(0) === null ? 0 : length);
    if (length) new Deno.UnsafePointerView(view.getPointer(0)!).copyInto(bytes);
    return protocolFields(bytes).filter((field) => field.number === 2).map((field) => {
      const parts = protocolFields(field.bytes);
      const text = (number: number) => {
        const part = parts.find((part) => part.number === number);
        return part ? new TextDecoder().decode(part.bytes) : null;
      };
      const count = text(5);
      return { name: text(1) ?? "", list: count !== null || text(6) !== null, count };
    });
  } finally {
    core.TF_DeleteBuffer(buffer);
  }
}

/** The fields of a protocol buffer message; numbers are skipped, for none is needed here. */
function protocolFields(bytes: Uint8Array): { number: number; bytes: Uint8Array }[] {
  const fields: { number: number; bytes: Uint8Array }[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 2) {
      const length = varint();
      fields.push({ number: tag >>> 3, bytes: bytes.subarray(at, at + length) });
      at += length;
    } else if (wire === 0) varint();
    else at += wire === 1 ? 8 : 4;
  }
  return fields;
}
