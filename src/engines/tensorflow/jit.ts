/**
 * `jit` of the engine `tensorflow`: a function of tensors, traced once a list of shapes, becomes
 * one TensorFlow function that runs with a single call. Variables that it reads are read anew at
 * each call, and those that it assigns are assigned.
 */
import * as tf from "@tensorflow/tfjs";
import type { JitFunction } from "../engine.ts";
import type { Backend } from "./backend.ts";
import type { TensorMetadata } from "./binding.ts";
import { dataTypes, type TensorFlow } from "./ffi.ts";
import { releaseFreedMemory } from "./resident.ts";
import {
  addIdentity,
  addPlaceholder,
  converted,
  newTrace,
  outputList,
  type Symbol,
  symbolOf,
} from "./graph.ts";

/**
 * Where an argument of the TensorFlow function comes from: the call, a variable, or a tensor that
 * was captured.
 */
type Source = { input: number } | { variable: tf.Variable } | { handle: Deno.PointerValue };

interface Compiled {
  name: Uint8Array<ArrayBuffer>;
  sources: Source[];
  /**
   * The first outputs are the function's results, those behind them the new values of these
   * variables.
   */
  resultCount: number;
  assigned: tf.Variable[];
}

let functionCount = 0;

/**
 * Makes {@link JitFunction}s over a context; `dispose` frees what all of them hold, and they can be
 * called no more.
 */
