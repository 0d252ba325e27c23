/** TensorFlow functions: made of a finished graph, and called by another one. */
import type { EagerContext } from "./eager.ts";
import { toCString } from "./ffi.ts";
import { finishNode, outputBytes, outputList, startNode, type Trace } from "./graph.ts";
import type { SymbolicTensor } from "./tensors.ts";

/**
 * Makes a function of a finished graph and adds it to the context, in which it is then known by
 * name.
 *
 * @returns the function, which the caller deletes
 */
export function addFunction(
  { tensorflow, context }: EagerContext,
  trace: Trace,
  { name, inputs, outputs }: {
    name: string;
    inputs: SymbolicTensor[];
    outputs: SymbolicTensor[];
  },
): Deno.PointerValue {
  const { core, status, check } = tensorflow;
  const allNodes = -1;
  const pointer = core.TF_GraphToFunction(
    trace.graph,
    toCString(name),
    0, // The name is used as it is.
    allNodes,
    null,
    inputs.length,
    outputList(inputs),
    outputs.length,
    outputList(outputs),
    null,
    null,
    null,
    status,
  );
  check(`making the function ${name}`);
  core.TFE_ContextAddFunction(context, pointer, status);
  check(`adding the function ${name}`);
  return pointer;
}

/** A function that a graph can call. */
export interface GraphFunction {
  name: string;
  pointer: Deno.PointerValue;
  outputs: Pick<SymbolicTensor, "shape" | "dtype">[];
}

/** Adds a call of a function that XLA compiles, and returns its outputs. */
export function addCall(
  trace: Trace,
  { name, pointer, outputs }: GraphFunction,
  inputs: SymbolicTensor[],
): SymbolicTensor[] {
  const { core, status, check } = trace.tensorflow;
  if (!trace.functions.has(name)) {
    core.TF_GraphCopyFunction(trace.graph, pointer, null, status);
    check(name);
    trace.functions.add(name);
  }
  const node = startNode(trace, name);
  for (const input of inputs) core.TF_AddInput(node, outputBytes(input));
  core.TF_SetAttrBool(node, toCString("_XlaMustCompile"), 1);
  const op = finishNode(trace, node, name);
  return outputs.map((output, index) => ({ op, index, name, ...output }));
}
