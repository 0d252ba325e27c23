/**
 * A graph under construction: while a function is traced, each operation becomes a node, each
 * tensor from outside an argument, each tensor made inside (a number in the code) a constant. The
 * finished graph becomes one TensorFlow function.
 */
import {
  type Attribute,
  attributeKinds,
  type InputDefinition,
  inputDefinitions,
  setAttribute,
} from "./attributes.ts";
import { computesInBfloat16 } from "./bfloat16.ts";
import type { Binding, TensorMetadata } from "./binding.ts";
import { dataTypes, int64Bytes, type TensorFlow, toCString } from "./ffi.ts";

/** The types of floating-point numbers that a graph's tensors may have. */
export type FloatType = typeof dataTypes.float | typeof dataTypes.bfloat16;

/** One output of a node. */
export interface Symbol {
  op: Deno.PointerValue;
  index: number;
  /** The name of the operation, for messages. */
  name: string;
  shape: number[];
  dtype: number;
  /** What it is as the other of float32 and bfloat16, where somebody asked for that. */
  twin?: Symbol;
}

/** A graph under construction. */
export interface Trace {
  graph: Deno.PointerValue;
  nodes: number;
  /** Tensors made while tracing: constants of the graph. */
  born: Set<number>;
  /** The constants' nodes. */
  constants: Map<number, Symbol>;
  /**
   * The last node that used a resource (a TensorFlow variable): those that use it must run in the
   * order of the code.
   */
  resourceUses: Map<Deno.PointerValue, Deno.PointerValue>;
  /** Tensors from outside, by number, with their argument's node; in the order of the arguments. */
  captures: Map<number, Symbol>;
  /** The functions that it calls. */
  functions: Set<string>;
}

/** Starts a graph. */
export function newTrace(tensorflow: TensorFlow): Trace {
  const graph = tensorflow.core.TF_NewGraph();
  return {
    graph,
    nodes: 0,
    born: new Set(),
    constants: new Map(),
    resourceUses: new Map(),
    captures: new Map(),
    functions: new Set(),
  };
}

/** `TF_Output` as 16 bytes. */
export function outputBytes(symbol: Symbol): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, Deno.UnsafePointer.value(symbol.op), true);
  view.setInt32(8, symbol.index, true);
  return bytes;
}

/** `TF_Output`s in a row. */
export function outputList(symbols: Symbol[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 * symbols.length);
  symbols.forEach((symbol, i) => bytes.set(outputBytes(symbol), 16 * i));
  return bytes;
}

function start(tensorflow: TensorFlow, trace: Trace, name: string): Deno.PointerValue {
  return tensorflow.core.TF_NewOperation(
    trace.graph,
    toCString(name),
    new TextEncoder().encode(`${name}_${trace.nodes++}\0`),
  );
}

function finish(
  tensorflow: TensorFlow,
  description: Deno.PointerValue,
  what: string,
): Deno.PointerValue {
  const op = tensorflow.core.TF_FinishOperation(description, tensorflow.status);
  tensorflow.check(what);
  return op;
}

/** Adds an argument of the function. */
export function addPlaceholder(
  tensorflow: TensorFlow,
  trace: Trace,
  shape: number[],
  dtype: number,
): Symbol {
  const { core } = tensorflow;
  const description = start(tensorflow, trace, "Placeholder");
  core.TF_SetAttrType(description, toCString("dtype"), dtype);
  core.TF_SetAttrShape(description, toCString("shape"), int64Bytes(shape), shape.length);
  return {
    op: finish(tensorflow, description, "Placeholder"),
    index: 0,
    name: "an argument",
    shape,
    dtype,
  };
}

function addConstant(tensorflow: TensorFlow, binding: Binding, trace: Trace, id: number): Symbol {
  const { core, framework, status, check } = tensorflow;
  const tensor = core.TFE_TensorHandleResolve(binding.handle(id), status);
  check("a constant");
  const { shape, dtype } = handleMetadata(tensorflow, binding.handle(id));
  const description = start(tensorflow, trace, "Const");
  core.TF_SetAttrType(description, toCString("dtype"), dtype);
  core.TF_SetAttrTensor(description, toCString("value"), tensor, status);
  framework.TF_DeleteTensor(tensor);
  check("a constant");
  return {
    op: finish(tensorflow, description, "Const"),
    index: 0,
    name: "a constant",
    shape,
    dtype,
  };
}

/** Shape and type of a tensor that TensorFlow holds. */
export function handleMetadata(
  tensorflow: TensorFlow,
  handle: Deno.PointerValue,
): { shape: number[]; dtype: number } {
  const { core, status, check } = tensorflow;
  const rank = core.TFE_TensorHandleNumDims(handle, status);
  check("the rank of a tensor");
  const shape = Array.from(
    { length: rank },
    (_, i) => Number(core.TFE_TensorHandleDim(handle, i, status)),
  );
  return { shape, dtype: core.TFE_TensorHandleDataType(handle) };
}

/**
 * The node's output that stands for a tensor: a symbol, a constant made while tracing, or an
 * argument.
 */
export function symbolOf(
  tensorflow: TensorFlow,
  binding: Binding,
  trace: Trace,
  id: number,
): Symbol {
  const known = binding.symbol(id) ?? trace.constants.get(id) ?? trace.captures.get(id);
  if (known) return known;
  if (trace.born.has(id)) {
    const constant = addConstant(tensorflow, binding, trace, id);
    trace.constants.set(id, constant);
    return constant;
  }
  const { shape, dtype } = handleMetadata(tensorflow, binding.handle(id));
  const argument = addPlaceholder(tensorflow, trace, shape, dtype);
  trace.captures.set(id, argument);
  return argument;
}

