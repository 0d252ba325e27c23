/** Quality against equivariance: which networks no other one beats in both. */
import type { Figure, Table, TableColumn, TableRow } from "../tables/table.ts";
import { type Measure, measures } from "./equivariance.ts";
import { isInTable } from "./equivariance_table.ts";
import { metricLabel } from "./table.ts";
import type { Score } from "./schema.ts";
import {
  type Configuration,
  configurationsOf,
  figureOf,
  sampleOf,
  type StudiedNetwork,
} from "./trainings.ts";

/** Whether smaller or larger values are better. */
export type Better = "lower" | "higher";

/**
 * The Pareto frontier: the points that no other point beats in one quantity without losing in the
 * other. Points that coincide are all on it; points with NaN never are.
 *
 * @param better which direction is better in x and in y
 * @returns their indices, from the best x to the best y
 */
export function paretoFrontier(
  points: readonly { x: number; y: number }[],
  better: { x: Better; y: Better },
): number[] {
  const sign = (direction: Better) => direction === "lower" ? -1 : 1;
  const scaled = points.map(({ x, y }) => ({ x: x * sign(better.x), y: y * sign(better.y) }));
  const isBeaten = ({ x, y }: { x: number; y: number }) =>
    Number.isNaN(x + y) ||
    scaled.some((other) => other.x >= x && other.y >= y && (other.x > x || other.y > y));
  return [...scaled.keys()].filter((i) => !isBeaten(scaled[i]!))
    .sort((a, b) => scaled[b]!.x - scaled[a]!.x || scaled[a]!.y - scaled[b]!.y);
}

/** How good a network is, apart from its equivariance. */
export interface Quality {
  value: number;
  /** Half its 95 % interval, due to the measurement; null if it is unknown. */
  half: number | null;
}

/** The loss, or a score of the samples. */
export type QualityName = "loss" | Score["metric"];

/** What a quality is called, its direction, and the factor for its figures. */
export function qualityLabel(
  name: QualityName,
  better: Better,
): { label: string; times: number } {
  if (name === "loss") return { label: "loss at the end ↓", times: 1 };
  return metricLabel({ metric: name, better });
}

/** The mean loss over the last tenth of the training's steps; null without losses. */
export function lossAtEnd(losses: readonly { loss: number }[]): number | null {
  const last = losses.slice(-Math.ceil(losses.length / 10));
  if (last.length === 0) return null;
  return last.reduce((sum, { loss }) => sum + loss, 0) / last.length;
}

/** A studied network whose quality is known. */
export interface JudgedNetwork extends StudiedNetwork {
  quality: Quality;
}

/** A network in the figure: means over its trainings. */
export interface FrontierPoint {
  label: string;
  quality: Figure;
  /** Of its prediction, averaged over noise levels. */
  equivariance: Figure;
}

/** Quality against one measure of equivariance. */
export interface FrontierPanel {
  measure: Measure;
  points: FrontierPoint[];
  /** Indices of the points on the frontier, from the best equivariance to the best quality. */
  frontier: number[];
}

/** The measures that are drawn: the shift PSNR says the same as EQ-T_frac, differently scaled. */
const drawn = measures.filter((measure) => measure !== "shift PSNR");

/** A panel per measure; without networks that a measure is infinite for or unknown of. */
export function frontierPanels(
  networks: readonly JudgedNetwork[],
  better: Better,
): FrontierPanel[] {
  const configurations = configurationsOf(networks);
  return drawn.flatMap((measure) => {
    const points = configurations.flatMap((configuration): FrontierPoint[] => {
      const sample = sampleOf(configuration, isInTable("prediction", measure));
      if (!sample) return [];
      const equivariance = figureOf(sample);
      if (!Number.isFinite(equivariance.value)) return [];
      return [{ label: configuration.label, quality: qualityOf(configuration), equivariance }];
    });
    if (points.length === 0) return [];
    const frontier = paretoFrontier(
      points.map(({ quality, equivariance }) => ({ x: equivariance.value, y: quality.value })),
      { x: "higher", y: better },
    );
    return [{ measure, points, frontier }];
  });
}

/** The mean quality of a network's trainings; of one training, as it was measured. */
function qualityOf({ networks }: Configuration<JudgedNetwork>): Figure {
  const [only] = networks;
  if (only && networks.length === 1) return { ...only.quality, trainings: 1 };
  const values = networks.map(({ quality }) => quality.value);
  return figureOf({ values, keys: [], trainings: values.length });
}

/** The panels as one table; bold marks the frontier. */
export function frontierTable(
  panels: readonly FrontierPanel[],
  { name, better }: { name: QualityName; better: Better },
): Table {
  const { label, times } = qualityLabel(name, better);
  const columns: TableColumn[] = [
    { group: null, heading: label, keys: { quantity: name }, times },
    ...panels.map(({ measure }) => ({
      group: null,
      heading: `${measure} (dB) ↑`,
      keys: { quantity: measure },
      times: 1,
    })),
  ];
  const labels = [...new Set(panels.flatMap(({ points }) => points.map((point) => point.label)))];
  const rows = labels.map((label): TableRow => {
    const places = panels.map(({ points }) => points.findIndex((point) => point.label === label));
    const quality = panels.flatMap(({ points }, i) => points[places[i]!]?.quality ?? [])[0];
    const figures = panels.map(({ points, frontier }, i): Figure | null => {
      const place = places[i]!;
      const isBest = frontier.includes(place);
      const point = points[place];
      return point ? { ...point.equivariance, isBest, facts: { on_frontier: isBest } } : null;
    });
    return { keys: [label], figures: [quality ?? null, ...figures] };
  });
  return {
    name: "quality",
    title: "Quality against the equivariance of a prediction, averaged over noise levels.",
    keys: ["network"],
    columns,
    rows,
    legend: [
      "Bold: on the Pareto frontier, where no other network has both better quality and better " +
      "equivariance by this measure; means decide, whatever their intervals.",
    ],
    notes: [],
  };
}
