/**
 * The part of TensorFlow's C API that we use, through Deno's FFI. Its functions are in two
 * libraries, the framework and the core. The C headers are `tensorflow/c/c_api.h` and
 * `tensorflow/c/eager/c_api.h`.
 */
import { dirname } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { noexecText } from "./machine.ts";
import { withoutStandardError } from "./quiet.ts";

/** TensorFlow's numbers for the types that we use (TF_DataType). */
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

/** A C pointer. */
const p = "pointer";
/** A JavaScript buffer, passed by its address. */
const b = "buffer";
/** `TF_Output`: an operation and the index of one of its outputs; 16 bytes, passed by value. */
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
 * TensorFlow's logger, from the Abseil version of the pinned release. It ignores environment
 * variables until it is set up.
 */
const loggerSymbols = {
  _ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE: {
    parameters: ["i32"],
    result: "void",
    // Another release has another name for it, and then logs more.
    optional: true,
  },
} as const;

/** The open libraries: the C functions, and one status that all calls share. */
export interface TensorFlow {
  readonly core: Deno.DynamicLibrary<typeof coreSymbols>["symbols"];
  readonly framework: Deno.DynamicLibrary<typeof frameworkSymbols>["symbols"];
  readonly status: Deno.PointerValue;
  /**
   * Throws an error with TensorFlow's message if the last call failed.
   *
   * @param what what the call does, for the message
   */
  check(what: string | (() => string)): void;
}

/**
 * Loads a library with two flags that Deno's own `dlopen` does not set. Without either, the process
 * can end in a segmentation fault.
 *
 * - RTLD_NODELETE keeps the library in memory until the process ends. Deno unloads libraries when
 *   it exits, while TensorFlow's threads still run.
 * - RTLD_DEEPBIND makes the library use its own symbols first. A software GPU's driver loads
 *   another LLVM with the same symbol names. (macOS needs no such flag.)
 */
function preload(path: string): void {
  const lazy = 1;
  const [libc, flags] = Deno.build.os === "darwin"
    ? ["libSystem.dylib", 0x80]
    : ["libc.so.6", 0x1008];
  const symbols = { dlopen: { parameters: [b, "i32"], result: p } } as const;
  try {
    Deno.dlopen(libc, symbols).symbols.dlopen(toCString(path), lazy | flags);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // Before glibc 2.34, `dlopen` is in a library of its own.
    Deno.dlopen("libdl.so.2", symbols).symbols.dlopen(toCString(path), lazy | flags);
  }
}

/**
 * Opens the two libraries.
 *
 * @throws {UserError} if they are not TensorFlow's or cannot be loaded
 */
export function openTensorFlow(paths: { framework: string; cc: string }): TensorFlow {
  const open = <S extends Deno.ForeignLibraryInterface>(path: string, symbols: S) => {
    try {
      preload(path);
      return Deno.dlopen(path, symbols).symbols;
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
      if (error.message.includes("failed to map segment")) {
        throw new UserError(noexecText(dirname(path)));
      }
      throw new UserError(
        `${path} cannot be loaded as TensorFlow's library: ${error.message}\n` +
          "Set TENSORFLOW_DIR to the folder of another one, or unset it to download the pinned " +
          "version.",
      );
    }
  };
  // oneDNN is faster. TensorFlow turns it off by default on some CPUs, where results would then
  // differ. The library reads this variable, and prints that it did, while it loads.
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
      // Read the message before calling `what`, which may use the status itself.
      const message = cString(framework.TF_Message(status));
      throw new Error(`${typeof what === "string" ? what : what()}: ${message}`);
    },
  };
}

/** Reads a C string. */
export function cString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}

const encoder = new TextEncoder();
const cStrings = new Map<string, Uint8Array<ArrayBuffer>>();

/**
 * Makes a C string. Strings are kept, because the same few names of operations and attributes
 * recur.
 */
export function toCString(text: string): Uint8Array<ArrayBuffer> {
  let bytes = cStrings.get(text);
  if (!bytes) cStrings.set(text, bytes = encoder.encode(text + "\0"));
  return bytes;
}

/** The bytes of 64-bit integers. */
export function int64Bytes(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BigInt64Array.from(Array.from(values, BigInt)).buffer);
}
