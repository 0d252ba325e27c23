import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { diskSpaceText, requireSpace, spaceFor } from "./space.ts";

Deno.test("disk space of the published D-2N: weights three times, six times while it runs", () => {
  const weights = 4 * 5_897_155;
  const images = 64 * 32 * 32 * 3;
  const { bundle, work } = spaceFor(resolveSpec(parseSpec("architecture: D\ndataset: mnist-m\n")));
  assertEquals(work, 6 * weights + images);
  assert(bundle > 3 * weights + 2 * images && bundle < 3.3 * weights + 2 * images);
});

Deno.test("free space is rounded down, needed space up", () => {
  assertEquals(diskSpaceText(2 << 20, 2_100_000), "2 MB free, and this run needs about 3 MB");
  assertEquals(diskSpaceText(999_999, 1234.5e6), "0 MB free, and this run needs about 1,235 MB");
});

Deno.test({
  name: "a run is refused if the disk has too little space (needs files and --allow-sys)",
  ignore: (["read", "write", "sys"] as const).some((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  ),
  fn() {
    const path = Deno.makeTempDirSync();
    requireSpace("out", { bundle: 1e6, work: 1e6 }, { path });
    const message =
      /^out: the disk has [\d,]+ MB free, and this run needs about 1,000,000,000,000 MB/;
    const error = assertThrows(
      () => requireSpace("out", { bundle: 1e18, work: 0 }, { path }),
      UserError,
    );
    assert(message.test((error as Error).message), (error as Error).message);
    // Files that the run has already written need no further space.
    Deno.writeFileSync(join(path, "checkpoint.safetensors"), new Uint8Array(1000));
    requireSpace("out", { bundle: 500, work: 500 }, { path });
    Deno.removeSync(path, { recursive: true });
  },
});
