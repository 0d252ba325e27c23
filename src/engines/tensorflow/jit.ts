/**
 * `jit` of the engine `tensorflow`. A function of tensors is traced once for each list of shapes
 * and types, and becomes one TensorFlow function that runs with a single call. Each call reads the
 * variables again, and assigns those that the function assigns.
 */
import * as tf from "@tensorflow/tfjs";
import type { JitFunction } from "../engine.ts";
import type { Backend } from "./backend.ts";
import { type EagerContext, execute } from "./eager.ts";
import { dataTypes, toCString } from "./ffi.ts";
import { addFunction } from "./functions.ts";
import { addIdentity, addPlaceholder, convert, newTrace, symbolOf, type Trace } from "./graph.ts";
import { releaseFreedMemory } from "./resident.ts";
import type { SymbolicTensor } from "./tensors.ts";

type TensorFunction = (...inputs: tf.Tensor[]) => tf.Tensor[];

/** The engine's parts that `jit` works with. */
interface Scope {
  readonly eager: EagerContext;
  readonly backend: Backend;
}

/** Where an argument of a TensorFlow function comes from. */
type Source =
  | { kind: "input"; index: number }
  | { kind: "variable"; variable: tf.Variable }
  | { kind: "captured"; handle: Deno.PointerValue };

/** A TensorFlow function. */
interface Compiled {
  name: string;
  sources: Source[];
  /** The first outputs are results, the others the new values of the assigned variables. */
  resultCount: number;
  assigned: tf.Variable[];
}

let functionCount = 0;

/**
 * Makes {@link JitFunction}s. `dispose` frees what all of them hold; they must not be called
 * afterwards.
 */
export function createJit(
  eager: EagerContext,
  backend: Backend,
): { jit(fn: TensorFunction): JitFunction; dispose(): void } {
  const scope = { eager, backend };
  const live = new Set<JitFunction>();
  let disposed = false;

  function jit(fn: TensorFunction): JitFunction {
    const compiled = new Map<string, Compiled>();
    const run = (...inputs: tf.Tensor[]) => {
      if (disposed) throw new Error("a jitted function was called after its engine was disposed");
      if (backend.binding.trace) {
        throw new Error("a jitted function was called while another one was being traced");
      }
      const key = inputs.map((input) => `${input.dtype}[${input.shape}]`).join();
      const found = compiled.get(key) ?? compile(scope, fn, inputs);
      compiled.set(key, found);
      live.add(jitted);
      return call(scope, found, inputs);
    };
    const jitted: JitFunction = Object.assign(run, {
      dispose() {
        live.delete(jitted);
        for (const each of compiled.values()) removeFunction(eager, each);
        compiled.clear();
        releaseFreedMemory();
      },
    });
    return jitted;
  }

  return {
    jit,
    dispose() {
      for (const jitted of [...live]) jitted.dispose();
      disposed = true;
    },
  };
}

/** Traces a function for arguments of the given shapes and types. */
function compile(scope: Scope, fn: TensorFunction, inputs: tf.Tensor[]): Compiled {
  const { eager, backend } = scope;
  const { binding } = backend;
  // The network was built just now, from arrays that have been freed since.
  releaseFreedMemory();

  // A tensor that is uploaded while tracing would become a constant, so upload all of them now.
  const variables = liveVariables(backend);
  const variableOf = indexVariables(scope, variables);
  for (const input of inputs) idOf(backend, input);

  const before = variables.map((variable) => tf.clone(variable));
  const trace = newTrace(eager.tensorflow, binding.tensors);
  const placeholders = inputs.map(({ shape, dtype }) =>
    addPlaceholder(trace, shape, backend.getDTypeInteger(dtype))
  );
  try {
    binding.trace = trace;
    const { outputs, assigned } = record(backend, trace, placeholders, fn, {
      variables,
      before,
    });
    const captures = [...trace.captures];
    const name = `${fn.name || "jit"}_${++functionCount}`;
    const made = addFunction(eager, trace, {
      name,
      inputs: [...placeholders, ...captures.map(([, argument]) => argument)],
      outputs,
    });
    eager.tensorflow.core.TF_DeleteFunction(made); // The context keeps its own copy.
    const sources: Source[] = [
      ...inputs.map((_, index): Source => ({ kind: "input", index })),
      ...captures.map(([id]) => captureSource(scope, id, variableOf.get(id))),
    ];
    return { name, sources, resultCount: outputs.length - assigned.length, assigned };
  } finally {
    binding.trace = null;
    restore(variables, before);
    eager.tensorflow.core.TF_DeleteGraph(trace.graph);
  }
}

/**
 * Runs the function on symbolic tensors, so that its operations become nodes. Returns its results
 * and, after them, the new values of the variables that it assigned.
 */
