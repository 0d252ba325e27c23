/**
 * The object that tfjs-node's kernels call (its `TFJSBinding`), over TensorFlow's C API. Tensors
 * are numbers here, and each is either a handle that TensorFlow holds or, while a function is being
 * traced, a symbol: one output of a node of the graph that is being built. The same `executeOp`
 * runs an operation at once or adds a node.
 */
import { type Attribute, attributeKinds, setAttribute } from "./attributes.ts";
import { dataTypes, int64Bytes, type TensorFlow, toCString } from "./ffi.ts";
import {
  addNode,
  converted,
  type FloatType,
  handleMetadata,
  type Symbol,
  symbolOf,
  type Trace,
} from "./graph.ts";

/** What tfjs learns of a tensor that an operation gave. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

type Values = Float32Array | Int32Array | Uint8Array | BigInt64Array | readonly number[];

/** The binding; the names of its members are tfjs-node's. */
export interface Binding {
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
  /** Whether this build of TensorFlow has an implementation of an operation. */
  hasKernel(name: string): boolean;
  /**
   * What follows is ours: the handle of a tensor, a number for a handle, and the trace that is
   * under way.
   */
  handle(id: number): Deno.PointerValue;
  /**
   * The numbers of a tensor as float32 or bfloat16 while a function is being traced: tfjs takes
   * either for float32.
   */
  convert(id: number, dtype: FloatType): TensorMetadata;
  adopt(handle: Deno.PointerValue): TensorMetadata;
  addSymbol(symbol: Symbol): TensorMetadata;
  symbol(id: number): Symbol | undefined;
  trace: Trace | null;
  /** Frees the context and every handle. */
  dispose(): void;
}

