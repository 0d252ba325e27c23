/** All layers by name: a plain map built from static imports. */
import { doubleConvolution } from "./double_convolution.ts";
import { addEmbedding, labelEmbedding, timeEmbedding } from "./embedding.ts";
import { concatenation, coordinates, pointwiseConvolution, unusedGroupNorm } from "./joining.ts";
import type { Layer } from "./layer.ts";
import { nearest } from "../messages/nearest.ts";
import {
  bilinearUpsampling,
  filteredDownsampling,
  filteredUpsampling,
  maxPooling,
} from "./resampling.ts";
import { selfAttention } from "./self_attention.ts";

/** All layers by name. */
export const layers = {
  "max-pooling": maxPooling,
  "bilinear-upsampling": bilinearUpsampling,
  "filtered-downsampling": filteredDownsampling,
  "filtered-upsampling": filteredUpsampling,
  "double-convolution": doubleConvolution,
  "self-attention": selfAttention,
  "time-embedding": timeEmbedding,
  "label-embedding": labelEmbedding,
  "add-embedding": addEmbedding,
  "concatenation": concatenation,
  "coordinates": coordinates,
  "pointwise-convolution": pointwiseConvolution,
  "unused-group-norm": unusedGroupNorm,
} as const;

/** The name of a layer. */
export type LayerName = keyof typeof layers;

/** The options of the layer with a given name. */
export type LayerOptions<N extends LayerName> = (typeof layers)[N] extends Layer<infer Options>
  ? Options
  : never;

/** A layer of any kind. Only the plan's types know which options belong to it. */
// deno-lint-ignore no-explicit-any -- options of all kinds
type AnyLayer = Layer<any>;

function isLayerName(name: string): name is LayerName {
  return Object.hasOwn(layers, name);
}

/**
 * Looks up a layer by name.
 *
 * @throws RangeError if there is none; the message names the nearest known name
 */
export function layerNamed(name: string): AnyLayer {
  if (isLayerName(name)) return layers[name];
  const names = Object.keys(layers);
  const near = nearest(name, names);
  throw new RangeError(
    `there is no layer ${JSON.stringify(name)}; ${
      near ? `did you mean ${near}?` : `known: ${names}`
    }`,
  );
}
