/**
 * Fused operations: a small function inside a traced one that XLA compiles, so that a chain of
 * elementwise steps reads its inputs once and writes its outputs once. TensorFlow's own elementwise
 * operations go over memory one by one, and convert each bfloat16 on the way.
 */
import type { Binding, TensorMetadata } from "./binding.ts";
import { type TensorFlow, toCString } from "./ffi.ts";
import {
  addCall,
  addIdentity,
  addPlaceholder,
  newTrace,
  outputList,
  type Symbol,
  symbolOf,
} from "./graph.ts";

/** Makes outputs of inputs, and hands them to `take` while they are there. */
type Build = (inputs: TensorMetadata[], take: (outputs: number[]) => void) => void;

/** A function as TensorFlow has it, and what it gives. */
interface Compiled {
  name: string;
  pointer: Deno.PointerValue;
  outputs: Pick<Symbol, "shape" | "dtype">[];
}

/** Makes fused operations over a context; `dispose` frees them. */
export function createFusing(
  tensorflow: TensorFlow,
  context: Deno.PointerValue,
  binding: Binding,
) {
  const { core, status, check } = tensorflow;
  const made = new Map<string, Compiled>();

  function compile(
    key: string,
    inputs: Symbol[],
    build: Build,
  ): Compiled {
    const outer = binding.trace;
    const inner = newTrace(tensorflow);
    const placeholders = inputs.map(({ shape, dtype }) =>
      addPlaceholder(tensorflow, inner, shape, dtype)
    );
    binding.trace = inner;
    try {
      const outputs: Symbol[] = [];
      build(placeholders.map(binding.addSymbol), (ids) => {
        for (const id of ids) {
          const symbol = symbolOf(tensorflow, binding, inner, id);
          // A function's outputs must be nodes of its own.
          const isOwn = !placeholders.includes(symbol);
          outputs.push(isOwn ? symbol : addIdentity(tensorflow, inner, symbol));
        }
      });
      if (inner.captures.size) throw new Error(`${key}: all that it reads must be an input`);
      const name = `fused_${made.size}_${key.replaceAll(/\W+/g, "_")}`;
      const pointer = core.TF_GraphToFunction(
        inner.graph,
        toCString(name),
        0,
        -1,
        null,
        placeholders.length,
        outputList(placeholders),
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
      return { name, pointer, outputs: outputs.map(({ shape, dtype }) => ({ shape, dtype })) };
    } finally {
      binding.trace = outer;
      core.TF_DeleteGraph(inner.graph);
    }
  }

  return {
    /**
     * Adds a fused operation to the function that is being traced.
     *
     * @param name what it computes; with the inputs' shapes and types it must tell all of it
     * @param build makes its outputs of its inputs, once for each name and inputs
     */
    fuse(
      name: string,
      inputs: number[],
      build: Build,
    ): TensorMetadata[] {
      const { trace } = binding;
      if (!trace) throw new Error(`${name}: operations are fused in a traced function only`);
      const symbols = inputs.map((id) => symbolOf(tensorflow, binding, trace, id));
      const key = [name, ...symbols.map(({ shape, dtype }) => `${dtype}x${shape.join("x")}`)]
        .join();
      const compiled = made.get(key) ?? compile(key, symbols, build);
      made.set(key, compiled);
      return addCall(tensorflow, trace, compiled, symbols).map(binding.addSymbol);
    },
    dispose() {
      for (const { name, pointer } of made.values()) {
        core.TFE_ContextRemoveFunction(context, toCString(name), status);
        core.TF_DeleteFunction(pointer);
      }
      made.clear();
    },
  };
}
