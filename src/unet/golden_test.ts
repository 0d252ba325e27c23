/**
 * Compares the whole network with PyTorch: outputs, losses, gradients, and three steps of AdamW.
 */
import type * as tf from "@tensorflow/tfjs";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import { probeWebGpu } from "../engines/webgpu/mod.ts";
import { assertClose, goldenCases } from "../golden/golden.ts";
import { compareSteps, directly, inputsOf } from "./golden_steps.ts";
import { compileUNet } from "./mod.ts";
import { goldenOutput, setFormulaWeights, specOf } from "./testing.ts";

const gpu = await probeWebGpu();
const hardwareGpu = gpu.available && !gpu.software;

for (const row of goldenCases("unet")) {
  const isSmall = row.params.image_size <= 16;
  testOnEngines(
    `${row.case}: output, losses, gradients and three steps of AdamW equal PyTorch's`,
    async (engine) => {
      const unet = compileUNet(specOf(row));
      // Without jit a step takes seconds. The later steps only add AdamW, which has its own test.
      await compareSteps(row, unet, directly, isSmall ? 3 : 1);
      await compareSteps(row, unet, engine.jit, 3);
      unet.dispose();
    },
    // A software GPU needs a minute for each larger network; golden_nightly.ts covers those.
    (engine) => engine === "tensorflow" || (engine === "webgpu" && (isSmall || hardwareGpu)),
  );
  testOnEngines(
    `${row.case}: output equals PyTorch's`,
    async () => {
      const unet = compileUNet(specOf(row));
      const [x, t, , label] = inputsOf(row);
      setFormulaWeights(unet);
      const y = unet.apply(x as tf.Tensor4D, t as tf.Tensor1D, label as tf.Tensor1D);
      assertClose(await goldenOutput(y), row.tensors.y!.data, row.tolerance, "output");
      unet.dispose();
    },
    // The reference needs a minute for a larger network, and for each step.
    (engine) => engine === "wasm" || (engine === "cpu" && isSmall),
  );
}
