/**
 * The spectra of a trained network, layer by layer, over noise levels; as a table and as curves.
 */
import * as tf from "@tensorflow/tfjs";
import { noiseSchedule } from "../diffusion/mod.ts";
import { inColumns } from "../formats/columns.ts";
import { csvText } from "../formats/csv.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { UNet } from "../unet/mod.ts";
import type { Images } from "./equivariance.ts";
import { noised } from "./equivariance_study.ts";
import { type LayerSpectra, measureLayerSpectra } from "./layer_spectra.ts";

/** Noise levels, as fractions of the schedule's timesteps; the spectra are averaged over them. */
const levels = [0.25, 0.5, 0.75];

/** The maximum number of images per level. */
const maxImages = 4;

/** A network with its measured spectra. */
export interface NetworkSpectra {
  /** The paper's name for it. */
  name: string;
  /** The bundle's name. */
  bundle: string;
  layers: LayerSpectra[];
}

/**
 * Measures a network on noised images of its dataset.
 *
 * @param images in [-1, 1]; only the first four are used
 */
export function networkSpectra(
  unet: Pick<UNet, "plan" | "apply">,
  spec: Pick<ResolvedSpec, "noise" | "seed">,
  images: Images,
): LayerSpectra[] {
  const [available, size, width, channels] = images.shape;
  const count = Math.min(available, maxImages);
  const { alphaBar } = noiseSchedule(spec.noise);
  const elements = size * width * channels;
  const inputs = levels.flatMap((level) => {
    const timestep = Math.round(level * (spec.noise.steps - 1));
    return Array.from({ length: count }, (_, i) => {
      const values = images.values.subarray(i * elements, (i + 1) * elements);
      const clean: Images = { shape: [1, size, width, channels], values };
      return { timestep, x: noised(clean, alphaBar[timestep] ?? 1, timestep, spec.seed + i) };
    });
  });
  return measureLayerSpectra(unet.plan, (index) => {
    const input = inputs[index];
    if (!input) throw new Error(`there is no input ${index}`);
    tf.tidy(() => {
      unet.apply(tf.tensor4d(input.x.values, input.x.shape), tf.tensor1d([input.timestep]));
    });
  }, inputs.length);
}

/** Mean fractions over the layers of one size, in percent; one line per network. */
export function foldingTable(networks: readonly NetworkSpectra[]): string {
  const all = networks.flatMap(({ layers }) => layers.map(({ size }) => size));
  const sizes = [...new Set(all)].sort((a, b) => b - a);
  const rowsOf = (figure: "folds" | "halfPixelError") =>
    networks.map(({ name, layers }) => [
      name,
      ...[...sizes, null].map((size) => percent(meanOf(layers, figure, size))),
    ]);
  const head = (title: string) => [title, ...sizes.map((size) => `${size} px (%)`), "all (%)"];
  return [
    ...inColumns([head("folds back"), ...rowsOf("folds")]),
    "",
    ...inColumns([head("half-pixel error"), ...rowsOf("halfPixelError")]),
    "fractions of the energy at the nonlinearities of layers of each size (docs/spectra.md)",
  ].join("\n");
}

function meanOf(
  layers: readonly LayerSpectra[],
  figure: "folds" | "halfPixelError",
  size: number | null,
): number | null {
  const chosen = layers.filter((layer) => size === null || layer.size === size);
  if (chosen.length === 0) return null;
  return chosen.reduce((sum, layer) => sum + layer[figure], 0) / chosen.length;
}

function percent(share: number | null): string {
  return share === null ? "" : (100 * share).toFixed(2);
}

/**
 * One row per layer and radius: power before and after the nonlinearity, and the fraction that
 * folds back.
 */
export function spectraCsv(networks: readonly NetworkSpectra[]): string {
  const rows = networks.flatMap(({ name, bundle, layers }) =>
    layers.flatMap(({ layer, size, before, after, folds, halfPixelError }) =>
      Array.from(before, (power, radius) => [
        name,
        bundle,
        layer,
        size,
        radius,
        power,
        after[radius] ?? null,
        folds,
        halfPixelError,
      ])
    )
  );
  const head = [
    "name",
    "bundle",
    "layer",
    "size",
    "radius",
    "before",
    "after",
    "folds",
    "half_pixel_error",
  ];
  return csvText([head, ...rows]);
}

/** The half-pixel error by depth in the network, in percent; one curve per network. */
export function halfPixelCurves(networks: readonly NetworkSpectra[]) {
  return networks.map(({ name, layers }) => ({
    name,
    points: layers.map((layer, i): [number, number | null] => [i + 1, 100 * layer.halfPixelError]),
  }));
}
