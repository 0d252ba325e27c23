import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { openEngine } from "../mod.ts";

const ignore = Deno.build.os !== "linux" ||
  ["read", "ffi", "env"].some((name) =>
    Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state !== "granted"
  );

/** Megabytes of the library's files in memory. */
function libraryPages(): number {
  const mappings = Deno.readTextFileSync("/proc/self/smaps").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  const sizes = mappings.filter((mapping) => /^.*\/libtensorflow/.test(mapping))
    .map((mapping) => Number(mapping.match(/\nRss:\s+(\d+)/)![1]) / 1024);
  return sizes.reduce((a, b) => a + b, 0);
}

Deno.test({
  name:
    "most pages of TensorFlow's library are released, and it still works (Linux; needs --allow-read --allow-ffi --allow-env)",
  ignore,
  async fn() {
    const engine = await openEngine("tensorflow");
    const before = libraryPages();
    assert(before > 0 && before < 120, `${before} MB; without releasing pages it is 340`);
    const product = engine.jit((x) => [tf.matMul(x!, x!)]);
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const [y] = product(x);
    assert((await y!.data()).join() === "7,10,15,22");
    product.dispose();
    tf.dispose([x, y!]);
    engine.dispose();
  },
});
