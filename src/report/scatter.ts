/** Points with error bars in panels that share their vertical axis. */
import { encodePng } from "../formats/png.ts";
import { type Box, placeLabels } from "./labels.ts";
import { type Axis, axisOption, colours, type Plot, textWidth } from "./plots.ts";
import { chartSvg, fontFamily, svgImage } from "./svg.ts";

/** A point. */
export interface ScatterPoint {
  /** Written beside it if the plot has labels. */
  name: string;
  x: number;
  y: number;
  /** Half the lengths of its error bars; null for none. */
  halfX: number | null;
  halfY: number | null;
  colour: string;
  /** Whether it is drawn as a ring. */
  isRing?: boolean;
}

/** A panel. */
export interface ScatterPanel {
  /** The name of the horizontal axis, with its unit. */
  x: string;
  points: readonly ScatterPoint[];
  /** A dashed line of horizontal and vertical parts. */
  line?: readonly [x: number, y: number][];
}

/** A plot of panels. */
export interface ScatterPlot {
  title: string;
  /** Grey text under the title. */
  note: string;
  /** The vertical axis of all panels; its bounds follow from the points unless they are given. */
  y: Axis;
  /** The room for its numbers and its name, in pixels. */
  left?: number;
  panels: readonly ScatterPanel[];
  /** How many panels are beside each other. */
  across: number;
  /** The height of a panel. */
  height: number;
  /** Whether names are written beside points. */
  hasLabels: boolean;
}

/** The plot as SVG and PNG. */
export async function scatterPlot(plot: ScatterPlot): Promise<Plot> {
  const svg = scatterSvg(plot);
  return { svg, png: encodePng(await svgImage(svg, 2)) };
}

/** Sizes in pixels: a panel's width, and what is around it. */
const size = { panel: 360, between: 36, right: 24, top: 76, below: 66 };
const fontSize = 12;

/** Where a panel lies, and its axes' bounds. */
interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
  x: Scale;
  y: Scale;
}

/** The plot as SVG. */
export function scatterSvg(plot: ScatterPlot): string {
  const { panels, across, left = 70 } = plot;
  const frames = framesOf(plot);
  const columns = Math.min(across, panels.length);
  const rows = Math.ceil(panels.length / across);
  const option = {
    backgroundColor: colours.paper,
    title: {
      text: plot.title,
      subtext: plot.note,
      left: 16,
      top: 10,
      itemGap: 6,
      textStyle: { color: colours.ink, fontSize: 16, fontWeight: "normal" as const },
      subtextStyle: { color: colours.faint, fontSize },
    },
    grid: frames.map(({ left, top, width, height }) => ({ left, top, width, height })),
    xAxis: frames.map(({ x }, gridIndex) => ({
      ...axisOption({ name: panels[gridIndex]?.x ?? "", ...x.axis }),
      nameGap: 28,
      gridIndex,
    })),
    yAxis: frames.map(({ y }, gridIndex) => ({
      ...axisOption({ ...plot.y, ...y.axis, name: gridIndex % across === 0 ? plot.y.name : "" }),
      nameGap: 50,
      gridIndex,
      ...(gridIndex % across === 0 ? {} : { axisLabel: { show: false } }),
    })),
    series: panels.map((panel, i) => panelSeries(panel, i, frames[i]!, plot.hasLabels)),
  };
  const width = left + columns * (size.panel + size.between) - size.between + size.right;
  return chartSvg(option, width, size.top + rows * (plot.height + size.below), "scatter");
}

function framesOf({ panels, across, height, y, left = 70 }: ScatterPlot): Frame[] {
  const all = panels.flatMap(({ points }) => points);
  const vertical = y.ticks && y.min !== undefined && y.max !== undefined
    ? { min: y.min, max: y.max, axis: {} }
    : scaleOf(all.map((point) => ({ value: point.y, half: point.halfY })));
  return panels.map(({ points }, i) => ({
    left: left + (i % across) * (size.panel + size.between),
    top: size.top + Math.floor(i / across) * (height + size.below),
    width: size.panel,
    height,
    x: scaleOf(points.map((point) => ({ value: point.x, half: point.halfX }))),
    y: vertical,
  }));
}

/** The bounds of an axis, and its options. */
interface Scale {
  min: number;
  max: number;
  axis: Partial<Axis>;
}

/**
 * Round bounds around values and their intervals. A wide interval, such as one over two trainings,
 * extends the axis by no more than the range of the values; what is beyond is cut off.
 */
