/**
 * Small multiples: little diagrams on the same axes, drawn for the page in its own colours, which
 * follow light and dark.
 */
import { type Html, html } from "./markup.ts";
import { type LossRow, smoothedLoss } from "./losses.ts";

/** What all little loss diagrams of a group share. */
export interface LossScale {
  steps: number;
  least: number;
  most: number;
}

const wide = 240;
const high = 90;
const points = 160;

/** At most {@link points} values of a loss's moving average, evenly chosen. */
function thinned(losses: readonly LossRow[]): LossRow[] {
  const smooth = smoothedLoss(losses);
  const every = Math.max(1, Math.ceil(smooth.length / points));
  // The first few are the mean of a few noisy losses; they would set the scale for all.
  return smooth.filter((_, i) =>
    i >= smooth.length / 50 && (i % every === 0 || i === smooth.length - 1)
  );
}

/** The scale that holds every one of some runs' losses; null where there is none. */
export function lossScale(runs: readonly (readonly LossRow[])[]): LossScale | null {
  const all = runs.flatMap(thinned).filter(({ loss }) => loss > 0);
  if (all.length === 0) return null;
  const of = (pick: (a: number, b: number) => number, values: number[]) =>
    values.reduce((a, b) => pick(a, b));
  const losses = all.map(({ loss }) => loss);
  return {
    steps: of(Math.max, all.map(({ step }) => step)),
    least: of(Math.min, losses),
    most: of(Math.max, losses),
  };
}

/** A loss's moving average as the `d` of a path: steps across, the loss's logarithm upwards. */
export function lossPath(losses: readonly LossRow[], { steps, least, most }: LossScale): string {
  const range = Math.log(most / least) || 1;
  return thinned(losses).filter(({ loss }) => loss > 0).map(({ step, loss }, i) => {
    const x = wide * step / steps;
    const y = high * (1 - Math.log(loss / least) / range);
    return `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }).join("");
}

/** Paths that diagrams show faintly behind their own, once a page. */
export function lossBackground(id: string, paths: readonly string[]): Html {
  const lines = paths.map((d) => html`<path d="${d}" />`);
  return html`
    <svg width="0" height="0" aria-hidden="true" class="unseen">
      <defs>
        <g id="${id}" fill="none" stroke="var(--faint)" stroke-opacity="0.45" stroke-width="1">
        ${lines}
      </g>
      </defs>
    </svg>
  `;
}

/** One run's loss, the others' behind it. */
export function lossMultiple(
  path: string,
  { steps, least, most }: LossScale,
  background: string,
): Html {
  const [low, high_] = [least.toPrecision(2), most.toPrecision(2)];
  const text = (x: number, y: number, anchor: string, words: string) =>
    html`
      <text x="${x}" y="${y}" text-anchor="${anchor}" font-size="11"
        fill="var(--faint)">${words}</text>
    `;
  const label = `Diagram: the training loss from ${high_} to ${low} at most over ${steps} steps, ` +
    "the other runs' behind it";
  return html`
    <svg viewBox="-40 -8 ${wide + 48} ${high + 28}" role="img" aria-label="${label}">
      <path d="M0 0V${high}H${wide}" fill="none" stroke="var(--faint)" />
      <use href="#${background}" />
      <path d="${path}" fill="none" stroke="var(--curve)" stroke-width="2" />
      ${text(-4, 4, "end", high_)}
      ${text(-4, high + 4, "end", low)}
      ${text(0, high + 15, "start", "0")}
      ${text(wide, high + 15, "end", `${steps.toLocaleString("en-US")} steps`)}
    </svg>
  `;
}

/** A figure of a configuration, as {@link figuresPlot} draws it. */
export interface Figure {
  name: string;
  value: number;
  /** Half the length of the bar around it. */
  error: number | null;
  /** Drawn as a ring. */
  paper: number | null;
  best: boolean;
}

/** Sizes of a {@link figuresPlot} in its own units. */
const plotSize = { row: 22, across: 220 };

/** Where a figure lies on the axis. */
interface FigureAxis {
  left: number;
  low: number;
  range: number;
  at: (value: number) => number;
}

function figureAxis(figures: readonly Figure[]): FigureAxis {
  const left = Math.min(150, 12 + 7 * Math.max(...figures.map(({ name }) => name.length)));
  const ends = figures.flatMap(({ value, error, paper }) => [
    value - (error ?? 0),
    value + (error ?? 0),
    ...(paper === null ? [] : [paper]),
  ]);
  const low = Math.min(...ends);
  const range = Math.max(...ends) - low || Math.abs(low) || 1;
  const at = (value: number) => +(left + plotSize.across * (value - low) / range).toFixed(1);
  return { left, low, range, at };
}

/** A number of three digits with a true minus sign. */
function shortNumber(value: number): string {
  return String(+value.toPrecision(3)).replace("-", "−");
}

/** Figures as points on one axis, configurations down. */
export function figuresPlot(label: string, figures: readonly Figure[]): Html {
  const axis = figureAxis(figures);
  const { left, low, range } = axis;
  const { row, across } = plotSize;
  const bottom = row * figures.length;
  const told = figures.map(({ name, value }) => `${name} ${shortNumber(value)}`).join(", ");
  const words = `Diagram: ${label}: ${told}`;
  const end = (x: number, anchor: string, value: number) =>
    html`
      <text x="${x}" y="${bottom + 14}" text-anchor="${anchor}" font-size="11"
        fill="var(--faint)">${shortNumber(value)}</text>
    `;
  return html`
    <svg viewBox="0 0 ${left + across + 12} ${bottom + 20}" role="img" aria-label="${words}">
      ${figures.map((figure, i) => figureRow(figure, row * i + row / 2, axis))}
      ${end(left, "start", low)}
      ${end(left + across, "end", low + range)}
    </svg>
  `;
}

function figureRow(
  { name, value, error, paper, best }: Figure,
  y: number,
  { left, at }: FigureAxis,
): Html {
  const short = name.length > 20 ? `${name.slice(0, 19)}…` : name;
  const bar = error &&
    html`
      <path d="M${at(value - error)} ${y}H${at(
        value + error,
      )}" stroke="var(--curve)" stroke-width="2" />
    `;
  const ring = paper !== null &&
    html`
      <circle cx="${at(paper)}" cy="${y}" r="4" fill="none" stroke="var(--faint)"
        stroke-width="1.5" />
    `;
  return html`
    <path d="M${left} ${y}h${plotSize.across}" stroke="var(--rule)" />
    <text x="${left - 8}" y="${y + 4}" text-anchor="end" font-size="12" fill="var(--ink)"
      font-weight="${best ? 700 : 400}">${short}</text>
    ${bar || null}
    ${ring}
    <circle cx="${at(value)}" cy="${y}" r="${best ? 5 : 4}" fill="var(--curve)" />
  `;
}
