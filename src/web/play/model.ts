/** Prepares a bundle's model for the page: the parts of the spec, and the weights in float16. */
import { basename, resolve } from "@std/path";
import { openBundle } from "../../bundle/open.ts";
import { drawingWeights, readBundleSpec } from "../../bundle/read.ts";
import { UserError } from "../../messages/errors.ts";
import { encodeTensors, type TensorData } from "../../formats/safetensors.ts";
import { toFloat32 } from "../../formats/tensors.ts";
import { type ResolvedSpec, specName } from "../../spec/mod.ts";
import type { PlayModel } from "./protocol.ts";

/** A model, and its weights as a safetensors file in float16. */
export interface PreparedModel {
  model: PlayModel;
  weights: Uint8Array;
}

/**
 * Reads the model that drew a bundle's samples, and verifies it against the bundle's manifest.
 *
 * @throws UserError if the bundle is damaged or contains no model
 */
export async function prepareModel(path: string): Promise<PreparedModel> {
  const bundle = openBundle(path);
  const file = drawingWeights(bundle);
  if (file === null) {
    throw new UserError(`${path}: contains no model; give the bundle of the training`);
  }
  const spec = readBundleSpec(bundle);
  const { tensors, error } = inFloat16(await bundle.tensors(file));
  return {
    model: {
      name: basename(resolve(path)),
      label: specName(spec),
      network: networkOf(spec),
      noise: spec.noise,
      sampling: spec.sampling,
      classNames: classNamesOf(spec),
      weightError: error,
    },
    weights: encodeTensors(tensors),
  };
}

function networkOf(spec: ResolvedSpec): PlayModel["network"] {
  const { architecture, kaiserBeta, normalized, normInside, kernelSize, gain, cutoff } = spec;
  const { filter, padding, position, imageSize, channels, baseWidth, classes, seed } = spec;
  return {
    architecture,
    kaiserBeta,
    normalized,
    normInside,
    kernelSize,
    gain,
    cutoff,
    filter,
    padding,
    position,
    imageSize,
    channels,
    baseWidth,
    classes,
    seed,
  };
}

function classNamesOf({ classes }: ResolvedSpec): string[] | null {
  return classes === null ? null : Array.from({ length: classes }, (_, label) => String(label));
}

/** Tensors in float16, and the largest error, relative to the largest number in its tensor. */
function inFloat16(
  tensors: ReadonlyMap<string, TensorData>,
): { tensors: Map<string, TensorData>; error: number } {
  const halves = new Map<string, TensorData>();
  let error = 0;
  for (const [name, tensor] of tensors) {
    const values = toFloat32(tensor);
    const data = Float16Array.from(values);
    const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    values.forEach((value, i) => {
      error = Math.max(error, Math.abs(value - (data[i] ?? 0)) / (largest || 1));
    });
    halves.set(name, {
      dtype: "F16",
      shape: tensor.shape,
      data: new Uint16Array(data.buffer),
    });
  }
  return { tensors: halves, error };
}