/** Makes the binding over an open TensorFlow and a context for eager execution. */
export function createBinding(
  tensorflow: TensorFlow,
  context: Deno.PointerValue,
  gpu: boolean,
): Binding {
  const { core, framework, status, check } = tensorflow;
  const handles = new Map<number, Deno.PointerValue>();
  const symbols = new Map<number, Symbol>();
  // 64-bit integers have no tfjs type: such tensors live for one operation and are deleted behind
  // it.
  const shortLived = new Set<number>();
  const kernels = new Map<string, boolean>();
  let nextId = 1;
  let disposed = false;

  function handle(id: number): Deno.PointerValue {
    const found = handles.get(id);
    if (found === undefined) throw new Error(`tensor ${id} does not exist, or no longer`);
    return found;
  }

  const metadata = (pointer: Deno.PointerValue) => handleMetadata(tensorflow, pointer);

  function adopt(pointer: Deno.PointerValue): TensorMetadata {
    const id = nextId++;
    handles.set(id, pointer);
    return { id, ...metadata(pointer) };
  }

  function addSymbol(symbol: Symbol): TensorMetadata {
    const id = nextId++;
    symbols.set(id, symbol);
    // tfjs has no bfloat16.
    const dtype = symbol.dtype === dataTypes.bfloat16 ? dataTypes.float : symbol.dtype;
    return { id, shape: symbol.shape, dtype };
  }

  function executeEagerly(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    count: number,
  ): TensorMetadata[] {
    const op = core.TFE_NewOp(context, toCString(name), status);
    check(name);
    try {
      for (const id of inputs) {
        core.TFE_OpAddInput(op, handle(id), status);
        check(name);
      }
      for (const attribute of attributes) setAttribute(tensorflow, true, op, attribute);
      const results = new BigUint64Array(count);
      const resultCount = new Int32Array([count]);
      core.TFE_Execute(
        op,
        new Uint8Array(results.buffer),
        new Uint8Array(resultCount.buffer),
        status,
      );
      check(() => `${name}(${inputs.map((id) => `[${metadata(handle(id)).shape}]`).join(", ")})`);
      return Array.from(
        results.subarray(0, resultCount[0]),
        (pointer) => adopt(Deno.UnsafePointer.create(pointer)),
      );
    } finally {
      core.TFE_DeleteOp(op);
    }
  }

  const binding: Binding = {
    trace: null,
    handle,
    convert(id, dtype) {
      const { trace } = binding;
      if (!trace) throw new Error("a tensor was to be converted outside a traced function");
      const symbol = symbolOf(tensorflow, binding, trace, id);
      return addSymbol(converted(tensorflow, trace, symbol, dtype));
    },
    adopt,
    addSymbol,
    symbol: (id) => symbols.get(id),
    createTensor(shape, dtype, values) {
      const tensor = allocate(tensorflow, shape, dtype, values);
      const pointer = core.TFE_NewTensorHandle(tensor, status);
      framework.TF_DeleteTensor(tensor);
      check(`a tensor of shape [${shape}]`);
      const id = nextId++;
      handles.set(id, pointer);
      binding.trace?.born.add(id);
      if (dtype === dataTypes.int64) shortLived.add(id);
      return id;
    },
    deleteTensor(id) {
      if (symbols.delete(id)) return;
      const pointer = handles.get(id);
      if (pointer === undefined) return;
      core.TFE_DeleteTensorHandle(pointer);
      handles.delete(id);
    },
    tensorDataSync(id) {
      const symbol = symbols.get(id);
      if (symbol) {
        throw new Error(
          `the values of ${symbol.name} [${symbol.shape}] were read while its function was being traced; a traced ` +
            "function may only compute with tensors: return the tensor and read it outside, or pass what is needed " +
            "as an argument",
        );
      }
      const pointer = handle(id);
      const dtype = core.TFE_TensorHandleDataType(pointer);
      const tensor = core.TFE_TensorHandleResolve(pointer, status);
      check("reading a tensor");
      const size = Number(framework.TF_TensorByteSize(tensor));
      const bytes = new Uint8Array(size);
      if (size) new Deno.UnsafePointerView(framework.TF_TensorData(tensor)!).copyInto(bytes);
      framework.TF_DeleteTensor(tensor);
      if (dtype === dataTypes.float) return new Float32Array(bytes.buffer);
      return dtype === dataTypes.int32 ? new Int32Array(bytes.buffer) : bytes;
    },
    executeOp(name, attributes, inputs, outputCount) {
      if (disposed) throw new Error(`${name} was called after its engine was disposed`);
      try {
        return binding.trace
          ? addNode(tensorflow, binding, binding.trace, name, attributes, inputs, outputCount)
          : executeEagerly(name, attributes, inputs, outputCount);
      } finally {
        for (const id of inputs) if (shortLived.delete(id)) binding.deleteTensor(id);
      }
    },
    getNumOfTensors: () => handles.size,
    isUsingGpuDevice: () => gpu,
    hasKernel(name) {
      let has = kernels.get(name);
      if (has === undefined) {
        // A TF_Buffer starts with a pointer and a length; the list of no kernels is empty.
        const list = core.TF_GetRegisteredKernelsForOp(toCString(name), status);
        check(`the kernels of ${name}`);
        kernels.set(name, has = new Deno.UnsafePointerView(list!).getBigUint64(8) > 0n);
        core.TF_DeleteBuffer(list);
      }
      return has;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const pointer of handles.values()) core.TFE_DeleteTensorHandle(pointer);
      handles.clear();
      core.TFE_DeleteContext(context);
    },
  };
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
  return Object.assign(binding, constants);
}

/** A TF_Tensor with the given values; the caller deletes it. */
function allocate(
  tensorflow: TensorFlow,
  shape: number[],
  dtype: number,
  values: Values,
): Deno.PointerValue {
  const { framework } = tensorflow;
  const array = toTyped(dtype, values);
  const elements = shape.reduce((a, b) => a * b, 1);
  if (array.length !== elements) {
    throw new Error(
      `a tensor of shape [${shape}] needs ${elements} values; ${array.length} were given`,
    );
  }
  const tensor = framework.TF_AllocateTensor(
    dtype,
    int64Bytes(shape),
    shape.length,
    BigInt(array.byteLength),
  );
  if (tensor === null) throw new Error(`TensorFlow has no memory for a tensor of shape [${shape}]`);
  if (array.byteLength) {
    const data = Deno.UnsafePointerView.getArrayBuffer(
      framework.TF_TensorData(tensor)!,
      array.byteLength,
    );
    new Uint8Array(data).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return tensor;
}

function toTyped(dtype: number, values: Values) {
  switch (dtype) {
    case dataTypes.float:
      return values instanceof Float32Array
        ? values
        : Float32Array.from(values as ArrayLike<number>);
    case dataTypes.int32:
      return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
    case dataTypes.uint8:
    case dataTypes.bool:
      return values instanceof Uint8Array ? values : Uint8Array.from(values as ArrayLike<number>);
    case dataTypes.int64:
      return values instanceof BigInt64Array
        ? values
        : BigInt64Array.from(Array.from(values as ArrayLike<number>, BigInt));
    default:
      throw new Error(`tensors of TensorFlow's type ${dtype} cannot be made here`);
  }
}
