/** Tests the FID Inception on the engines that take minutes for it. `deno task nightly` runs it. */
import { testOnEngines } from "../../kernels/shared/testing.ts";
import { compareInception } from "./inception_golden.ts";

testOnEngines(
  "Inception's features and logits equal torch-fidelity's",
  compareInception,
  (engine) => engine !== "tensorflow", // Tested regularly: inception_test.ts.
);
