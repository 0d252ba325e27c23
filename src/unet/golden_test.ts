/** The whole network beside PyTorch: outputs, losses, gradients, and three steps of AdamW. */
import * as tf from "@tensorflow/tfjs";
import { adamw, adamwRates } from "../../kernels/adamw/mod.ts";
import { testOnEngines } from "../../kernels/testing.ts";
import type { Engine } from "../engines/mod.ts";
import { probeWebGpu } from "../engines/webgpu/mod.ts";
import { assertClose, type GoldenCase, goldenCases } from "../golden/golden.ts";
import { compileUNet, type UNet } from "./mod.ts";
import { goldenInput, goldenOutput, setFormulaWeights, specOf } from "./testing.ts";

const gpu = await probeWebGpu(), hardwareGpu = gpu.available && !gpu.software;

for (const row of goldenCases("unet")) {
  const isSmall = row.params.image_size <= 16;
  testOnEngines(
    `${row.case}: output, losses, gradients and three steps of AdamW equal PyTorch's`,
    async (engine) => {
      const unet = compileUNet(specOf(row));
      // Without jit a step takes seconds; what the later ones add to the first is AdamW's own test.
      await compare(row, unet, directly, isSmall ? 3 : 1);
      await compare(row, unet, engine.jit, 3);
      unet.dispose();
    },
    // A software GPU needs minutes for the larger ones.
    (engine) => engine === "tensorflow" || (engine === "webgpu" && (isSmall || hardwareGpu)),
  );
  testOnEngines(
    `${row.case}: output equals PyTorch's`,
    async () => {
      const unet = compileUNet(specOf(row)), [x, t, , label] = inputsOf(row);
      setFormulaWeights(unet);
      const y = unet.apply(x as tf.Tensor4D, t as tf.Tensor1D, label as tf.Tensor1D);
      assertClose(await goldenOutput(y), row.tensors.y!.data, row.tolerance, "output");
      unet.dispose();
    },
    // The reference needs a minute for a larger one, and for a step.
    (engine) => engine === "cpu" && isSmall,
  );
}

/** Without `jit`. */
function directly(fn: (...inputs: tf.Tensor[]) => tf.Tensor[]): ReturnType<Engine["jit"]> {
  return Object.assign((...inputs: tf.Tensor[]) => tf.tidy(() => fn(...inputs)), { dispose() {} });
}

async function compare(row: GoldenCase, unet: UNet, run: Engine["jit"], steps: number): Promise<void> {
  const { y, losses, grad_norms, norms_after_3_steps } = row.tensors, { tolerance } = row;
  setFormulaWeights(unet);
  const inputs = inputsOf(row), parameters = [...unet.parameters.values()];
  const averages = parameters.map((parameter) => ({
    mean: tf.variable(tf.zerosLike(parameter)),
    square: tf.variable(tf.zerosLike(parameter)),
  }));
  const step = run((rates, x, t, noise, label) => {
    let output: tf.Tensor4D;
    const { value, grads } = tf.variableGrads(() => {
      output = tf.keep(unet.apply(x as tf.Tensor4D, t as tf.Tensor1D, label as tf.Tensor1D));
      return tf.losses.meanSquaredError(noise!, output).asScalar();
    }, parameters);
    const norms = parameters.map(({ name }) => grads[name] ? tf.norm(grads[name]) : tf.scalar(0));
    // A parameter without a gradient is left as it is, as PyTorch does.
    const slots = parameters.flatMap((parameter, i) => {
      const gradient = grads[parameter.name];
      return gradient ? [{ parameter, gradient, ...averages[i]! }] : [];
    });
    adamw(slots, rates as tf.Tensor1D);
    return [output!, value, tf.stack(norms)];
  });
  for (let number = 1; number <= steps; number++) {
    const rates = tf.tensor1d(adamwRates({ learningRate: 3e-4, weightDecay: 0.01, step: number }));
    const [output, loss, norms] = step(rates, ...inputs);
    if (number === 1) {
      assertClose(await goldenOutput(output!), y!.data, tolerance, "output");
      assertClose(await norms!.data(), grad_norms!.data, tolerance, "gradient norms");
    }
    assertClose(await loss!.data(), [losses!.data[number - 1]!], tolerance, `loss of step ${number}`);
    tf.dispose([rates, output!, loss!, norms!]);
  }
  const norms = tf.tidy(() => tf.stack(parameters.map((parameter) => tf.norm(parameter))));
  if (steps === 3) assertClose(await norms.data(), norms_after_3_steps!.data, tolerance, "norms after three steps");
  tf.dispose([norms, inputs, averages.map(({ mean, square }) => [mean, square])]);
  step.dispose();
}

/** x, t, noise and, where there is one, label. */
function inputsOf({ tensors: { x, t, noise, label } }: GoldenCase): tf.Tensor[] {
  const inputs = [goldenInput(x!), goldenInput(t!, "int32"), goldenInput(noise!)];
  return label ? [...inputs, goldenInput(label, "int32")] : inputs;
}
