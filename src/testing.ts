/** For tests of files in any room. */

const ignore = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

/**
 * Registers a test with a folder of its own, which goes with it; without permission for files it is
 * ignored.
 */
export function filesTest(name: string, fn: (folder: string) => Promise<void> | void): void {
  Deno.test({
    name: `${name} (needs --allow-read --allow-write)`,
    ignore,
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
