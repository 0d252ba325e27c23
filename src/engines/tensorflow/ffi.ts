/**
 * TensorFlow's C API, as far as it is used here, through Deno's FFI. The symbols are spread over
 * two libraries; each is looked for where it lies. The C headers are `tensorflow/c/c_api.h` and
 * `tensorflow/c/eager/c_api.h`.
 */
import { dirname } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { noexecText } from "./machine.ts";
import { withoutStandardError } from "./quiet.ts";

/** TensorFlow's numbers for types (TF_DataType), as far as tensors here have them. */
export const dataTypes = {
  float: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
  uint32: 22,
  uint64: 23,
} as const;

/** The result type of a C function that gives a pointer. */
const p = "pointer";
/** An argument that is a JavaScript buffer. */
const b = "buffer";
/** `TF_Output`: an operation and the number of one of its outputs; 16 bytes, passed by value. */
const output = { struct: ["pointer", "i32"] } as const;

const frameworkSymbols = {
  TF_NewStatus: { parameters: [], result: p },
  TF_GetCode: { parameters: [p], result: "i32" },
  TF_Message: { parameters: [p], result: p },
  TF_AllocateTensor: { parameters: ["i32", b, "i32", "usize"], result: p },
  TF_TensorData: { parameters: [p], result: p },
  TF_TensorByteSize: { parameters: [p], result: "usize" },
  TF_DeleteTensor: { parameters: [p], result: "void" },
} as const;

const coreSymbols = {
  TF_Version: { parameters: [], result: p },
  TF_NewBuffer: { parameters: [], result: p },
  TF_DeleteBuffer: { parameters: [p], result: "void" },
  TF_GetRegisteredKernelsForOp: { parameters: [b, p], result: p },
  TFE_NewContextOptions: { parameters: [], result: p },
  TFE_DeleteContextOptions: { parameters: [p], result: "void" },
  TFE_ContextOptionsSetConfig: { parameters: [p, b, "usize", p], result: "void" },
  TFE_NewContext: { parameters: [p, p], result: p },
  TFE_DeleteContext: { parameters: [p], result: "void" },
  TFE_ContextListDevices: { parameters: [p, p], result: p },
  TF_DeviceListCount: { parameters: [p], result: "i32" },
  TF_DeviceListName: { parameters: [p, "i32", p], result: p },
  TF_DeviceListType: { parameters: [p, "i32", p], result: p },
  TF_DeleteDeviceList: { parameters: [p], result: "void" },
  TFE_NewOp: { parameters: [p, b, p], result: p },
  TFE_DeleteOp: { parameters: [p], result: "void" },
  TFE_OpAddInput: { parameters: [p, p, p], result: "void" },
  TFE_OpSetAttrType: { parameters: [p, b, "i32"], result: "void" },
  TFE_OpSetAttrInt: { parameters: [p, b, "i64"], result: "void" },
  TFE_OpSetAttrFloat: { parameters: [p, b, "f32"], result: "void" },
  TFE_OpSetAttrBool: { parameters: [p, b, "u8"], result: "void" },
  TFE_OpSetAttrString: { parameters: [p, b, b, "usize"], result: "void" },
  TFE_OpSetAttrShape: { parameters: [p, b, b, "i32", p], result: "void" },
  TFE_OpSetAttrIntList: { parameters: [p, b, b, "i32"], result: "void" },
  TFE_OpSetAttrFloatList: { parameters: [p, b, b, "i32"], result: "void" },
  TFE_OpSetAttrTypeList: { parameters: [p, b, b, "i32"], result: "void" },
  TFE_Execute: { parameters: [p, b, b, p], result: "void" },
  TFE_NewTensorHandle: { parameters: [p, p], result: p },
  TFE_DeleteTensorHandle: { parameters: [p], result: "void" },
  TFE_TensorHandleCopySharingTensor: { parameters: [p, p], result: p },
  TFE_TensorHandleResolve: { parameters: [p, p], result: p },
  TFE_TensorHandleNumDims: { parameters: [p, p], result: "i32" },
  TFE_TensorHandleDim: { parameters: [p, "i32", p], result: "i64" },
  TFE_TensorHandleDataType: { parameters: [p], result: "i32" },
  TFE_ContextAddFunction: { parameters: [p, p, p], result: "void" },
  TFE_ContextRemoveFunction: { parameters: [p, b, p], result: "void" },
  TF_NewGraph: { parameters: [], result: p },
  TF_DeleteGraph: { parameters: [p], result: "void" },
  TF_GraphGetOpDef: { parameters: [p, b, p, p], result: "void" },
  TF_NewOperation: { parameters: [p, b, b], result: p },
  TF_AddInput: { parameters: [p, output], result: "void" },
  TF_AddControlInput: { parameters: [p, p], result: "void" },
  TF_AddInputList: { parameters: [p, b, "i32"], result: "void" },
  TF_FinishOperation: { parameters: [p, p], result: p },
  TF_SetAttrType: { parameters: [p, b, "i32"], result: "void" },
  TF_SetAttrInt: { parameters: [p, b, "i64"], result: "void" },
  TF_SetAttrFloat: { parameters: [p, b, "f32"], result: "void" },
  TF_SetAttrBool: { parameters: [p, b, "u8"], result: "void" },
  TF_SetAttrString: { parameters: [p, b, b, "usize"], result: "void" },
  TF_SetAttrShape: { parameters: [p, b, b, "i32"], result: "void" },
  TF_SetAttrIntList: { parameters: [p, b, b, "i32"], result: "void" },
  TF_SetAttrFloatList: { parameters: [p, b, b, "i32"], result: "void" },
  TF_SetAttrTypeList: { parameters: [p, b, b, "i32"], result: "void" },
  TF_SetAttrTensor: { parameters: [p, b, p, p], result: "void" },
  TF_GraphGetTensorNumDims: { parameters: [p, output, p], result: "i32" },
  TF_GraphGetTensorShape: { parameters: [p, output, b, "i32", p], result: "void" },
  TF_OperationOutputType: { parameters: [output], result: "i32" },
  TF_GraphToFunction: {
    parameters: [p, b, "u8", "i32", p, "i32", b, "i32", b, p, p, p, p],
    result: p,
  },
  TF_GraphCopyFunction: { parameters: [p, p, p, p], result: "void" },
  TF_DeleteFunction: { parameters: [p], result: "void" },
} as const;

