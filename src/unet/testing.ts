/**
 * Helpers for the network's tests: the networks of the golden cases, with formula weights, on the
 * current engine.
 */
import * as tf from "@tensorflow/tfjs";
import type { Parameter } from "../layers/layer.ts";
import { formulaWeights, type GoldenCase, type GoldenTensor } from "../golden/golden.ts";
import { ourShape, toOurs } from "./layout.ts";
import type { NetworkSpec, UNet } from "./mod.ts";

/** The spec of a golden network. */
export function specOf({ params }: GoldenCase): NetworkSpec & { seed: number } {
  const { variant, channels, image_size: imageSize, size, beta, normalized, classes } = params;
  const filtered = variant !== "A";
  return {
    architecture: variant === "5" ? "D" : variant,
    normInside: variant === "5",
    kaiserBeta: filtered ? beta : null,
    normalized: filtered ? normalized : null,
    kernelSize: filtered ? size : null,
    gain: filtered ? 1 : null,
    cutoff: filtered ? { down: Math.PI / 2, up: Math.PI / 2 } : null,
    imageSize,
    channels,
    baseWidth: imageSize,
    classes,
    seed: 42,
  };
}

const drawn = new Map<string, Float32Array>();

/** The formula weights in our layout, cached because most networks share most of them. */
function weightsOf(parameter: Parameter, index: number): Float32Array {
  const kind = parameter.name.slice(parameter.name.lastIndexOf("."));
  const key = JSON.stringify([index, kind, parameter.shape]);
  const values = drawn.get(key) ??
    toOurs(formulaWeights(index, parameter.name, parameter.shape), parameter);
  drawn.set(key, values);
  return values;
}

/** Sets a network's weights to the formula weights. */
export function setFormulaWeights(unet: UNet): void {
  unet.plan.parameters.forEach((parameter, i) =>
    tf.tidy(() => {
      unet.parameters.get(parameter.name)!.assign(
        tf.tensor(weightsOf(parameter, i), ourShape(parameter)),
      );
    })
  );
}

/** A golden array as a tensor. Images become N, H, W, C. */
export function goldenInput(
  { shape, data }: GoldenTensor,
  dtype: "float32" | "int32" = "float32",
): tf.Tensor {
  const tensor = tf.tensor(
    dtype === "int32" ? Int32Array.from(data) : Float32Array.from(data),
    shape,
    dtype,
  );
  return shape.length === 4 ? tf.tidy(() => tf.transpose(tensor, [0, 2, 3, 1])) : tensor;
}

/** Converts images from N, H, W, C to golden values in N, C, H, W. */
export async function goldenOutput(images: tf.Tensor): Promise<Float32Array> {
  const transposed = tf.transpose(images, [0, 3, 1, 2]);
  const values = await transposed.data<"float32">();
  transposed.dispose();
  return values;
}
