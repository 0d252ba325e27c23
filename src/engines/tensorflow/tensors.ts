/**
 * The tensors of the engine by the numbers that tfjs knows them by. A number stands for a handle,
 * whose values TensorFlow holds, or for a symbolic tensor, which exists only while a function is
 * traced.
 */
import { dataTypes, type TensorFlow } from "./ffi.ts";

/** What tfjs is told about a tensor. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  /** TensorFlow's number for the type, see {@link dataTypes}. */
  dtype: number;
}

/** One output of a graph's node. */
export interface SymbolicTensor {
  op: Deno.PointerValue;
  /** Which of the node's outputs it is. */
  index: number;
  /** The name of the operation, for messages. */
  name: string;
  shape: number[];
  dtype: number;
  /** The same tensor converted from float32 to bfloat16 or back, once that was needed. */
  twin?: SymbolicTensor;
}

/** Numbers tensors, and finds them by number. */
export interface Tensors {
  /** The handle with this number. Throws if there is none. */
  handle(id: number): Deno.PointerValue;
  /** The symbolic tensor with this number, if it is one. */
  symbol(id: number): SymbolicTensor | undefined;
  /** Numbers a handle. Its tensor is freed with the number. */
  addHandle(pointer: Deno.PointerValue): TensorMetadata;
  /** Numbers a symbolic tensor. */
  addSymbol(symbol: SymbolicTensor): TensorMetadata;
  /** Frees a tensor; does nothing if it is already free. */
  delete(id: number): void;
  /** How many handles there are. */
  handleCount(): number;
  /** Frees every handle. */
  dispose(): void;
}

/** Starts with no tensors. */
export function createTensors(tensorflow: TensorFlow): Tensors {
  const { core } = tensorflow;
  const handles = new Map<number, Deno.PointerValue>();
  const symbols = new Map<number, SymbolicTensor>();
  let nextId = 1;

  return {
    handle(id) {
      const pointer = handles.get(id);
      if (pointer === undefined) throw new Error(`tensor ${id} does not exist, or no longer`);
      return pointer;
    },
    symbol: (id) => symbols.get(id),
    addHandle(pointer) {
      const id = nextId++;
      handles.set(id, pointer);
      return { id, ...handleMetadata(tensorflow, pointer) };
    },
    addSymbol(symbol) {
      const id = nextId++;
      symbols.set(id, symbol);
      // tfjs has no bfloat16.
      const dtype = symbol.dtype === dataTypes.bfloat16 ? dataTypes.float : symbol.dtype;
      return { id, shape: symbol.shape, dtype };
    },
    delete(id) {
      if (symbols.delete(id)) return;
      const pointer = handles.get(id);
      if (pointer === undefined) return;
      core.TFE_DeleteTensorHandle(pointer);
      handles.delete(id);
    },
    handleCount: () => handles.size,
    dispose() {
      for (const pointer of handles.values()) core.TFE_DeleteTensorHandle(pointer);
      handles.clear();
    },
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
