import { assertThrows } from "@std/assert";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import { UserError } from "../messages/errors.ts";
import { float32Tensor } from "../formats/tensors.ts";
import { buildInception } from "./inception.ts";
import { compareInception } from "./inception_golden.ts";

testOnEngines(
  "Inception's features and logits equal torch-fidelity's",
  compareInception,
  (engine) => engine === "tensorflow", // The others take minutes: inception_nightly.ts.
);

Deno.test("Inception refuses weights of another network and says what is wrong", () => {
  assertThrows(() => buildInception(new Map()), UserError, "fc.weight is missing");
  const zeros = (...shape: number[]) =>
    float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b)));
  const state = new Map([
    ["fc.weight", zeros(1008, 2048)],
    ["Conv2d_1a_3x3.conv.weight", zeros(3, 32, 3, 3)],
  ]);
  assertThrows(
    () => buildInception(state),
    UserError,
    "Conv2d_1a_3x3.conv.weight has the shape 3 x 32 x 3 x 3 instead of 32 x 3 x 3 x 3",
  );
});
