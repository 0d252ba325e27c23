import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type Zippable, zipSync } from "fflate";
import { extractEntry, listWheel } from "./wheel.ts";

const ignore = ["read", "write"].some((name) =>
  Deno.permissions.querySync({ name: name as "read" | "write" }).state !== "granted"
);
const why = "(needs --allow-read --allow-write)";

/** Calls a function with a wheel in a temporary folder. */
async function withWheel(files: Zippable, use: (wheel: string, folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const wheel = join(folder, "a.whl");
    await Deno.writeFile(wheel, zipSync(files));
    await use(wheel, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bytes that deflate cannot compress much. */
function noise(length: number): Uint8Array {
  let state = 7;
  return Uint8Array.from(
    { length },
    () => (state = (state * 1103515245 + 12345) % 2147483648) >>> 16 & 0x3f,
  );
}

Deno.test({
  name: `extracted files equal the originals, deflated and stored ${why}`,
  ignore,
  fn: () =>
    withWheel({
      "a/large.so": noise(1_000_000),
      "a/stored.bin": [noise(300_000), { level: 0 }],
      "a/empty.txt": new Uint8Array(0),
      "b/bin/tool": [noise(10), { os: 3, attrs: 0o100755 << 16 }],
    }, async (wheel, folder) => {
      const entries = await listWheel(wheel);
      assertEquals(entries.map(({ path, bytes, method }) => [path, bytes, method]), [
        ["a/large.so", 1_000_000, 8],
        ["a/stored.bin", 300_000, 0],
        ["a/empty.txt", 0, 8],
        ["b/bin/tool", 10, 8],
      ]);
      const out = join(folder, "out");
      let extracted = 0;
      for (const entry of entries) {
        await extractEntry(wheel, entry, out, (bytes) => extracted += bytes);
      }
      assertEquals(extracted, 1_300_010);
      const lengths = { "a/large.so": 1_000_000, "a/stored.bin": 300_000, "a/empty.txt": 0 };
      for (const [path, length] of Object.entries(lengths)) {
        assertEquals(await Deno.readFile(join(out, path)), noise(length));
      }
      if (Deno.build.os === "windows") return;
      assertEquals((await Deno.stat(join(out, "b/bin/tool"))).mode! & 0o111, 0o111);
      assertEquals((await Deno.stat(join(out, "a/large.so"))).mode! & 0o111, 0);
    }),
});

Deno.test({
  name: `a truncated wheel is an error, wherever it ends ${why}`,
  ignore,
  fn: () =>
    withWheel({ "a.so": noise(5000) }, async (wheel, folder) => {
      const bytes = await Deno.readFile(wheel);
      const half = join(folder, "half.whl");
      for (const length of [0, 10, 100, bytes.length / 2, bytes.length - 30, bytes.length - 1]) {
        await Deno.writeFile(half, bytes.subarray(0, length));
        await assertRejects(() => listWheel(half), Error);
      }
    }),
});

Deno.test({
  name: `a wheel with corrupt bytes is an error ${why}`,
  ignore,
  fn: () =>
    withWheel({ "a.so": noise(5000) }, async (wheel, folder) => {
      const [entry] = await listWheel(wheel);
      const bytes = await Deno.readFile(wheel);
      bytes.fill(0xff, 40, 60);
      await Deno.writeFile(wheel, bytes);
      await assertRejects(() => extractEntry(wheel, entry!, join(folder, "out")));
    }),
});

Deno.test({
  name: `a path that leads out of the folder is refused ${why}`,
  ignore,
  fn: () =>
    withWheel({ "../outside": noise(10) }, async (wheel, folder) => {
      const [entry] = await listWheel(wheel);
      await assertRejects(
        () => extractEntry(wheel, entry!, join(folder, "out")),
        Error,
        "out of its folder",
      );
    }),
});
