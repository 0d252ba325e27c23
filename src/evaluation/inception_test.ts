import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { openEngine } from "../engines/mod.ts";
import { UserError } from "../errors.ts";
import { float32Tensor } from "../formats/tensors.ts";
import { assertClose, formulaWeights, goldenCase } from "../golden/golden.ts";
import { buildInception } from "./inception.ts";

const granted = ["read", "ffi", "env"].every((name) =>
  Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted"
);
const golden = goldenCase("inception");

function formulaState() {
  const state: [string, number[]][] = golden.values.state;
  return new Map(state.map(([name, shape], p) => [name, float32Tensor(shape, formulaWeights(p, name, shape))]));
}

Deno.test({
  name:
    "Inception is torch-fidelity's, features and logits, on tensorflow (needs --allow-read --allow-ffi --allow-env)",
  ignore: !granted,
  async fn() {
    const engine = await openEngine("tensorflow");
    const inception = buildInception(formulaState());
    const { data, shape } = golden.tensors.x!;
    const images = tf.tidy(() =>
      tf.transpose(tf.tensor4d(Float32Array.from(data), shape as [4, 3, 32, 32]), [0, 2, 3, 1])
    );
    const jitted = engine.jit((x) => inception.apply(x as tf.Tensor4D));
    const [features, logits] = jitted(images);
    assertClose(await features!.data(), golden.tensors.features!.data, golden.tolerance, "features");
    assertClose(await logits!.data(), golden.tensors.logits!.data, golden.tolerance, "logits");
    tf.dispose([images, features!, logits!]);
    jitted.dispose();
    inception.dispose();
    engine.dispose();
  },
});

Deno.test("Inception refuses weights that are not its own, and says which", () => {
  assertThrows(() => buildInception(new Map()), UserError, "no fc.weight");
  const zeros = (...shape: number[]) => float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b)));
  const state = new Map([["fc.weight", zeros(1008, 2048)], ["Conv2d_1a_3x3.conv.weight", zeros(3, 32, 3, 3)]]);
  assertThrows(() => buildInception(state), UserError, "Conv2d_1a_3x3.conv.weight as 3 x 32 x 3 x 3, where 32 x 3");
});
