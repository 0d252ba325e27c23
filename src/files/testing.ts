/** Helpers for tests that use files or processes. */

function isGranted(name: Deno.PermissionName): boolean {
  return Deno.permissions.querySync({ name }).state === "granted";
}

/** Registers a test with a temporary folder; `ignored` is the reason to ignore it, or empty. */
function folderTest(
  name: string,
  ignored: string,
  fn: (folder: string) => Promise<void> | void,
): void {
  Deno.test({
    name: ignored ? `${name} (${ignored})` : name,
    ignore: ignored !== "",
    fn: async () => {
      const folder = Deno.makeTempDirSync();
      try {
        await fn(folder);
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

/**
 * Registers a test with a temporary folder. It is ignored without permission to read and write.
 */
export function filesTest(name: string, fn: (folder: string) => Promise<void> | void): void {
  const permitted = isGranted("read") && isGranted("write");
  folderTest(name, permitted ? "" : "needs --allow-read --allow-write", fn);
}

/**
 * Registers a test that starts processes, with a temporary folder.
 *
 * @param ignored why it cannot run; empty if it can
 */
export function processTest(
  name: string,
  fn: (folder: string) => Promise<void> | void,
  ignored = "",
): void {
  const permitted = (["read", "write", "run", "env", "sys"] as const).every(isGranted);
  folderTest(name, permitted ? ignored : "needs --allow-all", fn);
}
