import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { largestTensor, minMemory, requireMemory, requireSamplingMemory } from "./memory.ts";

const spec = (...overrides: string[]) =>
  resolveSpec(parseSpec("architecture: D\ndataset: mnist-m"), overrides);

Deno.test("minimum memory: weights once, outputs per image of a batch, or drawn images", () => {
  const one = minMemory(spec("training.batchSize=1"));
  const two = minMemory(spec("training.batchSize=2"));
  const three = minMemory(spec("training.batchSize=3"));
  assertEquals(three - two, two - one);
  // Weights, gradients and two means of 5,897,155 parameters.
  assertEquals(one - (two - one), 16 * 5_897_155);
  // The published run fits into 3 GB, and the lower bound is far below that.
  assert(minMemory(spec()) < 3e8, `${minMemory(spec())}`);
  assertEquals(
    minMemory(spec("sampling.count=10000000", "sampling.rotation=[0,45]")),
    2e7 * 3072,
  );
});

Deno.test("minimum memory: parts of a batch, and two passes for the equivariance loss", () => {
  const of = (...training: string[]) => minMemory(spec(...training));
  const [one, two] = [of("training.batchSize=1"), of("training.batchSize=2")];
  const perImage = two - one;
  // Three parts of at most six images, and the sums of their gradients.
  assertEquals(
    of("training.batchSize=16", "training.accumulate=3"),
    one + 5 * perImage + 4 * 5_897_155,
  );
  const equivariance = "training.equivariance={ weight: 1, shift: 2 }";
  assertEquals(of("training.batchSize=16", equivariance), one + 31 * perImage);
});

Deno.test("a run that fits into no machine is refused, with what to make smaller", () => {
  const engine = { device: "cpu", largestTensor: null } as Engine;
  const gpu = { device: "a GPU", largestTensor: null } as Engine;
  const hostile = spec("training.batchSize=65536", "imageSize=128", "baseWidth=512");
  const error = assertThrows(
    () => requireMemory(hostile, engine, { total: 64e9, limit: null }),
    UserError,
    "this machine has 64 GB",
  );
  assert(error.message.includes("training.batchSize (65536)"));
  requireMemory(hostile, gpu, { total: 64e9, limit: null });
  requireMemory(hostile, engine, { total: null, limit: null });
  requireMemory(spec(), engine, { total: 4e9, limit: null });
  // A batch is at most as large as the dataset.
  requireMemory(spec("training.batchSize=65536"), engine, { images: 16, total: 4e9, limit: null });
  assertThrows(
    () =>
      requireMemory(spec("training.batchSize=65536"), engine, {
        images: 60_000,
        total: 64e9,
        limit: null,
      }),
    UserError,
  );
});

Deno.test("a sampling batch that fits into no machine is refused before training", () => {
  const engine = { device: "cpu", largestTensor: null } as Engine;
  const many = spec("imageSize=128", "sampling.count=65536", "sampling.batchSize=65536");
  assertThrows(
    () => requireMemory(many, engine, { total: 64e9, limit: null }),
    UserError,
    "sampling.batchSize (65536)",
  );
  requireMemory(spec("sampling.count=1000000"), engine, { total: 64e9, limit: null });
  // Only 64 images are drawn.
  requireMemory(spec("sampling.batchSize=65536"), engine, { total: 64e9, limit: null });
});

Deno.test("a run whose tensors are too large for the GPU is refused before training", () => {
  const gpu = { device: "a GPU", largestTensor: 2 ** 27 } as Engine;
  // The widest layers have 64 channels at 32 x 32.
  assertEquals(largestTensor(spec("training.batchSize=20")), 64 * 64 * 32 * 32 * 4);
  const error = assertThrows(
    () => requireMemory(spec("training.batchSize=1024"), gpu),
    UserError,
    "this run needs tensors of at least 0.27 GB, and a GPU takes at most 0.13 GB in one",
  );
  assert(error.message.includes("training.batchSize (1024)"));
  requireMemory(spec("training.batchSize=1024"), gpu, { images: 100 });
  requireMemory(spec("sampling.count=600", "sampling.batchSize=512"), gpu);
  assertThrows(
    () => requireMemory(spec("sampling.count=600", "sampling.batchSize=600"), gpu),
    UserError,
  );
  const guided = ["classes=10", "sampling.guidance=2", "sampling.count=600"];
  requireMemory(spec(...guided, "sampling.batchSize=256"), gpu);
  assertThrows(() => requireMemory(spec(...guided, "sampling.batchSize=300"), gpu), UserError);
});

Deno.test("drawing is refused by what drawing takes, whatever the training took", () => {
  const cpu = { device: "cpu", largestTensor: null } as Engine;
  const trained = spec("training.batchSize=65536", "imageSize=128", "baseWidth=512");
  requireSamplingMemory(trained, cpu, { total: 64e9, limit: null });
  const many = spec("imageSize=128", "sampling.count=65536", "sampling.batchSize=65536");
  const error = assertThrows(
    () => requireSamplingMemory(many, cpu, { total: 64e9, limit: null }),
    UserError,
    "this drawing needs more than",
  );
  assert(!error.message.includes("training.batchSize"));
  const batch = spec("sampling.count=2000", "sampling.batchSize=2000");
  requireSamplingMemory(batch, cpu, { total: 64e9, limit: 2e9 });
  assertThrows(
    () => requireSamplingMemory(batch, cpu, { total: 64e9, limit: 5e8 }),
    UserError,
    "this container has 0.5 GB",
  );
});
