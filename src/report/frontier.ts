/** The figure of quality against equivariance, with the frontier marked. */
import type { Better, FrontierPanel, FrontierPoint } from "../evaluation/frontier.ts";
import { intervalNote, markOf, uncertaintyOf } from "../tables/table.ts";
import { palette } from "./plots.ts";
import type { ScatterPlot, ScatterPoint } from "./scatter.ts";

/** The quality in the figure. */
export interface FrontierQuality {
  /** Its name and unit. */
  name: string;
  better: Better;
  /** The factor for its figures. */
  times: number;
}

/**
 * The figure's content: a panel per measure. Points on the frontier are filled, and the dashed line
 * bounds what they beat; the others are rings. Colours are the architectures'.
 */
export function frontierContent(
  panels: readonly FrontierPanel[],
  { name, better, times }: FrontierQuality,
): ScatterPlot {
  const figures = panels.flatMap(({ points }) =>
    points.flatMap(({ quality, equivariance }) => [quality, equivariance])
  );
  const bars = intervalNote("bars", uncertaintyOf(figures));
  return {
    title: `Quality against equivariance: ${name}`,
    note: ["filled: on the Pareto frontier of the means", bars].filter(Boolean).join("; "),
    y: { name: `${name}, ${better} is better` },
    across: 3,
    height: 340,
    hasLabels: true,
    panels: panels.map(({ measure, points, frontier }) => ({
      x: `${measure} of a prediction (dB), higher is better`,
      points: points.map(({ label, quality, equivariance }, i): ScatterPoint => ({
        name: [label, markOf(equivariance)].filter(Boolean).join(" "),
        x: equivariance.value,
        y: quality.value * times,
        halfX: equivariance.half,
        halfY: quality.half === null ? null : quality.half * times,
        colour: colourOf(label),
        isRing: !frontier.includes(i),
      })),
      line: stairs(frontier.flatMap((i) => points[i] ?? []), times),
    })),
  };
}

/** From the best equivariance to the best quality: for each, the quality that is known to go with it. */
function stairs(points: readonly FrontierPoint[], times: number): [x: number, y: number][] {
  return points.flatMap(({ quality, equivariance }, i): [x: number, y: number][] => {
    const before = points[i - 1];
    const corner: [x: number, y: number] = [equivariance.value, quality.value * times];
    return before ? [[equivariance.value, before.quality.value * times], corner] : [corner];
  });
}

/** A colour for each architecture. */
function colourOf(label: string): string {
  const place = "ABCD".indexOf(label.charAt(0));
  return palette[place < 0 ? palette.length - 1 : place] ?? "#000000";
}
