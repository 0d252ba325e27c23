import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../errors.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { leastMemory, refuseTooLarge } from "./memory.ts";

const spec = (...overrides: string[]) => resolveSpec(parseSpec("architecture: D\ndataset: mnist-m"), overrides);

Deno.test("the least memory: weights once, outputs for each image of a batch, or the images drawn", () => {
  const one = leastMemory(spec("training.batchSize=1")), two = leastMemory(spec("training.batchSize=2"));
  const three = leastMemory(spec("training.batchSize=3"));
  assertEquals(three - two, two - one);
  // Weights, gradients and two means of 5,897,155 parameters.
  assertEquals(one - (two - one), 16 * 5_897_155);
  // The published run is held by less than 3 GB; what cannot be less is far below that.
  assert(leastMemory(spec()) < 3e8, `${leastMemory(spec())}`);
  assertEquals(leastMemory(spec("sampling.count=10000000", "sampling.rotation=[0,45]")), 2e7 * 3072);
});

Deno.test("a run that no machine holds is refused, with what to make smaller", () => {
  const engine = { device: "cpu" } as Engine, gpu = { device: "a GPU" } as Engine;
  const hostile = spec("training.batchSize=65536", "imageSize=128", "baseWidth=512");
  const error = assertThrows(
    () => refuseTooLarge(hostile, engine, { total: 64e9 }),
    UserError,
    "this machine has 64 GB",
  );
  assert(error.message.includes("training.batchSize (65536)"));
  refuseTooLarge(hostile, gpu, { total: 64e9 });
  refuseTooLarge(hostile, engine, { total: null });
  refuseTooLarge(spec(), engine, { total: 4e9 });
  // A batch is no larger than the dataset.
  refuseTooLarge(spec("training.batchSize=65536"), engine, { images: 16, total: 4e9 });
  assertThrows(
    () => refuseTooLarge(spec("training.batchSize=65536"), engine, { images: 60_000, total: 64e9 }),
    UserError,
  );
});
