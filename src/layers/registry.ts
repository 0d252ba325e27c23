/** All layers under their names: a plain map by static imports. */
import { doubleConvolution } from "./double_convolution.ts";
import { addEmbedding, labelEmbedding, timeEmbedding } from "./embedding.ts";
import { concatenation, pointwiseConvolution, unusedGroupNorm } from "./joining.ts";
import type { Layer } from "./layer.ts";
import { nearest } from "../nearest.ts";
import {
  bilinearUpsampling,
  filteredDownsampling,
  filteredUpsampling,
  maxPooling,
} from "./resampling.ts";
import { selfAttention } from "./self_attention.ts";

/** The registry. */
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
  "pointwise-convolution": pointwiseConvolution,
  "unused-group-norm": unusedGroupNorm,
} as const;

/** The name of a layer. */
export type LayerName = keyof typeof layers;

/** The options of the layer of a name. */
export type LayerOptions<N extends LayerName> = (typeof layers)[N] extends Layer<infer Options>
  ? Options
  : never;

/** A layer of any kind; its options belong to it, which only the plan's types know. */
// deno-lint-ignore no-explicit-any -- options of all kinds
type AnyLayer = Layer<any>;

/**
 * The layer of a name.
 *
 * @throws RangeError with the nearest known name where there is none
 */
export function layerNamed(name: string): AnyLayer {
  if (Object.hasOwn(layers, name)) return layers[name as LayerName];
  const names = Object.keys(layers);
  const near = nearest(name, names);
  throw new RangeError(
    `there is no layer ${JSON.stringify(name)}; ${
      near ? `did you mean ${near}?` : `known: ${names}`
    }`,
  );
}