const definitions = new Map<string, InputDefinition[]>();

/** Adds an operation to the graph and gives its outputs as symbols. */
export function addNode(
  tensorflow: TensorFlow,
  binding: Binding,
  trace: Trace,
  name: string,
  attributes: Attribute[],
  inputs: number[],
  outputCount: number,
): TensorMetadata[] {
  const { core, status, check } = tensorflow;
  let definition = definitions.get(name);
  if (!definition) {
    definitions.set(name, definition = inputDefinitions(tensorflow, trace.graph, name));
  }
  const given = inputs.map((id) => symbolOf(tensorflow, binding, trace, id));
  const isMixed = given.some(({ dtype }) => dtype === dataTypes.bfloat16);
  const floatType = isMixed && computesInBfloat16(name) ? dataTypes.bfloat16 : dataTypes.float;
  const symbols = isMixed
    ? given.map((symbol) =>
      isFloat(symbol) ? converted(tensorflow, trace, symbol, floatType) : symbol
    )
    : given;
  const what = `${name}(${symbols.map((symbol) => `[${symbol.shape}]`).join(", ")})`;
  const description = start(tensorflow, trace, name);
  const lists = definition.filter((input) => input.list);
  let at = 0;
  for (const input of definition) {
    if (!input.list) {
      core.TF_AddInput(description, outputBytes(symbols[at++]!));
      continue;
    }
    // One list takes what the single inputs leave; of several, each must say its length in an
    // attribute.
    const count = lists.length === 1
      ? symbols.length - definition.length + 1
      : Number(attributes.find((attribute) => attribute.name === input.count)?.value);
    core.TF_AddInputList(description, outputList(symbols.slice(at, at + count)), count);
    at += count;
  }
  const counts = lists.map((input) => input.count);
  for (const attribute of attributes) {
    if (counts.includes(attribute.name)) continue;
    setAttribute(tensorflow, false, description, typed(attribute, floatType));
  }
  const resources = symbols.filter((symbol) => symbol.dtype === dataTypes.resource);
  for (const earlier of new Set(resources.map((symbol) => trace.resourceUses.get(symbol.op)))) {
    if (earlier) core.TF_AddControlInput(description, earlier);
  }
  const op = finish(tensorflow, description, what);
  for (const symbol of resources) trace.resourceUses.set(symbol.op, op);
  return Array.from({ length: outputCount }, (_, index) => {
    const symbol: Symbol = { op, index, name, shape: [], dtype: 0 };
    const output = outputBytes(symbol);
    symbol.dtype = core.TF_OperationOutputType(output);
    const rank = core.TF_GraphGetTensorNumDims(trace.graph, output, status);
    check(what);
    const dimensions = new BigInt64Array(Math.max(rank, 0));
    if (rank > 0) {
      core.TF_GraphGetTensorShape(
        trace.graph,
        output,
        new Uint8Array(dimensions.buffer),
        rank,
        status,
      );
      check(what);
    }
    symbol.shape = Array.from(dimensions, Number);
    if (rank < 0 || symbol.shape.some((size) => size < 0)) {
      throw new Error(`${what}: the shape of its output cannot be known while tracing`);
    }
    return binding.addSymbol(symbol);
  });
}

/** An attribute that says float32 as the type that the operation computes in. */
function typed(attribute: Attribute, floatType: FloatType): Attribute {
  const { type, value } = attribute;
  const isFloat = type === attributeKinds.type && value === dataTypes.float;
  return isFloat && floatType !== dataTypes.float ? { ...attribute, value: floatType } : attribute;
}

function isFloat({ dtype }: Symbol): boolean {
  return dtype === dataTypes.float || dtype === dataTypes.bfloat16;
}

/** A symbol's numbers as float32 or bfloat16; each is made once. */
export function converted(
  tensorflow: TensorFlow,
  trace: Trace,
  symbol: Symbol,
  dtype: FloatType,
): Symbol {
  if (symbol.dtype === dtype) return symbol;
  if (symbol.twin) return symbol.twin;
  const { core } = tensorflow;
  const description = start(tensorflow, trace, "Cast");
  core.TF_AddInput(description, outputBytes(symbol));
  core.TF_SetAttrType(description, toCString("DstT"), dtype);
  const op = finish(tensorflow, description, "Cast");
  return symbol.twin = { op, index: 0, name: symbol.name, shape: symbol.shape, dtype };
}

/** A call of a function that XLA compiles; its outputs. */
export function addCall(
  tensorflow: TensorFlow,
  trace: Trace,
  { name, pointer, outputs }: {
    name: string;
    pointer: Deno.PointerValue;
    outputs: Pick<Symbol, "shape" | "dtype">[];
  },
  inputs: Symbol[],
): Symbol[] {
  const { core, status, check } = tensorflow;
  if (!trace.functions.has(name)) {
    core.TF_GraphCopyFunction(trace.graph, pointer, null, status);
    check(name);
    trace.functions.add(name);
  }
  const description = start(tensorflow, trace, name);
  for (const input of inputs) core.TF_AddInput(description, outputBytes(input));
  core.TF_SetAttrBool(description, toCString("_XlaMustCompile"), 1);
  const op = finish(tensorflow, description, name);
  return outputs.map((output, index) => ({ op, index, name, ...output }));
}

/** An operation that hands a tensor on, for a function's outputs that no node of its own made. */
export function addIdentity(tensorflow: TensorFlow, trace: Trace, input: Symbol): Symbol {
  const description = start(tensorflow, trace, "Identity");
  tensorflow.core.TF_AddInput(description, outputBytes(input));
  return { ...input, op: finish(tensorflow, description, "Identity"), index: 0, name: "Identity" };
}
