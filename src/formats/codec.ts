/**
 * Runs image decoders from C libraries, compiled to WebAssembly. A decoder is compiled when the
 * first image of its kind appears, and can access only its own memory.
 */

/** The exports that all these modules share. */
interface Allocator {
  memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(at: number): void;
}

/** A decoder's functions; addresses and lengths are numbers. */
export type Codec<Name extends string> = Allocator & Record<Name, (...args: number[]) => number>;

/** A decoder has given up. Its instance must not be used again. */
export class Abandoned extends Error {}

const abandon = () => {
  throw new Abandoned();
};

/** The imports of the modules. They give no access to the system. */
const imports: WebAssembly.Imports = {
  env: { setjmp: () => 0, longjmp: abandon },
  wasi_snapshot_preview1: {
    environ_sizes_get: () => 0,
    environ_get: abandon,
    fd_close: abandon,
    fd_seek: abandon,
    fd_write: abandon,
    proc_exit: abandon,
  },
};

/**
 * Returns a function that creates instances of one decoder.
 *
 * @param wasm the module's bytes
 */
export function codecOf<Name extends string>(
  wasm: Uint8Array<ArrayBuffer>,
): () => Codec<Name> {
  let module: WebAssembly.Module | null = null;
  return () => {
    module ??= new WebAssembly.Module(wasm);
    // The names match the pinned package; a test calls each.
    return new WebAssembly.Instance(module, imports).exports as unknown as Codec<Name>;
  };
}

/** Copies bytes into a decoder's memory; throws {@link Abandoned} if there is no room. */
export function copyIn(codec: Allocator, bytes: Uint8Array): number {
  const at = allocate(codec, bytes.length);
  new Uint8Array(codec.memory.buffer, at, bytes.length).set(bytes);
  return at;
}

/** Allocates bytes in a decoder's memory; throws {@link Abandoned} if there is no room. */
export function allocate(codec: Allocator, length: number): number {
  const at = codec.malloc(length);
  if (at === 0) throw new Abandoned();
  return at;
}

/** Copies bytes out of a decoder's memory. */
export function copyOut(codec: Allocator, at: number, length: number): Uint8Array {
  return new Uint8Array(codec.memory.buffer, at, length).slice();
}

/** Whether a bad file caused a decoder's failure: it gave up, or it trapped. */
export function isCodecFailure(error: unknown): boolean {
  return error instanceof Abandoned || error instanceof WebAssembly.RuntimeError;
}
