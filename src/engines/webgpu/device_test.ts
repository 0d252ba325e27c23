/** GPU failures surface as errors that say where they happened and what to do. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../messages/errors.ts";
import type { Backend } from "./backend.ts";
import { checkBufferSize, checkDispatch, gpuError } from "./device.ts";
import { openWebGpu, probeWebGpu, type WebGpuEngine } from "./mod.ts";
import { openLimitedWebGpu } from "./testing.ts";

const probe = await probeWebGpu();
const why = probe.available
  ? ""
  : " (NOTHING TESTED: no GPU, and no software GPU such as mesa-vulkan-drivers)";

/** Each test gets its own engine, because it may break it. */
function gpuTest(
  name: string,
  run: (engine: WebGpuEngine, backend: Backend) => Promise<void>,
  open = () => openWebGpu({ software: true }),
): void {
  Deno.test({
    name: `webgpu: ${name}${why}`,
    ignore: !probe.available,
    sanitizeOps: false, // The driver's threads keep running after the test.
    sanitizeResources: false,
    fn: async () => {
      const engine = await open();
      try {
        await run(engine, tf.backend() as unknown as Backend);
      } finally {
        engine.dispose();
      }
    },
  });
}

gpuTest(
  "a lost device fails the step, and says that the last checkpoint is intact",
  async (engine, { device }) => {
    const step = engine.jit((x) => [x!.square().sum()]);
    const x = tf.tensor1d([1, 2, 3]);
    assertEquals([...await step(x)[0]!.data()], [14]);
    device.destroy(); // As a driver reset does. Closing the engine itself does not count as a loss.
    const error = await assertRejects(
      async () => await step(x)[0]!.data(),
      UserError,
      "The GPU was lost",
    );
    assertStringIncludes(error.message, "The last checkpoint is intact");
    assertThrows(() => step(x), UserError, "The GPU was lost");
  },
);

gpuTest("an error outside any kernel fails everything after it", async (engine, { device }) => {
  const layout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: 4, buffer: { type: "storage" } }],
  });
  device.createBindGroup({ layout, entries: [] });
  await assertRejects(() => engine.settle(), Error, "The GPU refused");
  assertThrows(
    () => tf.tensor1d([1]).reshape([1, 1]).matMul(tf.ones([1, 1])),
    Error,
    "The GPU refused",
  );
});

gpuTest(
  "sizes beyond the limits are refused before the dispatch; the error names kernel and limit",
  async (engine, { device }) => {
    await engine.settle();
    const { limits } = device;
    const refused = (run: () => void, ...words: string[]) => {
      const { message } = assertThrows(run, UserError);
      for (const word of words) assertStringIncludes(message, word);
    };
    const maxBytes = limits.maxStorageBufferBindingSize;
    const groups = limits.maxComputeWorkgroupsPerDimension;
    refused(
      () => checkBufferSize(limits, "Conv2D", maxBytes + 4),
      "Conv2D",
      "maxStorageBufferBindingSize",
      `${maxBytes}`,
    );
    refused(
      () => checkDispatch(limits, "Sum", [1, groups + 1, 1], 3),
      "Sum",
      "maxComputeWorkgroupsPerDimension",
    );
    const buffers = limits.maxStorageBuffersPerShaderStage;
    refused(
      () => checkDispatch(limits, "AdamW", [1, 1, 1], buffers + 1),
      "AdamW",
      "maxStorageBuffersPerShaderStage",
    );
    const column = tf.zeros([1 << 16, 1]);
    const table = () => [tf.add(column, column.reshape([1, 1 << 16]))]; // 16 GiB
    for (const run of [table, engine.jit(table)]) {
      refused(run, "BinaryOpProgram", "maxStorageBufferBindingSize", "training.batchSize");
    }
    checkBufferSize(limits, "Conv2D", maxBytes);
    checkDispatch(limits, "Sum", [groups, groups, groups], buffers);
  },
);

gpuTest("a plan that needs too much memory fails with its size", async (engine, backend) => {
  // Simulates what drivers report when they run out of memory.
  const { device } = backend;
  const make = device.createBuffer.bind(device);
  const pop = device.popErrorScope.bind(device);
  let refuse = false;
  Object.defineProperty(device, "popErrorScope", {
    value: async () => {
      const error = await pop();
      return refuse ? new GPUOutOfMemoryError("Not enough memory left.") : error;
    },
  });
  Object.defineProperty(device, "createBuffer", {
    value: (descriptor: GPUBufferDescriptor) => {
      refuse = true;
      return make(descriptor);
    },
  });
  const step = engine.jit((x) => [x!.square().sum()]);
  const { message } = await assertRejects(() => step(tf.tensor1d([1, 2, 3]))[0]!.data(), UserError);
  for (
    const words of ["memory ran out in", "training.batchSize", "The last checkpoint is intact"]
  ) {
    assertStringIncludes(message, words);
  }
  refuse = false;
});

Deno.test("webgpu: the GPU's errors become errors that name the kernel", {
  ignore: !probe.available,
}, () => {
  const memory = gpuError("Conv2D", new GPUOutOfMemoryError("Not enough memory left."));
  assert(memory instanceof UserError);
  assertStringIncludes(memory.message, "memory ran out in Conv2D");
  const wrong = gpuError("Conv2D", new GPUValidationError("binding 3 is missing"));
  assert(!(wrong instanceof UserError));
  assertEquals(wrong.message, "The GPU refused Conv2D: binding 3 is missing");
});

gpuTest(
  "a device opened with WebGPU's default limits allows no more than those",
  async (engine, { device }) => {
    await engine.settle();
    assertEquals(device.limits.maxStorageBuffersPerShaderStage, 8);
    assertEquals(device.limits.maxComputeWorkgroupStorageSize, 16384);
  },
  openLimitedWebGpu,
);
