/**
 * Small multiples: little plots on the same axes. They use the page's own colours, which follow
 * light and dark mode.
 */
import { type Html, html } from "./markup.ts";
import { type LossRow, smoothedLoss } from "./losses.ts";

/** The scale that all loss plots of a group share. */
export interface LossScale {
  steps: number;
  min: number;
  max: number;
}

const wide = 240;
const high = 90;
const points = 160;

/** At most {@link points} evenly chosen values of a loss's moving average. */
function thinned(losses: readonly LossRow[]): LossRow[] {
  const smooth = smoothedLoss(losses);
  const every = Math.max(1, Math.ceil(smooth.length / points));
  // The first values average only a few noisy losses, and would dominate the scale.
  return smooth.filter((_, i) =>
    i >= smooth.length / 50 && (i % every === 0 || i === smooth.length - 1)
  );
}

/** The scale that fits the losses of all runs; null if there are none. */
export function lossScale(runs: readonly (readonly LossRow[])[]): LossScale | null {
  const all = runs.flatMap(thinned).filter(({ loss }) => loss > 0);
  if (all.length === 0) return null;
  const of = (pick: (a: number, b: number) => number, values: number[]) =>
    values.reduce((a, b) => pick(a, b));
  const losses = all.map(({ loss }) => loss);
  return {
    steps: of(Math.max, all.map(({ step }) => step)),
    min: of(Math.min, losses),
    max: of(Math.max, losses),
  };
}

/**
 * A loss's moving average as the `d` attribute of a path: steps on the x axis, the logarithm of the
 * loss on the y axis.
 */
export function lossPath(losses: readonly LossRow[], { steps, min, max }: LossScale): string {
  const range = Math.log(max / min) || 1;
  return thinned(losses).filter(({ loss }) => loss > 0).map(({ step, loss }, i) => {
    const x = wide * step / steps;
    const y = high * (1 - Math.log(loss / min) / range);
    return `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }).join("");
}

/** Paths that plots show faintly in the background, once per page. */
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

/** One run's loss, with the others' in the background. */
export function lossMultiple(
  path: string,
  { steps, min, max }: LossScale,
  background: string,
): Html {
  const [low, high_] = [min.toPrecision(2), max.toPrecision(2)];
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

/** One configuration's value, as {@link figuresPlot} draws it. */
export interface Figure {
  name: string;
  value: number;
  /** Half the length of its error bar. */
  error: number | null;
  /** Drawn as a ring. */
  paper: number | null;
  best: boolean;
}

/** Sizes in a {@link figuresPlot}, in its own units. */
const plotSize = { row: 22, across: 220 };

/** The scale of the axis. */
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

/** A number with three digits and a true minus sign. */
function shortNumber(value: number): string {
  return String(+value.toPrecision(3)).replace("-", "−");
}

/** Values as points on one axis, one row per configuration. */
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
