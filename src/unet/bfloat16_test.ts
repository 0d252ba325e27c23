// Tests the golden networks in bfloat16. About forty products, normalizations and nonlinearities
// follow one another, and each rounds its result to 8 bits: an independent error of at most 2^-9 =
// 0.2 %. After forty of them 1.2 % is left, and up to 3 % where a residual adds up more.
import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { openEngine } from "../engines/mod.ts";
import { goldenCases } from "../golden/golden.ts";
import { inputsOf } from "./golden_steps.ts";
import { compileUNet } from "./mod.ts";
import { goldenOutput, setFormulaWeights, specOf } from "./testing.ts";

/**
 * The tolerance for the output, and for the gradients of all weights together, relative to their
 * norm.
 */
const tolerance = 0.05;

const isAllowed = Deno.permissions.querySync({ name: "ffi" }).state === "granted";

Deno.test({
  name: `bfloat16: outputs and gradients of the golden networks are PyTorch's within ${
    100 * tolerance
  } %${isAllowed ? "" : " (needs --allow-all)"}`,
  ignore: !isAllowed,
  // The library's threads outlive the test.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const engine = await openEngine("tensorflow", { precision: "bfloat16", emulate: true });
    // One network with alias-free GELUs, and one with plain GELUs and labels.
    for (const name of ["unet_D_3ch_32px", "unet_B_3ch_16px"]) {
      const row = goldenCases("unet").find(({ case: found }) => found.startsWith(name))!;
      const unet = compileUNet(specOf(row));
      setFormulaWeights(unet);
      const parameters = [...unet.parameters.values()];
      const step = engine.jit((x, t, noise, label) => {
        const outputs: tf.Tensor[] = [];
        const { value, grads } = tf.variableGrads(() => {
          const y = unet.apply(x as tf.Tensor4D, t as tf.Tensor1D, label as tf.Tensor1D);
          outputs.push(tf.keep(y));
          return tf.losses.meanSquaredError(noise!, y).asScalar();
        }, parameters);
        const norms = parameters.map(({ name }) =>
          grads[name] ? tf.norm(grads[name]) : tf.scalar(0)
        );
        return [...outputs, value, tf.stack(norms)];
      });
      const inputs = inputsOf(row);
      const [output, loss, norms] = step(...inputs);
      const { y, losses, grad_norms } = row.tensors;
      const offs = {
        output: distance(await goldenOutput(output!), y!.data),
        loss: distance(await loss!.data(), losses!.data.slice(0, 1)),
        gradients: distance(await norms!.data(), grad_norms!.data),
      };
      for (const [what, off] of Object.entries(offs)) {
        assert(off < tolerance, `${row.case}: ${what} off by ${off}`);
        // In float32 the error would be a thousandth of this.
        assert(what === "loss" || off > 1e-4, `${row.case}: ${what} is float32: off by ${off}`);
      }
      tf.dispose([inputs, output!, loss!, norms!]);
      step.dispose();
      unet.dispose();
    }
    engine.dispose();
  },
});

/** The distance between numbers and their expected values, relative to the norm of the latter. */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const square = (numbers: number[]) => numbers.reduce((sum, value) => sum + value ** 2, 0);
  const wanted = Array.from(expected);
  return Math.sqrt(square(wanted.map((value, i) => actual[i]! - value)) / square(wanted));
}
