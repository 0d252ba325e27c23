/** Opens the trained network of a bundle. */
import { join } from "@std/path";
import { openBundle } from "../bundle/open.ts";
import { drawingWeights, readBundleSpec } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { compileUNet, setWeights, type UNet } from "../unet/mod.ts";

/** A trained network and its spec. */
export interface Model {
  /** The network on the open engine; the caller disposes it. */
  unet: UNet;
  /** The bundle's resolved spec, with noise schedule and sampling. */
  spec: ResolvedSpec;
}

/**
 * Opens the network that drew a bundle's samples, with the moving average of its weights if there
 * is one. An engine must be open. The bytes are checked against the bundle's manifests.
 *
 * @param path the bundle's folder
 * @throws UserError if the bundle is damaged or has no model
 */
export async function openModel(path: string): Promise<Model> {
  const bundle = openBundle(path);
  const weights = drawingWeights(bundle);
  if (weights === null) {
    throw new UserError(`${path}: it has no model; use the bundle that it was sampled from`);
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
