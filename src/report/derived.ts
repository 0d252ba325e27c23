/**
 * The files of a bundle that follow from its spec and its results alone, so that anybody can
 * recreate them: the filters, the loss plot, the sheets and films of the samples.
 */
import { lowpassKernel } from "../filters/mod.ts";
import { drawnLabels, type ResolvedSpec, specName } from "../spec/mod.ts";
import { filterCsv, filterPlot, responseCsv, responsePlot } from "./filter.ts";
import type { Turned } from "./films.ts";
import { sheetFiles } from "./pictures.ts";
import { lossPlot, type LossRow } from "./losses.ts";
import type { Lowpasses } from "./resampling.ts";

/** A file's name under data/, and its content. */
export type DerivedFile = [name: string, bytes: Uint8Array | string];

/** The network's jinc kernels, including the gain for upsampling; null if it has none. */
export function lowpassesOf(
  { kernelSize: size, kaiserBeta, normalized, cutoff, gain }: ResolvedSpec,
): Lowpasses | null {
  if (size === null || normalized === null || cutoff === null || gain === null) return null;
  const kernel = (radians: number) =>
    lowpassKernel({ size, kaiserBeta, normalized, cutoff: radians });
  return { size, gain, down: kernel(cutoff.down), up: kernel(cutoff.up).map((k) => k * gain) };
}

/** The most recently drawn filters: many bundles share them, and drawing takes a second. */
const lastFilters = new Map<string, Promise<DerivedFile[]>>();

/** The filters and their responses: one pair if up- and downsampling use the same kernel. */
export function filterFiles(spec: ResolvedSpec): Promise<DerivedFile[]> {
  const { kernelSize, kaiserBeta, normalized, cutoff, gain } = spec;
  const key = JSON.stringify([specName(spec), kernelSize, kaiserBeta, normalized, cutoff, gain]);
  const files = lastFilters.get(key) ?? drawFilters(spec);
  if (lastFilters.size >= 8) lastFilters.clear();
  lastFilters.set(key, files);
  return files;
}

async function drawFilters(spec: ResolvedSpec): Promise<DerivedFile[]> {
  const { cutoff, gain } = spec;
  const lowpasses = lowpassesOf(spec);
  if (lowpasses === null || cutoff === null) return [];
  const same = cutoff.up === cutoff.down && gain === 1;
  const made = await Promise.all(
    (["down", "up"] as const).slice(0, same ? 1 : 2).map(async (which) => {
      const suffix = same ? "" : `-${which}`;
      const words = same ? "" : `, ${which}sampling`;
      const { size, [which]: kernel } = lowpasses;
      const lowpass = { name: specName(spec) + words, kernel, size, cutoff: cutoff[which] };
      return [
        [`filter${suffix}.csv`, filterCsv(lowpass)],
        [`filter${suffix}.png`, (await filterPlot(lowpass)).png],
        [`response${suffix}.csv`, responseCsv(lowpass)],
        [`response${suffix}.png`, (await responsePlot(lowpass)).png],
      ] satisfies DerivedFile[];
    }),
  );
  return made.flat();
}

/** The loss plot. */
export async function lossFiles(spec: ResolvedSpec, rows: LossRow[]): Promise<DerivedFile[]> {
  const plot = await lossPlot(rows, `Training loss: ${specName(spec)} on ${spec.dataset}`);
  return [["loss.png", plot.png], ["loss.svg", plot.svg]];
}

/** Sheets and films of a run's samples, in the order of the spec's angles. */
export async function sampleSheets(
  spec: ResolvedSpec,
  sets: readonly Turned[],
): Promise<DerivedFile[]> {
  return await sheetFiles({ model: specName(spec), labels: drawnLabels(spec), sets: [...sets] });
}
