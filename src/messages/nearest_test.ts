import { assertEquals } from "@std/assert";
import { nearest } from "./nearest.ts";

Deno.test("nearest: finds the intended word", () => {
  const words = ["kaiserBeta", "kernelSize", "mnist", "mnist-m", "cifar-10", "A", "B"];
  assertEquals(nearest("kaiserBta", words), "kaiserBeta");
  assertEquals(nearest("KAISERBETA", words), "kaiserBeta");
  assertEquals(nearest("kaiser_beta", words), "kaiserBeta");
  assertEquals(nearest("kernleSize", words), "kernelSize");
  assertEquals(nearest("MNIST_M", words), "mnist-m");
  assertEquals(nearest("cifar10", words), "cifar-10");
  assertEquals(nearest("b", words), "B");
});

Deno.test("nearest: undefined if no word is near", () => {
  assertEquals(nearest("F", ["A", "B"]), undefined);
  assertEquals(nearest("banana", ["mnist", "folder"]), undefined);
  assertEquals(nearest("", ["mnist"]), undefined);
  assertEquals(nearest("x".repeat(1e6), ["x"]), undefined);
});
