/**
 * Keeps the messages of C libraries off the terminal while they load: no setting of theirs is
 * heeded by then.
 */

const symbols = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** Runs an action while what is written to standard error goes nowhere. */
export function withoutStandardError<T>(action: () => T): T {
  const writeOnly = 1;
  const standardError = 2;
  const library = Deno.dlopen(
    Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6",
    symbols,
  );
  const { open, dup, dup2, close } = library.symbols;
  const kept = dup(standardError);
  const nowhere = open(new TextEncoder().encode("/dev/null\0"), writeOnly);
  try {
    if (kept >= 0 && nowhere >= 0) dup2(nowhere, standardError);
    return action();
  } finally {
    if (kept >= 0) dup2(kept, standardError);
    for (const file of [kept, nowhere]) if (file >= 0) close(file);
    library.close();
  }
}
