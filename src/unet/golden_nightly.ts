/**
 * The golden 32-pixel networks on a software GPU, which takes a minute each. Run by
 * `deno task nightly`.
 */
import { testOnEngines } from "../../kernels/shared/testing.ts";
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
    // The other engines run these daily: golden_test.ts.
    (engine) => engine === "webgpu" && !hardwareGpu,
  );
}