/**
 * TensorFlow's logger (Abseil of its pinned release), which heeds no environment variable until it
 * is set up.
 */
const loggerSymbols = {
  _ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE: {
    parameters: ["i32"],
    result: "void",
    // Another release has another name for it, and is louder.
    optional: true,
  },
} as const;

/** The opened libraries: the C functions and one status that all calls share. */
export interface TensorFlow {
  readonly core: Deno.DynamicLibrary<typeof coreSymbols>["symbols"];
  readonly framework: Deno.DynamicLibrary<typeof frameworkSymbols>["symbols"];
  readonly status: Deno.PointerValue;
  /**
   * Throws TensorFlow's own message where the last call failed; `what` says, or is asked for, what
   * was tried.
   */
  check(what: string | (() => string)): void;
}

/**
 * Loads a library as Deno's own `dlopen` cannot: it stays in memory until the process ends
 * (RTLD_NODELETE), for Deno unloads libraries when it exits, while TensorFlow's threads still run
 * in theirs; and it looks for symbols in itself first (RTLD_DEEPBIND), for another LLVM in the
 * process, that of a software GPU's driver, has the same names. Either would be a segmentation
 * fault.
 */
function preload(path: string): void {
  const lazy = 1;
  const [host, flags] = Deno.build.os === "darwin"
    ? ["libSystem.dylib", 0x80]
    : ["libc.so.6", 0x1008];
  const symbols = { dlopen: { parameters: [b, "i32"], result: p } } as const;
  try {
    Deno.dlopen(host, symbols).symbols.dlopen(toCString(path), lazy | flags);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // Before glibc 2.34 the function lies in a library of its own.
    Deno.dlopen("libdl.so.2", symbols).symbols.dlopen(toCString(path), lazy | flags);
  }
}

/**
 * Opens the two libraries. Throws a {@link UserError} where they are not TensorFlow's or do not
 * load here.
 */
export function openTensorFlow(paths: { framework: string; cc: string }): TensorFlow {
  const open = <S extends Deno.ForeignLibraryInterface>(path: string, symbols: S) => {
    try {
      preload(path);
      return Deno.dlopen(path, symbols).symbols;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      if (/failed to map segment/.test((error as Error).message)) {
        throw new UserError(noexecText(dirname(path)));
      }
      throw new UserError(
        `${path} does not load as TensorFlow's library: ${(error as Error).message}\n` +
          "Set TENSORFLOW_DIR to the folder of another one, or unset it and let the pinned version be fetched.",
      );
    }
  };
  // oneDNN's memory pool and products are faster. Where it is off by default, as it is on some
  // CPUs, results would differ. The library decides while it loads, and says so.
  Deno.env.set("TF_ENABLE_ONEDNN_OPTS", "1");
  const isQuiet = Deno.env.get("TF_CPP_MIN_LOG_LEVEL") === undefined;
  const errorsOnly = 2;
  const openFramework = () => open(paths.framework, frameworkSymbols);
  const framework = isQuiet ? withoutStandardError(openFramework) : openFramework();
  if (isQuiet) {
    open(paths.framework, loggerSymbols)
      ._ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE?.(errorsOnly);
  }
  const core = open(paths.cc, coreSymbols);
  const status = framework.TF_NewStatus();
  return {
    core,
    framework,
    status,
    check(what) {
      if (framework.TF_GetCode(status) === 0) return;
      // Read before `what` is asked, which may use the status itself.
      const message = cString(framework.TF_Message(status));
      throw new Error(`${typeof what === "string" ? what : what()}: ${message}`);
    },
  };
}

/** The text at a C string. */
export function cString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}

const encoder = new TextEncoder();
const cStrings = new Map<string, Uint8Array<ArrayBuffer>>();

/**
 * A text as a C string. Kept, for the few names of operations and attributes come again and again.
 */
export function toCString(text: string): Uint8Array<ArrayBuffer> {
  let bytes = cStrings.get(text);
  if (!bytes) cStrings.set(text, bytes = encoder.encode(text + "\0"));
  return bytes;
}

/** 64-bit integers as bytes. */
export function int64Bytes(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BigInt64Array.from(Array.from(values, BigInt)).buffer);
}
