/** Runs operations and functions at once, which TensorFlow calls eager execution. */
import { type Attribute, setAttribute } from "./attributes.ts";
import type { TensorFlow } from "./ffi.ts";

/** The open library and a context, in which operations run and functions are known by name. */
export interface EagerContext {
  readonly tensorflow: TensorFlow;
  readonly context: Deno.PointerValue;
}

/** A call of an operation or function. */
export interface EagerCall {
  /** Its name as a C string. */
  name: Uint8Array<ArrayBuffer>;
  attributes?: Attribute[];
  inputs: Deno.PointerValue[];
  outputCount: number;
  /** What is called, for messages. */
  what: string | (() => string);
}

/** Runs a call and returns the handles of its outputs, which belong to the caller. */
export function execute(
  { tensorflow, context }: EagerContext,
  { name, attributes = [], inputs, outputCount, what }: EagerCall,
): Deno.PointerValue[] {
  const { core, status, check } = tensorflow;
  const op = core.TFE_NewOp(context, name, status);
  check(what);
  try {
    for (const input of inputs) {
      core.TFE_OpAddInput(op, input, status);
      check(what);
    }
    for (const attribute of attributes) setAttribute(tensorflow, "operation", op, attribute);

    const outputs = new BigUint64Array(outputCount);
    const count = new Int32Array([outputCount]);
    core.TFE_Execute(op, new Uint8Array(outputs.buffer), new Uint8Array(count.buffer), status);
    check(what);
    return Array.from(
      outputs.subarray(0, count[0]),
      (pointer) => Deno.UnsafePointer.create(pointer),
    );
  } finally {
    core.TFE_DeleteOp(op);
  }
}
