/** A bundle's trained network, ready to use. */
import { join } from "@std/path";
import { openBundle } from "../bundle/open.ts";
import { drawingWeights, readBundleSpec } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { compileUNet, setWeights, type UNet } from "../unet/mod.ts";

/** A trained network with the spec that it was trained by. */
export interface Model {
  /** The network, on the engine that is open; the caller disposes it. */
  unet: UNet;
  /** The bundle's resolved spec: its noise schedule, its sampling. */
  spec: ResolvedSpec;
}

/**
 * Opens the network that drew a bundle's samples: the moving average of the weights where there is
 * one. An engine must be open. The bytes that are read are checked by the bundle's manifests.
 *
 * @param path the bundle's folder
 * @throws UserError where the bundle is damaged or holds no model
 */
export async function openModel(path: string): Promise<Model> {
  const bundle = openBundle(path);
  const weights = drawingWeights(bundle);
  if (weights === null) {
    throw new UserError(`${path}: no model in it; give the bundle that it was sampled from`);
  }
  const spec = readBundleSpec(bundle);
  const tensors = await bundle.tensors(weights);
  const unet = compileUNet(spec);
  try {
    setWeights(unet, tensors, join(path, weights));
  } catch (error) {
    unet.dispose();
    throw error;
  }
  return { unet, spec };
}
