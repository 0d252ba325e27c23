/**
 * The golden networks of 32 pixels on a software GPU, which takes a minute for each. `deno task
 * nightly` runs it.
 */
import { testOnEngines } from "../../kernels/testing.ts";
import { probeWebGpu } from "../engines/webgpu/mod.ts";
import { goldenCases } from "../golden/golden.ts";
import { compareSteps } from "./golden_steps.ts";
import { compileUNet } from "./mod.ts";
import { specOf } from "./testing.ts";

const gpu = await probeWebGpu();
const hardwareGpu = gpu.available && !gpu.software;

for (const row of goldenCases("unet").filter(({ params }) => params.image_size > 16)) {
  testOnEngines(
    `${row.case}: output, losses, gradients and three steps of AdamW equal PyTorch's`,
    async (engine) => {
      const unet = compileUNet(specOf(row));
      await compareSteps(row, unet, engine.jit, 3);
      unet.dispose();
    },
    (engine) => engine === "webgpu" && !hardwareGpu, // Others have them every day: golden_test.ts.
  );
}
