/**
 * The object that tfjs-node's kernels call (its `TFJSBinding`), over TensorFlow's C API. Tensors
 * are numbers here. The same `executeOp` runs an operation at once, or adds a node to the graph
 * while a function is traced.
 */
import { type Attribute, attributeKinds, type Operation } from "./attributes.ts";
import { type EagerContext, execute } from "./eager.ts";
import { dataTypes, type TensorFlow, toCString } from "./ffi.ts";
import { convert, type FloatType, symbolOf, type Trace } from "./graph.ts";
import { addNode } from "./operation_node.ts";
import {
  createTensors,
  handleMetadata,
  type SymbolicTensor,
  type TensorMetadata,
  type Tensors,
} from "./tensors.ts";
import { allocateTensor, readTensor, type Values } from "./values.ts";

/** What tfjs-node's kernels use. They set the names of these members. */
interface NodeBinding {
  createTensor(shape: number[], dtype: number, values: Values): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    outputCount: number,
  ): TensorMetadata[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}

/** The binding: tfjs-node's members, and ours. */
export interface Binding extends NodeBinding {
  readonly tensors: Tensors;
  /** The function that is being traced, if any. */
  trace: Trace | null;
  /** The symbolic tensor with this number, if it is one. */
  symbol(id: number): SymbolicTensor | undefined;
  /**
   * Converts a tensor to float32 or bfloat16 while a function is traced. tfjs treats both as
   * float32.
   */
  convert(id: number, dtype: FloatType): TensorMetadata;
  /** Whether this build of TensorFlow implements an operation. */
  hasKernel(name: string): boolean;
  /** Frees the context and every tensor. */
  dispose(): void;
}

/** TensorFlow's numbers, under the names by which tfjs-node reads them from its binding. */
const constants = {
  TF_FLOAT: dataTypes.float,
  TF_INT32: dataTypes.int32,
  TF_INT64: dataTypes.int64,
  TF_BOOL: dataTypes.bool,
  TF_COMPLEX64: dataTypes.complex64,
  TF_STRING: dataTypes.string,
  TF_RESOURCE: dataTypes.resource,
  TF_UINT8: dataTypes.uint8,
  TF_ATTR_STRING: attributeKinds.string,
  TF_ATTR_INT: attributeKinds.int,
  TF_ATTR_FLOAT: attributeKinds.float,
  TF_ATTR_BOOL: attributeKinds.bool,
  TF_ATTR_TYPE: attributeKinds.type,
  TF_ATTR_SHAPE: attributeKinds.shape,
  TF_ATTR_RESOURCE: 8,
};

/** Makes the binding over an open library. */
export function createBinding(eager: EagerContext, gpu: boolean): Binding {
  const { tensorflow, context } = eager;
  const tensors = createTensors(tensorflow);
  const kernels = new Map<string, boolean>();
  // tfjs has no 64-bit integers. Such a tensor is the input of one operation and freed after it.
  const shortLived = new Set<number>();
  let disposed = false;

  const binding: Binding = {
    tensors,
    trace: null,
    symbol: tensors.symbol,
    convert(id, dtype) {
      const { trace } = binding;
      if (!trace) throw new Error("a tensor can be converted only in a traced function");
      return tensors.addSymbol(convert(trace, symbolOf(trace, id), dtype));
    },
    createTensor(shape, dtype, values) {
      const { id } = tensors.addHandle(newHandle(tensorflow, shape, dtype, values));
      binding.trace?.born.add(id);
      if (dtype === dataTypes.int64) shortLived.add(id);
      return id;
    },
    deleteTensor: tensors.delete,
    tensorDataSync(id) {
      const symbol = tensors.symbol(id);
      if (symbol) throw readWhileTracing(symbol);
      return readTensor(tensorflow, tensors.handle(id));
    },
    executeOp(name, attributes, inputs, outputCount) {
      if (disposed) throw new Error(`${name} was called after its engine was disposed`);
      const operation = { name, attributes, inputs, outputCount };
      try {
        return binding.trace
          ? addNode(binding.trace, operation).map(tensors.addSymbol)
          : executeOperation(eager, tensors, operation);
      } finally {
        for (const id of inputs) if (shortLived.delete(id)) tensors.delete(id);
      }
    },
    getNumOfTensors: tensors.handleCount,
    isUsingGpuDevice: () => gpu,
    hasKernel(name) {
      const has = kernels.get(name) ?? readHasKernel(tensorflow, name);
      kernels.set(name, has);
      return has;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      tensors.dispose();
      tensorflow.core.TFE_DeleteContext(context);
    },
  };
  return Object.assign(binding, constants);
}

/** Runs an operation at once. */
function executeOperation(
  eager: EagerContext,
  tensors: Tensors,
  { name, attributes, inputs, outputCount }: Operation,
): TensorMetadata[] {
  const handles = inputs.map(tensors.handle);
  const shape = (handle: Deno.PointerValue) =>
    `[${handleMetadata(eager.tensorflow, handle).shape}]`;
  return execute(eager, {
    name: toCString(name),
    attributes,
    inputs: handles,
    outputCount,
    what: () => `${name}(${handles.map(shape).join(", ")})`,
  }).map(tensors.addHandle);
}

/** Makes a tensor with the given values, which TensorFlow holds. */
function newHandle(
  tensorflow: TensorFlow,
  shape: number[],
  dtype: number,
  values: Values,
): Deno.PointerValue {
  const { core, framework, status, check } = tensorflow;
  const tensor = allocateTensor(tensorflow, shape, dtype, values);
  const handle = core.TFE_NewTensorHandle(tensor, status);
  framework.TF_DeleteTensor(tensor);
  check(`a tensor of shape [${shape}]`);
  return handle;
}

function readHasKernel({ core, status, check }: TensorFlow, operation: string): boolean {
  const list = core.TF_GetRegisteredKernelsForOp(toCString(operation), status);
  check(`the kernels of ${operation}`);
  // A TF_Buffer starts with a pointer and a length. A list without kernels is empty.
  const length = new Deno.UnsafePointerView(list!).getBigUint64(8);
  core.TF_DeleteBuffer(list);
  return length > 0n;
}

function readWhileTracing({ name, shape }: SymbolicTensor): Error {
  return new Error(
    `the values of ${name} [${shape}] were read while its function was being traced; a traced ` +
      "function may only compute with tensors: return the tensor and read it outside, or pass " +
      "what is needed as an argument",
  );
}
