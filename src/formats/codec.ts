/**
 * Image decoders of C libraries, compiled to WebAssembly: compiled when the first image of their
 * kind is met, called like functions. A decoder reaches nothing outside its own memory.
 */

/** What these modules export beside their own functions. */
interface Allocator {
  memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(at: number): void;
}

/** A decoder's functions; addresses and lengths are numbers. */
export type Codec<Name extends string> = Allocator & Record<Name, (...args: number[]) => number>;

/** A decoder has given up. Its instance is of no further use. */
export class Abandoned extends Error {}

const abandon = () => {
  throw new Abandoned();
};

/** What the modules import. Of the system they are given nothing. */
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
 * A maker of instances of one decoder.
 *
 * @param wasm the module's bytes
 */
export function codecOf<Name extends string>(
  wasm: Uint8Array<ArrayBuffer>,
): () => Codec<Name> {
  let module: WebAssembly.Module | null = null;
  return () => {
    module ??= new WebAssembly.Module(wasm);
    // The names are those of the pinned package; a test calls each.
    return new WebAssembly.Instance(module, imports).exports as unknown as Codec<Name>;
  };
}

/** Lays bytes into a decoder's memory; throws {@link Abandoned} where there is no room. */
export function given(codec: Allocator, bytes: Uint8Array): number {
  const at = room(codec, bytes.length);
  new Uint8Array(codec.memory.buffer, at, bytes.length).set(bytes);
  return at;
}

/** So many bytes of a decoder's memory; throws {@link Abandoned} where there is no room. */
export function room(codec: Allocator, length: number): number {
  const at = codec.malloc(length);
  if (at === 0) throw new Abandoned();
  return at;
}

/** A copy of bytes in a decoder's memory. */
export function taken(codec: Allocator, at: number, length: number): Uint8Array {
  return new Uint8Array(codec.memory.buffer, at, length).slice();
}

/** Whether a decoder ended in a way that its file brought about: it gave up, or it trapped. */
export function isCodecFailure(error: unknown): boolean {
  return error instanceof Abandoned || error instanceof WebAssembly.RuntimeError;
}
