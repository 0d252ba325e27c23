import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { rank1, rank2, rank3, rank4, scalar, sizes2, sizes3, sizes4 } from "./ranks.ts";

Deno.test("a tensor of the expected rank is returned itself", () => {
  for (const [rank, check] of [scalar, rank1, rank2, rank3, rank4].entries()) {
    const x = tf.zeros(Array(rank).fill(2));
    assertStrictEquals<tf.Tensor>(check(x), x);
    assertEquals(check(x).shape, x.shape);
  }
});

Deno.test("another rank, or no tensor, is an error that says what was found", () => {
  assertThrows(
    () => rank4(tf.zeros([2, 3])),
    TypeError,
    "expected a tensor of rank 4, got shape [2,3]",
  );
  assertThrows(() => rank1(undefined), TypeError, "expected a tensor of rank 1, got no tensor");
});

Deno.test("the sizes of a shape are as many as its rank says", () => {
  for (const [i, check] of [sizes2, sizes3, sizes4].entries()) {
    const shape = Array(i + 2).fill(7);
    assertEquals<readonly number[]>(check(shape), shape);
    assertThrows(() => check([7]), TypeError, `expected a shape of rank ${i + 2}, got [7]`);
  }
  assertThrows(() => sizes3(undefined), TypeError, "expected a shape of rank 3, got undefined");
});
