/**
 * Line plots of the loss and of scores over angles. echarts draws them as SVG without a browser;
 * the PNG is made from the same SVG.
 */
import { encodePng } from "../formats/png.ts";
import { chartSvg, svgImage } from "./svg.ts";

/** A picture in both formats. */
export interface Plot {
  /** A whole SVG document. */
  svg: string;
  /** The same, at twice its size. */
  png: Uint8Array<ArrayBuffer>;
}

/** One curve. */
export interface Curve {
  name: string;
  /** [x, y]; y null leaves a gap. */
  points: [x: number, y: number | null][];
  /** Half the width of the band around each point: a confidence interval. */
  spread?: number[] | undefined;
  /** Drawn thin and pale, for data that another curve smooths. */
  faint?: boolean | undefined;
}

/** An axis of a plot. */
export interface Axis {
  /** Its quantity and unit. */
  name: string;
  log?: boolean;
  min?: number;
  max?: number;
  /** The distance between ticks and their labels, if the usual numbers do not suit. */
  ticks?: { every: number; text: (value: number) => string };
}

/** A plot of curves. Axis names include the unit. */
export interface CurvePlot {
  title: string;
  /** Grey text under the title. */
  note?: string | undefined;
  x: Axis;
  y: Axis;
  curves: Curve[];
  /** Vertical dashed lines. */
  marks?: { x: number; text: string }[];
}

/** The colours of Okabe and Ito, which most colour-blind people can distinguish, without yellow. */
export const palette = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#e69f00",
  "#000000",
];
/** The colours of text and lines in all plots; the report replaces them by its own. */
export const colours = { ink: "#1c2430", faint: "#5b6675", rule: "#e1e5ea", paper: "#ffffff" };

/** An axis as an echarts option. */
export function axisOption({ name, log, min, max, ticks }: Axis) {
  return {
    type: log ? "log" as const : "value" as const,
    name,
    nameLocation: "middle" as const,
    nameTextStyle: { color: colours.faint, fontSize: 13 },
    axisLine: { show: true, onZero: false, lineStyle: { color: colours.faint } },
    axisTick: { show: true, lineStyle: { color: colours.faint } },
    axisLabel: {
      color: colours.ink,
      fontSize: 12,
      formatter: ticks?.text ?? (log ? powerText : numberText),
    },
    ...(ticks ? { interval: ticks.every } : {}),
    // An axis may end between two ticks: its last number is shown, but without a line next to that
    // of the last tick.
    splitLine: {
      lineStyle: { color: colours.rule },
      showMaxLine: ticks !== undefined || log === true,
    },
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  };
}

/** A curve as echarts series: its line, and the band around it if there is one. */
function curveSeries(
  { name, points, spread, faint }: Curve,
  colour: string,
  { isLog, marks }: { isLog: boolean; marks: CurvePlot["marks"] },
) {
  const line = {
    name,
    type: "line" as const,
    data: points.map(([x, y]) => [x, y === null || (isLog && y <= 0) ? "-" : y]),
    showSymbol: points.length <= 40,
    symbol: "circle",
    symbolSize: 6,
    // The legend takes its colour from the first of these.
    itemStyle: { color: colour, opacity: faint ? 0.35 : 1 },
    lineStyle: { color: colour, width: faint ? 1 : 2, opacity: faint ? 0.35 : 1 },
    z: faint ? 2 : 4,
    ...(marks ? { markLine: markLine(marks) } : {}),
  };
  return spread ? [line, bandSeries(points, spread, colour)] : [line];
}

