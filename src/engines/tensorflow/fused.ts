/**
 * Fused operations: a small function inside a traced one that XLA compiles, so that a chain of
 * elementwise steps reads its inputs once and writes its outputs once. TensorFlow's own elementwise
 * operations pass over memory one by one, and each converts bfloat16 to float32 and back.
 */
import type { Binding } from "./binding.ts";
import type { EagerContext } from "./eager.ts";
import { toCString } from "./ffi.ts";
import { addCall, addFunction, type GraphFunction } from "./functions.ts";
import { addIdentity, addPlaceholder, newTrace, symbolOf } from "./graph.ts";
import type { SymbolicTensor, TensorMetadata } from "./tensors.ts";

/** Computes outputs from inputs, and passes them to `take` before they are freed. */
type Build = (inputs: TensorMetadata[], take: (outputs: number[]) => void) => void;

/**
 * Adds a fused operation to the function that is being traced.
 *
 * @param name together with the inputs' shapes and types, identifies everything that `build` does
 * @param inputs the numbers of the input tensors
 * @param build runs once for each name and list of shapes and types
 */
export type Fuse = (name: string, inputs: number[], build: Build) => TensorMetadata[];

/** Makes fused operations. `dispose` frees them. */
export function createFusing(
  eager: EagerContext,
  binding: Binding,
): { fuse: Fuse; dispose(): void } {
  const { core, status } = eager.tensorflow;
  const functions = new Map<string, GraphFunction>();
  return {
    fuse(name, inputs, build) {
      const { trace, tensors } = binding;
      if (!trace) throw new Error(`${name}: operations can be fused only in a traced function`);
      const symbols = inputs.map((id) => symbolOf(trace, id));
      const key = [name, ...symbols.map(({ shape, dtype }) => `${dtype}x${shape.join("x")}`)]
        .join();
      let found = functions.get(key);
      if (!found) {
        const unique = `fused_${functions.size}_${key.replaceAll(/\W+/g, "_")}`;
        found = compile(eager, binding, unique, symbols, build);
        functions.set(key, found);
      }
      return addCall(trace, found, symbols).map(tensors.addSymbol);
    },
    dispose() {
      for (const { name, pointer } of functions.values()) {
        core.TFE_ContextRemoveFunction(eager.context, toCString(name), status);
        core.TF_DeleteFunction(pointer);
      }
      functions.clear();
    },
  };
}

/** Traces the steps into a function of their own. */
function compile(
  eager: EagerContext,
  binding: Binding,
  name: string,
  inputs: SymbolicTensor[],
  build: Build,
): GraphFunction {
  const { tensors, trace: outer } = binding;
  const inner = newTrace(eager.tensorflow, tensors);
  const placeholders = inputs.map(({ shape, dtype }) => addPlaceholder(inner, shape, dtype));
  binding.trace = inner;
  try {
    const outputs: SymbolicTensor[] = [];
    build(placeholders.map(tensors.addSymbol), (ids) => {
      for (const id of ids) {
        const symbol = symbolOf(inner, id);
        const isArgument = placeholders.includes(symbol);
        outputs.push(isArgument ? addIdentity(inner, symbol) : symbol);
      }
    });
    if (inner.captures.size) {
      throw new Error(`${name}: a fused operation may only read its inputs`);
    }
    const pointer = addFunction(eager, inner, { name, inputs: placeholders, outputs });
    return { name, pointer, outputs: outputs.map(({ shape, dtype }) => ({ shape, dtype })) };
  } finally {
    binding.trace = outer;
    eager.tensorflow.core.TF_DeleteGraph(inner.graph);
  }
}
