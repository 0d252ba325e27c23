/** What `deno task equivariance` prints, and writes into its folder. */
import { join } from "@std/path";
import { measures } from "../evaluation/equivariance.ts";
import {
  type AngleCurve,
  curvesOf,
  equivarianceTables,
  scoresCsv,
} from "../evaluation/equivariance_table.ts";
import {
  type Better,
  frontierPanels,
  frontierTable,
  type JudgedNetwork,
  qualityLabel,
  type QualityName,
} from "../evaluation/frontier.ts";
import { halfPixelCurves, type NetworkSpectra, spectraCsv } from "../evaluation/network_spectra.ts";
import type { StudiedNetwork } from "../evaluation/trainings.ts";
import { writeResults } from "../files/results.ts";
import { print } from "../messages/terminal.ts";
import { frontierContent } from "../report/frontier.ts";
import { curvePlot, type Plot } from "../report/plots.ts";
import { scatterPlot } from "../report/scatter.ts";
import { tableFiles } from "../tables/files.ts";
import { tableMarkdown } from "../tables/markdown.ts";

const kinds = ["prediction", "run"] as const;

/** What was measured. */
export interface Results {
  networks: readonly StudiedNetwork[];
  /** Networks whose quality is known, and which quality; null if it is not compared. */
  judged: { networks: readonly JudgedNetwork[]; name: QualityName; better: Better } | null;
  spectra: readonly NetworkSpectra[];
}

type File = readonly [name: string, bytes: Uint8Array];

/**
 * Prints the tables, and writes them with the figures.
 *
 * @param folder where files are written; undefined writes none
 */
export async function tellResults(results: Results, folder: string | undefined): Promise<void> {
  const { networks, judged, spectra } = results;
  const panels = judged ? frontierPanels(judged.networks, judged.better) : [];
  const tables = equivarianceTables(networks);
  // One network alone has no rivals.
  const isCompared = judged !== null && panels.some(({ points }) => points.length > 1);
  if (isCompared) tables.push(frontierTable(panels, judged));
  print(tables.map(tableMarkdown).join("\n"));
  if (folder === undefined) return;
  const files: File[] = [
    ["equivariance.csv", encoded(scoresCsv(networks))],
    ...tableFiles(tables),
    ...await curveFiles(networks),
  ];
  if (isCompared) {
    const { label, times } = qualityLabel(judged.name, judged.better);
    const quality = { name: label.replace(/ [↓↑]$/, ""), better: judged.better, times };
    files.push(...plotFiles("quality", await scatterPlot(frontierContent(panels, quality))));
  }
  if (spectra.length > 0) files.push(...await spectraFiles(spectra));
  writeResults(folder, files);
  print(`written: ${files.map(([name]) => join(folder, name)).join(", ")}`);
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function plotFiles(stem: string, { svg, png }: Plot): File[] {
  return [[`${stem}.svg`, encoded(svg)], [`${stem}.png`, png]];
}

/** EQ-R over the angle, of predictions and of runs. */
async function curveFiles(networks: readonly StudiedNetwork[]): Promise<File[]> {
  const files: File[] = [];
  for (const kind of kinds) {
    const { curves, note } = curvesOf(networks, kind);
    if (curves.length === 0) continue;
    const what = kind === "run" ? "Sampling runs with rotation" : "Predictions of rotated images";
    const plot = await curvePlot({
      title: `${what}: ${measures[2]} over the angle`,
      note,
      x: { name: "angle (degrees)", ticks: { every: 30, text: String } },
      y: { name: "EQ-R (dB)", ...boundsOf(curves) },
      curves,
    });
    files.push(...plotFiles(`equivariance-${kind}`, plot));
  }
  return files;
}

/** Bounds that bands fit, too, which the plot itself does not reckon with. */
function boundsOf(curves: readonly AngleCurve[]): { min: number; max: number } {
  const edges = curves.flatMap(({ points, spread }) =>
    points.flatMap(([_, y], i) => y === null ? [] : [y - (spread[i] ?? 0), y + (spread[i] ?? 0)])
  );
  return { min: Math.floor(Math.min(...edges)), max: Math.ceil(Math.max(...edges)) };
}

async function spectraFiles(spectra: readonly NetworkSpectra[]): Promise<File[]> {
  const plot = await curvePlot({
    title: "How far each nonlinearity fails to commute with half a pixel",
    note: "from the network's input to its output",
    x: { name: "nonlinearity" },
    y: { name: "share of the energy (%)", min: 0 },
    curves: halfPixelCurves([...spectra]),
  });
  return [["spectra.csv", encoded(spectraCsv([...spectra]))], ...plotFiles("half-pixel", plot)];
}
