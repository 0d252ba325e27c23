import { assertEquals, assertThrows } from "@std/assert";
import { assertClose, formulaUniform, goldenCase } from "./golden.ts";

Deno.test("golden cases are read without permissions", () => {
  assertEquals(goldenCase("kaiser_7_0.0").tensors.window!.data, new Float64Array(7).fill(1));
});

Deno.test("golden inputs follow the formula", () => {
  const x = goldenCase("filtered_down_s3_b2.0_n_c1.571").tensors.x!;
  assertClose(x.data, formulaUniform(1003, x.data.length), 1e-7);
});

Deno.test("assertClose refuses differences, NaN and other lengths", () => {
  assertThrows(() => assertClose([1, 2], [1, 2.1], 1e-2));
  assertThrows(() => assertClose([1, NaN], [1, 2], 1e-2));
  assertThrows(() => assertClose([1], [1, 2], 1e-2));
  assertClose([1, 2.01], [1, 2], 1e-2);
});