function scaleOf(figures: readonly { value: number; half: number | null }[]): Scale {
  const values = figures.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const range = most - least || Math.abs(most) * 0.1 || 1;
  const reach = figures.flatMap(({ value, half }) => {
    const bar = half ?? 0;
    return [Math.max(value - bar, least - range), Math.min(value + bar, most + range)];
  });
  const [low, high] = [Math.min(...reach), Math.max(...reach)];
  const margin = (high - low) * 0.06 || range / 2;
  const step = roundStep((high - low + 2 * margin) / 5);
  const min = Math.floor((low - margin) / step) * step;
  const max = Math.ceil((high + margin) / step) * step;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const text = (value: number) => value.toFixed(decimals).replace("-", "−");
  return { min, max, axis: { min, max, ticks: { every: step, text } } };
}

/** The smallest of 1, 2, 5, 10, 20, ... (and 0.5, 0.2, ...) that is at least a positive number. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least * 0.999) ?? least;
}

/** Everything in a panel as one series, in pixels. */
function panelSeries(panel: ScatterPanel, index: number, frame: Frame, hasLabels: boolean) {
  return {
    type: "custom" as const,
    xAxisIndex: index,
    yAxisIndex: index,
    data: [0],
    silent: true,
    // Bars may be longer than the axis.
    clip: true,
    // deno-lint-ignore no-explicit-any -- echarts' type of this function's result is not exported
    renderItem: (): any => ({ type: "group", children: panelShapes(panel, frame, hasLabels) }),
  };
}

/** The line, then all bars, then all points, then all names: what is later covers what is earlier. */
function panelShapes({ points, line }: ScatterPanel, frame: Frame, hasLabels: boolean) {
  const at = (x: number, y: number): [number, number] => [
    frame.left + frame.width * (x - frame.x.min) / (frame.x.max - frame.x.min),
    frame.top + frame.height * (frame.y.max - y) / (frame.y.max - frame.y.min),
  ];
  const stroke = (points: [number, number][], colour: string, dash?: number[]) => ({
    type: "polyline" as const,
    shape: { points },
    style: { stroke: colour, lineWidth: 1.5, fill: "none", ...(dash ? { lineDash: dash } : {}) },
  });
  const bars = points.flatMap(({ x, y, halfX, halfY, colour }) => [
    ...(halfX === null ? [] : [stroke([at(x - halfX, y), at(x + halfX, y)], colour)]),
    ...(halfY === null ? [] : [stroke([at(x, y - halfY), at(x, y + halfY)], colour)]),
  ]);
  const dots = points.map(({ x, y, colour, isRing }) => {
    const [cx, cy] = at(x, y);
    const style = isRing
      ? { fill: colours.paper, stroke: colour, lineWidth: 2 }
      : { fill: colour, stroke: colours.paper, lineWidth: 1 };
    return { type: "circle" as const, shape: { cx, cy, r: isRing ? 4 : 5 }, style };
  });
  const dashed = line ? [stroke(line.map(([x, y]) => at(x, y)), colours.faint, [6, 4])] : [];
  const lines = [...dashed, ...bars];
  const obstacles = lines.flatMap(({ shape }) => boxesOf(shape.points));
  return [...lines, ...dots, ...(hasLabels ? namesOf(points, at, frame, obstacles) : [])];
}

function namesOf(
  points: readonly ScatterPoint[],
  at: (x: number, y: number) => [number, number],
  bounds: Frame,
  obstacles: readonly Box[],
) {
  const named = points.map(({ name, x, y }) => {
    const [left, top] = at(x, y);
    return { x: left, y: top, width: textWidth(name), height: fontSize + 2 };
  });
  return placeLabels(named, bounds, obstacles).map(({ left, top }, i) => ({
    type: "text" as const,
    style: {
      x: left,
      y: top + 1,
      text: points[i]?.name ?? "",
      fill: colours.ink,
      fontSize,
      fontFamily: `${fontFamily}, Verdana, sans-serif`,
    },
  }));
}

/** Boxes around the parts of a line, which are horizontal or vertical. */
function boxesOf(points: readonly [number, number][]): Box[] {
  return points.slice(1).map(([x, y], i) => {
    const [x0, y0] = points[i]!;
    return {
      left: Math.min(x, x0) - 1,
      top: Math.min(y, y0) - 1,
      width: Math.abs(x - x0) + 2,
      height: Math.abs(y - y0) + 2,
    };
  });
}
