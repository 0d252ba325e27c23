/** Turns an operation, as tfjs's kernels call it, into a node of a graph. */
import { type Attribute, attributeKinds, type Operation, setAttribute } from "./attributes.ts";
import { computesInBfloat16 } from "./bfloat16.ts";
import { type InputDefinition, inputDefinitions } from "./definitions.ts";
import { dataTypes } from "./ffi.ts";
import {
  convert,
  finishNode,
  type FloatType,
  outputBytes,
  outputList,
  startNode,
  symbolOf,
  type Trace,
} from "./graph.ts";
import type { SymbolicTensor } from "./tensors.ts";

/** Adds an operation to the graph and returns its outputs. */
export function addNode(trace: Trace, operation: Operation): SymbolicTensor[] {
  const { core } = trace.tensorflow;
  const { name } = operation;
  const definition = inputDefinitions(trace.tensorflow, trace.graph, name);
  const { inputs, floatType } = withOneFloatType(trace, operation);
  const what = `${name}(${inputs.map(({ shape }) => `[${shape}]`).join(", ")})`;

  const node = startNode(trace, name);
  addInputs(trace, node, definition, inputs, operation.attributes);
  const counts = definition.map(({ countAttribute }) => countAttribute);
  for (const attribute of operation.attributes) {
    // TensorFlow counts the tensors of a list itself.
    if (counts.includes(attribute.name)) continue;
    setAttribute(trace.tensorflow, "node", node, withFloatType(attribute, floatType));
  }

  const resources = inputs.filter(({ dtype }) => dtype === dataTypes.resource);
  for (const earlier of new Set(resources.map(({ op }) => trace.resourceUses.get(op)))) {
    if (earlier) core.TF_AddControlInput(node, earlier);
  }
  const op = finishNode(trace, node, what);
  for (const resource of resources) trace.resourceUses.set(resource.op, op);

  return Array.from(
    { length: operation.outputCount },
    (_, index) => describeOutput(trace, { op, index, name }, what),
  );
}

/**
 * The inputs of an operation, with all floating-point ones of the type that it computes in:
 * bfloat16 if one of them is and the operation can, otherwise float32.
 */
function withOneFloatType(
  trace: Trace,
  { name, inputs }: Operation,
): { inputs: SymbolicTensor[]; floatType: FloatType } {
  const symbols = inputs.map((id) => symbolOf(trace, id));
  const isMixed = symbols.some(({ dtype }) => dtype === dataTypes.bfloat16);
  if (!isMixed) return { inputs: symbols, floatType: dataTypes.float };
  const floatType = computesInBfloat16(name) ? dataTypes.bfloat16 : dataTypes.float;
  const converted = symbols.map((symbol) =>
    isFloat(symbol) ? convert(trace, symbol, floatType) : symbol
  );
  return { inputs: converted, floatType };
}

function addInputs(
  { tensorflow: { core } }: Trace,
  node: Deno.PointerValue,
  definition: InputDefinition[],
  inputs: SymbolicTensor[],
  attributes: Attribute[],
): void {
  const listCount = definition.filter(({ isList }) => isList).length;
  let at = 0;
  for (const { isList, countAttribute } of definition) {
    if (!isList) {
      core.TF_AddInput(node, outputBytes(inputs[at++]!));
      continue;
    }
    // A single list takes what the other inputs leave. With several, an attribute of each holds its
    // length.
    const count = listCount === 1
      ? inputs.length - definition.length + 1
      : Number(attributes.find(({ name }) => name === countAttribute)?.value);
    core.TF_AddInputList(node, outputList(inputs.slice(at, at + count)), count);
    at += count;
  }
}

/** An output of a finished node, with the type and shape that TensorFlow infers. */
function describeOutput(
  { tensorflow: { core, status, check }, graph }: Trace,
  output: Pick<SymbolicTensor, "op" | "index" | "name">,
  what: string,
): SymbolicTensor {
  const bytes = outputBytes(output);
  const dtype = core.TF_OperationOutputType(bytes);
  const rank = core.TF_GraphGetTensorNumDims(graph, bytes, status);
  check(what);
  const sizes = new BigInt64Array(Math.max(rank, 0));
  if (rank > 0) {
    core.TF_GraphGetTensorShape(graph, bytes, new Uint8Array(sizes.buffer), rank, status);
    check(what);
  }
  const shape = Array.from(sizes, Number);
  if (rank < 0 || shape.some((size) => size < 0)) {
    throw new Error(`${what}: the shape of its output cannot be known while tracing`);
  }
  return { ...output, shape, dtype };
}

/** Replaces float32 by the given type in an attribute that names a type. */
function withFloatType(attribute: Attribute, floatType: FloatType): Attribute {
  const { type, value } = attribute;
  const isFloat = type === attributeKinds.type && value === dataTypes.float;
  return isFloat && floatType !== dataTypes.float ? { ...attribute, value: floatType } : attribute;
}

function isFloat({ dtype }: SymbolicTensor): boolean {
  return dtype === dataTypes.float || dtype === dataTypes.bfloat16;
}
