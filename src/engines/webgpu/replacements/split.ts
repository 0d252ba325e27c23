// Splits a tensor on WebGPU in one dispatch. tfjs uses one dispatch for each piece.
import * as tf from "@tensorflow/tfjs";
import { attributesOf, replaceKernel, runStock } from "./replace.ts";
import { emptyTensor, inputOf, spreadWorkgroups } from "../../../../kernels/shared/wgsl.ts";
import code from "./split.wgsl" with { type: "text" };

/** Maximum number of pieces that one dispatch can write. */
const maxParts = 7;

function program(parts: number): string {
  const numbers = Array.from({ length: parts }, (_, i) => i);
  const declarations = numbers.map((i) =>
    `@group(0) @binding(${i + 1}) var<storage, read_write> piece${i}: array<f32>;`
  );
  const cases = numbers.map((i) => `    case ${i} { piece${i}[at] = value; }`);
  return `${declarations.join("\n")}
fn store(part: u32, at: u32, value: f32) {
  switch (part) {
${cases.join("\n")}
    default {}
  }
}
${code}`;
}

/** Replaces tfjs's SplitV for equal pieces of float32. */
export function register(): void {
  replaceKernel("SplitV", (call, stock) => {
    const x = inputOf(call, "x");
    const { numOrSizeSplits, axis } = attributesOf<tf.SplitVAttrs>(call);
    const along = tf.util.parseAxisParam(axis, x.shape)[0]!;
    // Only the shape is read, which a TensorInfo has, too.
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, along);
    const parts = sizes.length;
    const equal = sizes.every((size) => size === sizes[0]);
    const size = tf.util.sizeFromShape(x.shape);
    if (!equal || parts > maxParts || x.dtype !== "float32" || size === 0) {
      return runStock(stock, call);
    }
    const shape = x.shape.with(along, sizes[0]!);
    const pieces = sizes.map(() => emptyTensor(call.backend, shape));
    call.backend.runWgsl({
      name: "SplitV",
      code: program(parts),
      constants: { PARTS: parts },
      reads: [x],
      writes: pieces,
      uniforms: [size, tf.util.sizeFromShape(x.shape.slice(along + 1)), sizes[0]!],
      workgroups: spreadWorkgroups(Math.ceil(size / 256)),
    });
    return pieces;
  });
}
