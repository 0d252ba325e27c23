/**
 * Curves: the loss, scores over angles. Drawn by echarts on the server as SVG; PNG from the same
 * SVG.
 */
import { encodePng } from "../formats/png.ts";
import { chartSvg, svgImage } from "./svg.ts";

/** A picture in both its forms. */
export interface Plot {
  /** A whole SVG document. */
  svg: string;
  /** The same, drawn at twice its size. */
  png: Uint8Array<ArrayBuffer>;
}

/** One curve. */
export interface Curve {
  name: string;
  /** [x, y]; y null leaves a gap. */
  points: [x: number, y: number | null][];
  /** Half the width of the band around it, for each point: a confidence interval. */
  spread?: number[] | undefined;
  /** Drawn thin and pale, as what another curve smooths. */
  faint?: boolean | undefined;
}

/** An axis of a diagram. */
export interface Axis {
  /** What it counts, with its unit. */
  name: string;
  log?: boolean;
  min?: number;
  max?: number;
  /** Distance of the ticks and what stands at them, where the usual numbers would not do. */
  ticks?: { every: number; text: (value: number) => string };
}

/** A diagram of curves. Axis names say the unit. */
export interface CurvePlot {
  title: string;
  /** Stands under the title, in grey. */
  note?: string | undefined;
  x: Axis;
  y: Axis;
  curves: Curve[];
  /** Upright dashed lines. */
  marks?: { x: number; text: string }[];
}

/** Okabe and Ito's colours, which most colour-blind people tell apart, the yellow left out. */
export const palette = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#e69f00",
  "#000000",
];
/** Colours of text and lines in all diagrams; the report exchanges them for its own. */
export const colours = { ink: "#1c2430", faint: "#5b6675", rule: "#e1e5ea", paper: "#ffffff" };

/** A diagram as SVG. */
export function curveSvg(plot: CurvePlot, width = 760, height = 380, id = "curve"): string {
  const axis = ({ name, log, min, max, ticks }: Axis) => ({
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
    // An axis may end between two ticks: the last number stands there, but no line beside that of
    // the last tick.
    splitLine: {
      lineStyle: { color: colours.rule },
      showMaxLine: ticks !== undefined || log === true,
    },
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  });
  const named = plot.curves.length > 1;
  const { note } = plot;
  // Where note and legend have no room beside each other, the legend goes below.
  const legendWidth = plot.curves.reduce((sum, { name }) => sum + textWidth(name) + 50, 0);
  const below = named && note !== undefined && 16 + textWidth(note) + legendWidth > width ? 22 : 0;
  const series = plot.curves.flatMap(({ name, points, spread, faint }, i) => {
    const colour = palette[i % palette.length]!;
    const data = points.map(([x, y]) => [x, y === null || (plot.y.log && y <= 0) ? "-" : y]);
    const line = {
      name,
      type: "line" as const,
      data,
      showSymbol: points.length <= 40,
      symbol: "circle",
      symbolSize: 6,
      // The legend takes its colour from the first of these.
      itemStyle: { color: colour, opacity: faint ? 0.35 : 1 },
      lineStyle: { color: colour, width: faint ? 1 : 2, opacity: faint ? 0.35 : 1 },
      z: faint ? 2 : 4,
    };
    if (i === 0 && plot.marks) Object.assign(line, { markLine: markLine(plot.marks) });
    if (!spread) return [line];
    // The band's two edges as one polygon, forth and back; another one behind a gap.
    const edges: [x: number, y: number, spread: number][][] = [[]];
    points.forEach(([x, y], at) =>
      y === null ? edges.push([]) : edges.at(-1)!.push([x, y, spread[at] ?? 0])
    );
    const outlines = edges.map((edge) => [
      ...edge.map(([x, y, s]) => [x, y + s]),
      ...edge.toReversed().map(([x, y, s]) => [x, y - s]),
    ]);
    return [line, {
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
    }];
  });
  return chartSvg(
    {
      backgroundColor: colours.paper,
      title: {
        text: plot.title,
        ...(note ? { subtext: note } : {}),
        left: 16,
        top: 10,
        itemGap: 6,
        textStyle: { color: colours.ink, fontSize: 16, fontWeight: "normal" },
        subtextStyle: { color: colours.faint, fontSize: 12 },
      },
      ...(named
        ? {
          legend: {
            data: plot.curves.map(({ name }) => name),
            right: 20,
            top: note ? 34 + below : 12,
            icon: "roundRect",
            itemGap: 26,
            itemWidth: 18,
            itemHeight: 4,
            textStyle: { color: colours.ink, fontSize: 12 },
          },
        }
        : {}),
      grid: { left: 76, right: 28, top: note ? 72 + below : 54, bottom: 54 },
      xAxis: { ...axis(plot.x), nameGap: 30 },
      yAxis: { ...axis(plot.y), nameGap: 52 },
      series,
    },
    width,
    height,
    id,
  );
}

