/** What TensorFlow's definition of an operation says about its inputs. */
import { type TensorFlow, toCString } from "./ffi.ts";

/** One input of an operation. */
export interface InputDefinition {
  name: string;
  /** Whether it takes a list of tensors. */
  isList: boolean;
  /** The attribute that holds the length of the list. */
  countAttribute: string | null;
}

/** Numbers of the protocol buffer's fields, from TensorFlow's op_def.proto. */
const inputField = 2;
const inputFields = { name: 1, numberAttribute: 5, typeListAttribute: 6 } as const;

const known = new Map<string, InputDefinition[]>();

/** The inputs of an operation, in order. */
export function inputDefinitions(
  tensorflow: TensorFlow,
  graph: Deno.PointerValue,
  operation: string,
): InputDefinition[] {
  let inputs = known.get(operation);
  if (!inputs) {
    const definition = readDefinition(tensorflow, graph, operation);
    inputs = protocolFields(definition)
      .filter(({ number }) => number === inputField)
      .map(({ bytes }) => parseInput(bytes));
    known.set(operation, inputs);
  }
  return inputs;
}

function parseInput(bytes: Uint8Array): InputDefinition {
  const fields = protocolFields(bytes);
  const text = (number: number) => {
    const field = fields.find((field) => field.number === number);
    return field ? new TextDecoder().decode(field.bytes) : null;
  };
  const countAttribute = text(inputFields.numberAttribute);
  const isList = countAttribute !== null || text(inputFields.typeListAttribute) !== null;
  return { name: text(inputFields.name) ?? "", isList, countAttribute };
}

/** The operation's OpDef message. */
function readDefinition(
  { core, status, check }: TensorFlow,
  graph: Deno.PointerValue,
  operation: string,
): Uint8Array {
  const buffer = core.TF_NewBuffer();
  try {
    core.TF_GraphGetOpDef(graph, toCString(operation), buffer, status);
    check(operation);
    // A TF_Buffer starts with a pointer to the bytes and their number.
    const view = new Deno.UnsafePointerView(buffer!);
    const pointer = view.getPointer(0);
    if (pointer === null) return new Uint8Array();
    const bytes = new Uint8Array(Number(view.getBigUint64(8)));
    new Deno.UnsafePointerView(pointer).copyInto(bytes);
    return bytes;
  } finally {
    core.TF_DeleteBuffer(buffer);
  }
}

/** The fields of a protocol buffer message that hold bytes or text. */
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
    const wireType = tag & 7;
    if (wireType === 2) {
      const length = varint();
      fields.push({ number: tag >>> 3, bytes: bytes.subarray(at, at + length) });
      at += length;
    } else if (wireType === 0) varint();
    else at += wireType === 1 ? 8 : 4;
  }
  return fields;
}
