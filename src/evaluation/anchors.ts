/** Published equivariance of other networks, to print beside ours. */
import type { Measure } from "./equivariance.ts";

/** A network's published figures. */
export interface Anchor {
  name: string;
  /** What kind of network it is. */
  of: string;
  decibels: Readonly<Partial<Record<Measure, number>>>;
}

/** StyleGAN3's configurations T and R at 256 pixels: FFHQ-U, in Figure 5 of arXiv 2106.12423. */
export const anchors: readonly Anchor[] = [
  { name: "StyleGAN3-T", of: "generator", decibels: { "EQ-T": 63.01, "EQ-R": 13.12 } },
  { name: "StyleGAN3-R", of: "generator", decibels: { "EQ-T": 66.65, "EQ-R": 40.48 } },
];

/** What a reader must know about them. */
export const anchorsSentence =
  "StyleGAN3: published figures (Karras et al. 2021, arXiv 2106.12423, 256-pixel FFHQ-U) of " +
  "generators, not of denoisers; they show what is possible, and do not compare one to one.";