/** About how many pixels a text of the small size takes. */
function textWidth(text: string): number {
  return 7 * text.length;
}

function markLine(marks: { x: number; text: string }[]) {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.faint, type: "dashed", width: 1 },
    label: { color: colours.faint, fontSize: 12, position: "insideEndTop", formatter: "{b}" },
    data: marks.map(({ x, text }) => ({ name: text, xAxis: x })),
  };
}

/** 10,000 and −5: what an axis says. */
function numberText(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 6 }).replace("-", "−");
}

/** 0.001 and 1000, but 1e-6: what an axis of powers of ten says. */
function powerText(value: number): string {
  return value >= 1e-4 && value < 1e6
    ? String(+value.toPrecision(6))
    : value.toExponential().replace("e+", "e");
}

/** A diagram as SVG and as PNG. */
export async function curvePlot(plot: CurvePlot, width?: number, height?: number): Promise<Plot> {
  const svg = curveSvg(plot, width, height);
  return { svg, png: encodePng(await svgImage(svg, 2)) };
}

/** One row of the losses. */
export interface LossRow {
  step: number;
  loss: number;
}

/**
 * The loss's moving average: weights fall by half in a hundredth of the rows (ten at least); no row
 * is there before it.
 */
export function smoothedLoss(rows: readonly LossRow[]): LossRow[] {
  const keep = 0.5 ** (1 / Math.max(10, rows.length / 100));
  let sum = 0;
  let weight = 0;
  return rows.map(({ step, loss }) => {
    sum = keep * sum + loss;
    weight = keep * weight + 1;
    return { step, loss: sum / weight };
  });
}

/**
 * The next of 1, 2, 5, 10, 20, ... (and 0.5, 0.2, ...) that is not above a positive number, and not
 * below it.
 */
function roundAround(value: number): [below: number, above: number] {
  const power = Math.floor(Math.log10(value));
  const steps = [1, 2, 5, 10].map((digit) => Number(`${digit}e${power}`));
  return [
    steps.findLast((step) => step <= value) ?? steps[0]!,
    steps.find((step) => step >= value) ?? steps.at(-1)!,
  ];
}

const max = (a: number, b: number) => Math.max(a, b);
const min = (a: number, b: number) => Math.min(a, b);

/** What a plot of the loss shows: at most 800 rows, evenly chosen, and their moving average. */
export function lossCurves(rows: readonly LossRow[], title = "Training loss"): CurvePlot {
  const shown = (from: readonly LossRow[]) => {
    const every = Math.max(1, Math.ceil(from.length / 800));
    return from.filter((_, i) => i % every === 0 || i === from.length - 1)
      .map(({ step, loss }): [number, number] => [step, loss]);
  };
  const positive = rows.map(({ loss }) => loss).filter((loss) => loss > 0 && loss < Infinity);
  const least = positive.reduce(min, Infinity);
  const most = positive.reduce(max, 0);
  // An axis of powers of ten needs some of them to say anything.
  const isWide = positive.length > 0 && most >= 10 * least;
  return {
    title,
    x: { name: "training step", ...(rows.length ? { min: 0, max: rows.at(-1)!.step } : {}) },
    y: {
      name: "mean squared error of the noise",
      ...(isWide
        ? { log: true, min: roundAround(least)[0], max: roundAround(most)[1] }
        : { min: 0 }),
    },
    curves: [
      { name: "each step", points: shown(rows), faint: true },
      { name: "moving average", points: shown(smoothedLoss(rows)) },
    ],
  };
}

/** The loss over the steps, as SVG and PNG. */
export function lossPlot(rows: readonly LossRow[], title?: string): Promise<Plot> {
  return curvePlot(lossCurves(rows, title));
}
