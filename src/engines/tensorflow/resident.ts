/**
 * Returns memory that the process does not need to the system. This changes no results. It does
 * nothing unless the system is Linux with glibc.
 */

const symbols = {
  madvise: { parameters: ["u64", "usize", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
} as const;

/** Undefined until it is first opened; null if it cannot be opened. */
let libc: Deno.DynamicLibrary<typeof symbols> | null | undefined;

function openLibc(): typeof libc {
  if (libc !== undefined || Deno.build.os !== "linux") return libc;
  try {
    libc = Deno.dlopen("libc.so.6", symbols);
  } catch {
    libc = null; // Another C library than glibc.
  }
  return libc;
}

/**
 * Releases the pages of a library's files that were read when it was loaded (madvise(2) with
 * MADV_DONTNEED). For TensorFlow these are 330 MB, of which a network needs a third; the system
 * reads those again on use. Mappings that the process has written to, as the linker does, are left
 * alone.
 *
 * @param folder the folder with the library's files
 */
export function releaseLibraryPages(folder: string): void {
  const dontNeed = 4;
  const libc = openLibc();
  if (!libc) return;
  let mappings: string[];
  let inFolder: string;
  try {
    inFolder = ` ${Deno.realPathSync(folder)}/`;
    mappings = Deno.readTextFileSync("/proc/self/smaps").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  } catch {
    return; // There is no /proc, or no permission to read it.
  }
  for (const mapping of mappings) {
    const [, begin, end] = mapping.match(/^([0-9a-f]+)-([0-9a-f]+) r[w-][x-]p /) ?? [];
    const isClean = ["Anonymous", "Private_Dirty"].every((kind) =>
      new RegExp(`\n${kind}:\\s+0 kB`).test(mapping)
    );
    if (begin === undefined || !isClean || !mapping.split("\n", 1)[0]!.includes(inFolder)) continue;
    const from = BigInt(`0x${begin}`);
    libc.symbols.madvise(from, BigInt(`0x${end}`) - from, dontNeed);
  }
}

/**
 * Releases freed memory that malloc keeps for later: tens to hundreds of megabytes after building a
 * large network.
 */
export function releaseFreedMemory(): void {
  openLibc()?.symbols.malloc_trim(0n);
}
