/**
 * Memory that the process holds without need, given back to the system. Only what is resident
 * changes, no result; where the system is none of Linux with glibc, nothing happens.
 */

const symbols = {
  madvise: { parameters: ["u64", "usize", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
} as const;

let libc: Deno.DynamicLibrary<typeof symbols> | null | undefined;

function open(): typeof libc {
  if (libc !== undefined || Deno.build.os !== "linux") return libc;
  try {
    libc = Deno.dlopen("libc.so.6", symbols);
  } catch {
    libc = null; // Another C library, which has its own ways.
  }
  return libc;
}

/**
 * Lets go of the pages of a library's file that its start touched: of TensorFlow's they are 330 MB,
 * of which a network needs a third, and the system reads those again where they are used
 * (madvise(2), MADV_DONTNEED). Mappings with pages that the process wrote to, as the linker does,
 * are left alone.
 *
 * @param folder where the library's files lie
 */
export function releaseLibraryPages(folder: string): void {
  const dontNeed = 4;
  const found = open();
  if (!found) return;
  let mappings: string[];
  let within: string;
  try {
    within = ` ${Deno.realPathSync(folder)}/`;
    mappings = Deno.readTextFileSync("/proc/self/smaps").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  } catch {
    return; // Without /proc, or without the permission to read it.
  }
  for (const mapping of mappings) {
    const [, begin, end] = mapping.match(/^([0-9a-f]+)-([0-9a-f]+) r[w-][x-]p /) ?? [];
    const isClean = ["Anonymous", "Private_Dirty"].every((kind) =>
      new RegExp(`\n${kind}:\\s+0 kB`).test(mapping)
    );
    if (begin === undefined || !isClean || !mapping.split("\n", 1)[0]!.includes(within)) continue;
    const from = BigInt(`0x${begin}`);
    found.symbols.madvise(from, BigInt(`0x${end}`) - from, dontNeed);
  }
}

/**
 * Lets go of freed memory that malloc keeps for later: tens to hundreds of megabytes behind a large
 * network.
 */
export function releaseFreedMemory(): void {
  open()?.symbols.malloc_trim(0n);
}