export function createJit(tensorflow: TensorFlow, context: Deno.PointerValue, backend: Backend) {
  const { core, status, check } = tensorflow;
  const binding = backend.binding;

  function trace(fn: (...inputs: tf.Tensor[]) => tf.Tensor[], inputs: tf.Tensor[]): Compiled {
    // Its network was built just now, from arrays that are freed.
    releaseFreedMemory();
    const variables = Object.values(tf.engine().state.registeredVariables)
      .filter((variable) => !variable.isDisposed && backendOf(variable) === backend);
    // Values that were not yet handed to TensorFlow would be taken for constants made inside.
    const variableOf = new Map<number, tf.Variable>();
    for (const variable of variables) {
      // A variable that began as another one's copy has the same tensor, by which they could not be
      // told apart.
      if (variableOf.has(idOf(backend, variable))) giveOwnTensor(variable);
      variableOf.set(idOf(backend, variable), variable);
    }
    for (const input of inputs) idOf(backend, input);
    const before = variables.map((variable) => tf.clone(variable));
    const current = newTrace(tensorflow);
    const placeholders = inputs.map((input) =>
      addPlaceholder(tensorflow, current, input.shape, backend.getDTypeInteger(input.dtype))
    );
    try {
      binding.trace = current;
      const assigned: tf.Variable[] = [];
      const outputs: Symbol[] = [];
      tf.tidy(() => {
        const symbols = placeholders.map((symbol) =>
          backend.createOutputTensor(binding.addSymbol(symbol))
        );
        const results = fn(...symbols);
        const changed = variables.filter((variable, i) => variable.dataId !== before[i]!.dataId);
        assigned.push(...changed);
        for (const tensor of [...results, ...changed]) {
          const found = symbolOf(tensorflow, binding, current, idOf(backend, tensor));
          const symbol = found.dtype === dataTypes.bfloat16
            ? converted(tensorflow, current, found, dataTypes.float)
            : found;
          // A function's outputs must be nodes of its own, and each a different one.
          const isOwn = !outputs.includes(symbol) &&
            (symbol !== found || binding.symbol(idOf(backend, tensor)) === symbol) &&
            !placeholders.includes(symbol);
          outputs.push(isOwn ? symbol : addIdentity(tensorflow, current, symbol));
        }
        return [];
      });
      const captures = [...current.captures];
      const name = new TextEncoder().encode(`${fn.name || "jit"}_${++functionCount}\0`);
      const args = [...placeholders, ...captures.map(([_, symbol]) => symbol)];
      const made = core.TF_GraphToFunction(
        current.graph,
        name,
        0,
        -1,
        null,
        args.length,
        outputList(args),
        outputs.length,
        outputList(outputs),
        null,
        null,
        null,
        status,
      );
      check("making a function of the traced graph");
      core.TFE_ContextAddFunction(context, made, status);
      core.TF_DeleteFunction(made);
      check("adding the traced function");
      const sources: Source[] = inputs.map((_, input) => ({ input }));
      for (const [id] of captures) {
        const variable = variableOf.get(id);
        if (variable) sources.push({ variable });
        else {
          sources.push({
            handle: core.TFE_TensorHandleCopySharingTensor(binding.handle(id), status),
          });
          check("keeping a captured tensor");
        }
      }
      return { name, sources, resultCount: outputs.length - assigned.length, assigned };
    } finally {
      binding.trace = null;
      variables.forEach((variable, i) => {
        if (variable.dataId !== before[i]!.dataId) variable.assign(before[i]!);
        before[i]!.dispose();
      });
      core.TF_DeleteGraph(current.graph);
    }
  }

  function giveOwnTensor(variable: tf.Variable): void {
    const copy = core.TFE_TensorHandleCopySharingTensor(
      binding.handle(idOf(backend, variable)),
      status,
    );
    check("a variable's own tensor");
    const tensor = backend.createOutputTensor(binding.adopt(copy));
    variable.assign(tensor);
    tensor.dispose();
  }

  function call(compiled: Compiled, inputs: tf.Tensor[]): tf.Tensor[] {
    const op = core.TFE_NewOp(context, compiled.name, status);
    check("a traced function");
    let results: TensorMetadata[];
    try {
      for (const source of compiled.sources) {
        const handle = "handle" in source ? source.handle : binding.handle(
          idOf(backend, "variable" in source ? source.variable : inputs[source.input]!),
        );
        core.TFE_OpAddInput(op, handle, status);
        check("an argument of a traced function");
      }
      const count = compiled.resultCount + compiled.assigned.length;
      const handles = new BigUint64Array(count);
      const handleCount = new Int32Array([count]);
      core.TFE_Execute(
        op,
        new Uint8Array(handles.buffer),
        new Uint8Array(handleCount.buffer),
        status,
      );
      check("running a traced function");
      results = Array.from(handles, (pointer) => binding.adopt(Deno.UnsafePointer.create(pointer)));
    } finally {
      core.TFE_DeleteOp(op);
    }
    const tensors = results.map((metadata) => backend.createOutputTensor(metadata));
    compiled.assigned.forEach((variable, i) => {
      const value = tensors[compiled.resultCount + i]!;
      variable.assign(value);
      value.dispose();
    });
    return tensors.slice(0, compiled.resultCount);
  }

  const all = new Set<JitFunction>();
  let disposed = false;

  function jit(fn: (...inputs: tf.Tensor[]) => tf.Tensor[]): JitFunction {
    const compiled = new Map<string, Compiled>();
    const run = (...inputs: tf.Tensor[]) => {
      if (disposed) throw new Error("a jitted function was called after its engine was disposed");
      if (binding.trace) {
        throw new Error("a jitted function was called while another one was being traced");
      }
      const key = inputs.map((input) => `${input.dtype}[${input.shape}]`).join();
      let found = compiled.get(key);
      if (!found) compiled.set(key, found = trace(fn, inputs));
      all.add(jitted);
      return call(found, inputs);
    };
    const jitted: JitFunction = Object.assign(run, {
      dispose() {
        all.delete(jitted);
        for (const { name, sources } of compiled.values()) {
          core.TFE_ContextRemoveFunction(context, name, status);
          for (const source of sources) {
            if ("handle" in source) core.TFE_DeleteTensorHandle(source.handle);
          }
        }
        compiled.clear();
        releaseFreedMemory();
      },
    });
    return jitted;
  }

  return {
    jit,
    dispose() {
      for (const jitted of [...all]) jitted.dispose();
      disposed = true;
    },
  };
}

function idOf(backend: Backend, tensor: tf.Tensor): number {
  return backend.getInputTensorIds([tensor])[0]!;
}

function backendOf(tensor: tf.Tensor): unknown {
  return tf.engine().state.tensorInfo.get(tensor.dataId)?.backend;
}