/** The band's two edges as one polygon, forward and back; a gap starts a new one. */
function bandSeries(points: Curve["points"], spread: readonly number[], colour: string) {
  const edges: [x: number, y: number, spread: number][][] = [[]];
  points.forEach(([x, y], at) =>
    y === null ? edges.push([]) : edges.at(-1)?.push([x, y, spread[at] ?? 0])
  );
  const outlines = edges.map((edge) => [
    ...edge.map(([x, y, s]) => [x, y + s]),
    ...edge.toReversed().map(([x, y, s]) => [x, y - s]),
  ]);
  return {
    type: "custom" as const,
    data: [0],
    silent: true,
    // deno-lint-ignore no-explicit-any -- echarts' type of this function's result is not exported
    renderItem: (_: unknown, api: any): any => ({
      type: "group",
      children: outlines.map((outline) => ({
        type: "polygon",
        shape: { points: outline.map((point) => api.coord(point)) },
        style: { fill: colour, opacity: 0.15 },
      })),
    }),
    z: 1,
  };
}

/** Title and note, and a legend if there is more than one curve. */
function headOption({ title, note, curves }: CurvePlot, isLegendBelow: boolean) {
  const head = {
    title: {
      text: title,
      ...(note ? { subtext: note } : {}),
      left: 16,
      top: 10,
      itemGap: 6,
      textStyle: { color: colours.ink, fontSize: 16, fontWeight: "normal" as const },
      subtextStyle: { color: colours.faint, fontSize: 12 },
    },
  };
  if (curves.length < 2) return head;
  const legend = {
    data: curves.map(({ name }) => name),
    right: 20,
    top: note ? 34 + (isLegendBelow ? legendRoom : 0) : 12,
    icon: "roundRect",
    itemGap: 26,
    itemWidth: 18,
    itemHeight: 4,
    textStyle: { color: colours.ink, fontSize: 12 },
  };
  return { ...head, legend };
}

const legendRoom = 22;

/** Whether note and legend do not fit next to each other, so that the legend goes below. */
function hasLegendBelow({ note, curves }: CurvePlot, width: number): boolean {
  if (curves.length < 2 || note === undefined) return false;
  const legend = curves.reduce((sum, { name }) => sum + textWidth(name) + 50, 0);
  return 16 + textWidth(note) + legend > width;
}

/** A plot as SVG. */
export function curveSvg(plot: CurvePlot, width = 760, height = 380, id = "curve"): string {
  const { x, y, curves, note, marks } = plot;
  const isLegendBelow = hasLegendBelow(plot, width);
  const top = note ? 72 + (isLegendBelow ? legendRoom : 0) : 54;
  const series = curves.flatMap((curve, i) => {
    const colour = palette[i % palette.length] ?? colours.ink;
    // The first curve carries all marks.
    return curveSeries(curve, colour, {
      isLog: y.log ?? false,
      marks: i === 0 ? marks : undefined,
    });
  });
  const option = {
    backgroundColor: colours.paper,
    ...headOption(plot, isLegendBelow),
    grid: { left: 76, right: 28, top, bottom: 54 },
    xAxis: { ...axisOption(x), nameGap: 30 },
    yAxis: { ...axisOption(y), nameGap: 52 },
    series,
  };
  return chartSvg(option, width, height, id);
}

/** The approximate width in pixels of a text in the small size. */
export function textWidth(text: string): number {
  return 7 * text.length;
}

function markLine(marks: { x: number; text: string }[]) {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.faint, type: "dashed" as const, width: 1 },
    label: {
      color: colours.faint,
      fontSize: 12,
      position: "insideEndTop" as const,
      formatter: "{b}",
    },
    data: marks.map(({ x, text }) => ({ name: text, xAxis: x })),
  };
}

/** A number on an axis, such as 10,000 or −5. */
function numberText(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 6 }).replace("-", "−");
}

/** A number on a logarithmic axis, such as 0.001, 1000 or 1e-6. */
function powerText(value: number): string {
  return value >= 1e-4 && value < 1e6
    ? String(+value.toPrecision(6))
    : value.toExponential().replace("e+", "e");
}

/** A plot as SVG and PNG. */
export async function curvePlot(plot: CurvePlot, width?: number, height?: number): Promise<Plot> {
  const svg = curveSvg(plot, width, height);
  return { svg, png: encodePng(await svgImage(svg, 2)) };
}
