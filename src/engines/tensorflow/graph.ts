/**
 * A graph under construction. While a function is traced, each operation becomes a node, each
 * tensor from outside an argument, and each tensor made inside (a number in the code) a constant.
 * The finished graph becomes one TensorFlow function.
 */
import { type dataTypes, int64Bytes, type TensorFlow, toCString } from "./ffi.ts";
import { handleMetadata, type SymbolicTensor, type Tensors } from "./tensors.ts";

/** The types of floating-point numbers that a graph's tensors may have. */
export type FloatType = typeof dataTypes.float | typeof dataTypes.bfloat16;

/** A graph under construction. */
export interface Trace {
  readonly tensorflow: TensorFlow;
  readonly tensors: Tensors;
  readonly graph: Deno.PointerValue;
  nodeCount: number;
  /** The tensors made while tracing. They become constants. */
  readonly born: Set<number>;
  /** The constants' nodes. */
  readonly constants: Map<number, SymbolicTensor>;
  /**
   * The last node that used a resource (a TensorFlow variable). The nodes that use it must run in
   * the order of the code.
   */
  readonly resourceUses: Map<Deno.PointerValue, Deno.PointerValue>;
  /** Tensors from outside, by number, with their argument; in the order of the arguments. */
  readonly captures: Map<number, SymbolicTensor>;
  /** The functions that it calls. */
  readonly functions: Set<string>;
}

/** Starts a graph. */
export function newTrace(tensorflow: TensorFlow, tensors: Tensors): Trace {
  return {
    tensorflow,
    tensors,
    graph: tensorflow.core.TF_NewGraph(),
    nodeCount: 0,
    born: new Set(),
    constants: new Map(),
    resourceUses: new Map(),
    captures: new Map(),
    functions: new Set(),
  };
}

/** A `TF_Output` as 16 bytes. */
export function outputBytes(
  { op, index }: Pick<SymbolicTensor, "op" | "index">,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, Deno.UnsafePointer.value(op), true);
  view.setInt32(8, index, true);
  return bytes;
}

/** An array of `TF_Output`. */
export function outputList(symbols: readonly SymbolicTensor[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 * symbols.length);
  symbols.forEach((symbol, i) => bytes.set(outputBytes(symbol), 16 * i));
  return bytes;
}

/** Starts a node. Its inputs and attributes are added before {@link finishNode}. */
export function startNode(trace: Trace, name: string): Deno.PointerValue {
  return trace.tensorflow.core.TF_NewOperation(
    trace.graph,
    toCString(name),
    new TextEncoder().encode(`${name}_${trace.nodeCount++}\0`),
  );
}

/**
 * Finishes a node, for which TensorFlow checks and infers types and shapes.
 *
 * @param what the operation, for messages
 * @returns the operation
 */
export function finishNode(
  { tensorflow }: Trace,
  node: Deno.PointerValue,
  what: string,
): Deno.PointerValue {
  const op = tensorflow.core.TF_FinishOperation(node, tensorflow.status);
  tensorflow.check(what);
  return op;
}

/** Adds an argument of the function. */
export function addPlaceholder(trace: Trace, shape: number[], dtype: number): SymbolicTensor {
  const { core } = trace.tensorflow;
  const node = startNode(trace, "Placeholder");
  core.TF_SetAttrType(node, toCString("dtype"), dtype);
  core.TF_SetAttrShape(node, toCString("shape"), int64Bytes(shape), shape.length);
  const op = finishNode(trace, node, "Placeholder");
  return { op, index: 0, name: "an argument", shape, dtype };
}

function addConstant(trace: Trace, id: number): SymbolicTensor {
  const { core, framework, status, check } = trace.tensorflow;
  const handle = trace.tensors.handle(id);
  const tensor = core.TFE_TensorHandleResolve(handle, status);
  check("a constant");
  const { shape, dtype } = handleMetadata(trace.tensorflow, handle);
  const node = startNode(trace, "Const");
  core.TF_SetAttrType(node, toCString("dtype"), dtype);
  core.TF_SetAttrTensor(node, toCString("value"), tensor, status);
  framework.TF_DeleteTensor(tensor);
  check("a constant");
  const op = finishNode(trace, node, "Const");
  return { op, index: 0, name: "a constant", shape, dtype };
}

/** What stands for a tensor in the graph: a node's output, a constant or an argument. */
export function symbolOf(trace: Trace, id: number): SymbolicTensor {
  const { tensorflow, tensors, constants, captures } = trace;
  const known = tensors.symbol(id) ?? constants.get(id) ?? captures.get(id);
  if (known) return known;
  if (trace.born.has(id)) {
    const constant = addConstant(trace, id);
    constants.set(id, constant);
    return constant;
  }
  const { shape, dtype } = handleMetadata(tensorflow, tensors.handle(id));
  const argument = addPlaceholder(trace, shape, dtype);
  captures.set(id, argument);
  return argument;
}

/**
 * Converts a tensor to float32 or bfloat16. The result is kept, so each tensor is converted once.
 */
export function convert(trace: Trace, symbol: SymbolicTensor, dtype: FloatType): SymbolicTensor {
  if (symbol.dtype === dtype) return symbol;
  if (symbol.twin) return symbol.twin;
  const { core } = trace.tensorflow;
  const node = startNode(trace, "Cast");
  core.TF_AddInput(node, outputBytes(symbol));
  core.TF_SetAttrType(node, toCString("DstT"), dtype);
  const op = finishNode(trace, node, "Cast");
  symbol.twin = { op, index: 0, name: symbol.name, shape: symbol.shape, dtype };
  return symbol.twin;
}

/** Adds a node that returns its input. A function's outputs must be nodes of its own. */
export function addIdentity(trace: Trace, input: SymbolicTensor): SymbolicTensor {
  const node = startNode(trace, "Identity");
  trace.tensorflow.core.TF_AddInput(node, outputBytes(input));
  const op = finishNode(trace, node, "Identity");
  return { ...input, op, index: 0, name: "Identity" };
}
