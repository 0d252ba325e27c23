/**
 * Hides what C libraries print while they load. They read their logging settings only later.
 */

const symbols = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** Runs an action with standard error redirected to /dev/null. */
export function withoutStandardError<T>(action: () => T): T {
  const writeOnly = 1;
  const standardError = 2;
  const library = Deno.dlopen(
    Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6",
    symbols,
  );
  const { open, dup, dup2, close } = library.symbols;
  const saved = dup(standardError);
  const devNull = open(new TextEncoder().encode("/dev/null\0"), writeOnly);
  try {
    if (saved >= 0 && devNull >= 0) dup2(devNull, standardError);
    return action();
  } finally {
    if (saved >= 0) dup2(saved, standardError);
    for (const file of [saved, devNull]) if (file >= 0) close(file);
    library.close();
  }
}
