import { assert, assertEquals } from "@std/assert";
import { wheelSet } from "./pins.ts";

Deno.test("every pinned wheel has a digest and a size, and its needed files include the two libraries", () => {
  for (
    const [os, arch, gpu] of [
      ["linux", "x86_64", true],
      ["linux", "x86_64", false],
      ["linux", "aarch64", true],
      ["darwin", "aarch64", false],
    ] as const
  ) {
    const set = wheelSet(os, arch, gpu)!;
    assertEquals(set.gpu, gpu && arch === "x86_64");
    for (const { sha256, bytes } of set.wheels) {
      assert(/^[0-9a-f]{64}$/.test(sha256) && bytes > 1e6);
    }
    const ending = os === "darwin"
      ? (name: string) => `${name}.2.dylib`
      : (name: string) => `${name}.so.2`;
    assert(set.isNeeded(`tensorflow/${ending("libtensorflow_cc")}`));
    assert(set.isNeeded(`tensorflow/${ending("libtensorflow_framework")}`));
    assert(!set.isNeeded("tensorflow/python/lib_pywrap_tensorflow_common.so"));
    assertEquals(set.isNeeded("nvidia/cuda_nvcc/bin/ptxas"), set.gpu);
    assert(!set.isNeeded("nvidia/cudnn/include/cudnn.h"));
  }
});
