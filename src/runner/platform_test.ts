import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { openEngine } from "../engines/mod.ts";
import { jsonText } from "../bundle/layout.ts";
import { bundleFiles } from "../bundle/open.ts";
import type { Platform } from "../bundle/schemas.ts";
import { platformDifferences, platformName, platformOf, readPlatform } from "./platform.ts";

const ignore = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

const platform: Platform = {
  engine: "tensorflow",
  device: "cpu",
  threads: 2,
  processor: "A",
  instructions: ["avx", "avx2"],
  libraries: [{ name: "libtensorflow_cc.so.2", version: "2.21.0", sha256: "0".repeat(64) }],
  deno: "2.9.6",
};

Deno.test("platforms: their names, and how two of them differ", () => {
  assertEquals(
    platformName({ name: "tensorflow", device: "cpu", threads: 1 }),
    "tensorflow cpu, 1 thread",
  );
  assertEquals(platformName({ name: "webgpu", device: "A GPU", threads: null }), "webgpu A GPU");
  assertEquals(
    platformName({
      name: "tensorflow",
      device: "cpu",
      threads: 2,
      precision: "bfloat16, emulated",
    }),
    "tensorflow cpu, 2 threads, bfloat16, emulated",
  );
  assertEquals(platformDifferences(platform, structuredClone(platform)), []);
  const [library] = platform.libraries;
  const others: [Partial<Platform>, string][] = [
    [{ threads: 4 }, "threads: 2, here 4"],
    [{ precision: "bfloat16" }, "precision: float32, here bfloat16"],
    [{ processor: null }, "processor: A, here null"],
    [{ instructions: ["avx"] }, "vector instructions: avx avx2, here avx"],
    [
      { libraries: [{ ...library!, sha256: "1".repeat(64) }] },
      "libraries: libtensorflow_cc.so.2 2.21.0, here libtensorflow_cc.so.2 2.21.0 with other bytes",
    ],
  ];
  for (const [change, line] of others) {
    assertEquals(platformDifferences(platform, { ...platform, ...change }), [line]);
  }
});

Deno.test({
  name: "a bundle's platform is read as it was written, and a forged one is rejected (needs files)",
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const path = join(folder, "environment.json");
    assertEquals(readPlatform(bundleFiles(folder)), null);
    const engine = await openEngine("cpu");
    const environment = {
      engine: engine.description,
      place: platformOf(engine),
      trainedOn: [platformName(engine)],
      system: "linux x86_64",
      host: "a",
      cores: 2,
      data: { source: "mnist", images: 16, skipped: [] },
      trainingImagesPerSecond: null,
      startedAt: "2026-01-01T00:00:00.000Z",
      finishedAt: "2026-01-01T00:00:00.000Z",
      starts: 1,
      seconds: 1,
    };
    Deno.writeTextFileSync(path, jsonText(environment));
    assertEquals(readPlatform(bundleFiles(folder)), environment);
    const forged = [
      { ...environment, place: { ...platform, threads: 1e6 } },
      { ...environment, place: { ...platform, engine: "rm" } },
      { place: platform },
      [],
      null,
    ];
    for (const value of forged) {
      Deno.writeTextFileSync(path, jsonText(value));
      assertEquals(readPlatform(bundleFiles(folder)), null);
    }
    Deno.writeTextFileSync(path, "{");
    assertEquals(readPlatform(bundleFiles(folder)), null);
    Deno.removeSync(folder, { recursive: true });
  },
});
