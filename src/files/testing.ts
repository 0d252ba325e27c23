/** For tests of files and processes in any room. */

function isGranted(name: Deno.PermissionName): boolean {
  return Deno.permissions.querySync({ name }).state === "granted";
}

/** Registers a test with a folder of its own, which goes with it; ignored for a reason, or "". */
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
 * Registers a test with a folder of its own, which goes with it; without permission for files it is
 * ignored.
 */
export function filesTest(name: string, fn: (folder: string) => Promise<void> | void): void {
  const permitted = isGranted("read") && isGranted("write");
  folderTest(name, permitted ? "" : "needs --allow-read --allow-write", fn);
}

/**
 * Registers a test that starts processes, in a folder of its own.
 *
 * @param ignored why it cannot be; "" where it can
 */
export function processTest(
  name: string,
  fn: (folder: string) => Promise<void> | void,
  ignored = "",
): void {
  const permitted = (["read", "write", "run", "env", "sys"] as const).every(isGranted);
  folderTest(name, permitted ? ignored : "needs --allow-all", fn);
}