function record(
  backend: Backend,
  trace: Trace,
  placeholders: SymbolicTensor[],
  fn: TensorFunction,
  { variables, before }: { variables: tf.Variable[]; before: tf.Tensor[] },
): { outputs: SymbolicTensor[]; assigned: tf.Variable[] } {
  const outputs: SymbolicTensor[] = [];
  const assigned: tf.Variable[] = [];
  tf.tidy(() => {
    const results = fn(
      ...placeholders.map((symbol) => backend.createOutputTensor(trace.tensors.addSymbol(symbol))),
    );
    assigned.push(...variables.filter(({ dataId }, i) => dataId !== before[i]!.dataId));
    for (const tensor of [...results, ...assigned]) {
      const taken = [...placeholders, ...outputs];
      outputs.push(outputOf(trace, idOf(backend, tensor), taken));
    }
    return [];
  });
  return { outputs, assigned };
}

/**
 * A tensor as an output of the function, in float32. An output must be a node of the function (no
 * argument or constant) and differ from the other outputs; otherwise a node is added.
 */
function outputOf(trace: Trace, id: number, taken: SymbolicTensor[]): SymbolicTensor {
  const found = symbolOf(trace, id);
  const symbol = found.dtype === dataTypes.bfloat16
    ? convert(trace, found, dataTypes.float)
    : found;
  const isNode = symbol !== found || trace.tensors.symbol(id) === symbol;
  return isNode && !taken.includes(symbol) ? symbol : addIdentity(trace, symbol);
}

/** The variables whose values are on the engine's backend. */
function liveVariables(backend: Backend): tf.Variable[] {
  const { registeredVariables, tensorInfo } = tf.engine().state;
  return Object.values(registeredVariables).filter((variable) =>
    !variable.isDisposed && tensorInfo.get(variable.dataId)?.backend === backend
  );
}

/** The variables by the number of their tensor. */
function indexVariables(scope: Scope, variables: tf.Variable[]): Map<number, tf.Variable> {
  const variableOf = new Map<number, tf.Variable>();
  for (const variable of variables) {
    // A variable that began as a copy of another one shares its tensor.
    if (variableOf.has(idOf(scope.backend, variable))) giveOwnTensor(scope, variable);
    variableOf.set(idOf(scope.backend, variable), variable);
  }
  return variableOf;
}

function giveOwnTensor({ eager, backend }: Scope, variable: tf.Variable): void {
  const copy = copyHandle(eager, backend.binding.tensors.handle(idOf(backend, variable)));
  const tensor = backend.createOutputTensor(backend.binding.tensors.addHandle(copy));
  variable.assign(tensor);
  tensor.dispose();
}

/** Undoes the assignments that were made while tracing, and frees the old values' clones. */
function restore(variables: tf.Variable[], before: tf.Tensor[]): void {
  variables.forEach((variable, i) => {
    const value = before[i]!;
    if (variable.dataId !== value.dataId) variable.assign(value);
    value.dispose();
  });
}

/** The source of a captured tensor: its variable, or the tensor itself, kept by a handle. */
function captureSource(
  { eager, backend }: Scope,
  id: number,
  variable: tf.Variable | undefined,
): Source {
  if (variable) return { kind: "variable", variable };
  return { kind: "captured", handle: copyHandle(eager, backend.binding.tensors.handle(id)) };
}

/** A second handle of the same tensor. */
function copyHandle(
  { tensorflow: { core, status, check } }: EagerContext,
  handle: Deno.PointerValue,
): Deno.PointerValue {
  const copy = core.TFE_TensorHandleCopySharingTensor(handle, status);
  check("copying a tensor's handle");
  return copy;
}

/** Runs a compiled function and assigns its variables. */
function call({ eager, backend }: Scope, compiled: Compiled, inputs: tf.Tensor[]): tf.Tensor[] {
  const { tensors } = backend.binding;
  const { name, sources, resultCount, assigned } = compiled;
  const argument = (source: Source): Deno.PointerValue => {
    switch (source.kind) {
      case "input":
        return tensors.handle(idOf(backend, inputs[source.index]!));
      case "variable":
        return tensors.handle(idOf(backend, source.variable));
      case "captured":
        return source.handle;
      default:
        return source satisfies never;
    }
  };
  const outputs = execute(eager, {
    name: toCString(name),
    inputs: sources.map(argument),
    outputCount: resultCount + assigned.length,
    what: `running the traced function ${name}`,
  }).map((handle) => backend.createOutputTensor(tensors.addHandle(handle)));

  assigned.forEach((variable, i) => {
    const value = outputs[resultCount + i]!;
    variable.assign(value);
    value.dispose();
  });
  return outputs.slice(0, resultCount);
}

function removeFunction(
  { tensorflow: { core, status }, context }: EagerContext,
  { name, sources }: Compiled,
): void {
  core.TFE_ContextRemoveFunction(context, toCString(name), status);
  for (const source of sources) {
    if (source.kind === "captured") core.TFE_DeleteTensorHandle(source.handle);
  }
}

/** The number of a tensor. Uploads its values if TensorFlow does not have them yet. */
function idOf(backend: Backend, tensor: tf.Tensor): number {
  return backend.getInputTensorIds([tensor])[0]!;
}
