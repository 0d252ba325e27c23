/**
 * Small multiples: little diagrams on the same axes, drawn for the page in its own colours, which
 * follow light and dark.
 */
import { type LossRow, smoothedLoss } from "./plots.ts";
import { escapeText } from "./svg.ts";

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
export function lossBackground(id: string, paths: string[]): string {
  return `<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><g id="${id}" fill="none" ` +
    `stroke="var(--faint)" stroke-opacity="0.45" stroke-width="1">${
      paths.map((d) => `<path d="${d}"/>`).join("")
    }</g></defs></svg>`;
}

/** One run's loss, the others' behind it. */
export function lossMultiple(
  path: string,
  { steps, least, most }: LossScale,
  background: string,
): string {
  const text = (x: number, y: number, anchor: string, words: string) =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="11" fill="var(--faint)">${words}</text>`;
  return `<svg viewBox="-40 -8 ${wide + 48} ${
    high + 28
  }" role="img" aria-label="Diagram: the training loss from ` +
    `${most.toPrecision(2)} to ${
      least.toPrecision(2)
    } at most over ${steps} steps, the other runs' behind it">` +
    `<path d="M0 0V${high}H${wide}" fill="none" stroke="var(--faint)"/><use href="#${background}"/>` +
    `<path d="${path}" fill="none" stroke="var(--curve)" stroke-width="2"/>` +
    text(-4, 4, "end", most.toPrecision(2)) + text(-4, high + 4, "end", least.toPrecision(2)) +
    text(0, high + 15, "start", "0") +
    text(wide, high + 15, "end", `${steps.toLocaleString("en-US")} steps`) +
    `</svg>`;
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

/** Figures as points on one axis, configurations down. */
export function figuresPlot(label: string, figures: readonly Figure[]): string {
  const left = Math.min(150, 12 + 7 * Math.max(...figures.map(({ name }) => name.length)));
  const row = 22;
  const across = 220;
  const ends = figures.flatMap(({ value, error, paper }) => [
    value - (error ?? 0),
    value + (error ?? 0),
    ...(paper === null ? [] : [paper]),
  ]);
  const low = Math.min(...ends);
  const range = Math.max(...ends) - low || Math.abs(low) || 1;
  const at = (value: number) => +(left + across * (value - low) / range).toFixed(1);
  const number = (value: number) => String(+value.toPrecision(3)).replace("-", "−");
  const bottom = row * figures.length;
  const rows = figures.map(({ name, value, error, paper, best }, i) => {
    const y = row * i + row / 2;
    const short = name.length > 20 ? `${name.slice(0, 19)}…` : name;
    return `<path d="M${left} ${y}h${across}" stroke="var(--rule)"/>` +
      `<text x="${left - 8}" y="${y + 4}" text-anchor="end" font-size="12" fill="var(--ink)"${
        best ? ' font-weight="700"' : ""
      }>${escapeText(short)}</text>` +
      (error
        ? `<path d="M${at(value - error)} ${y}H${
          at(value + error)
        }" stroke="var(--curve)" stroke-width="2"/>`
        : "") +
      (paper === null
        ? ""
        : `<circle cx="${at(paper)}" cy="${y}" r="4" fill="none" stroke="var(--faint)" ` +
          `stroke-width="1.5"/>`) +
      `<circle cx="${at(value)}" cy="${y}" r="${best ? 5 : 4}" fill="var(--curve)"/>`;
  });
  const told = figures.map(({ name, value }) => `${name} ${number(value)}`).join(", ");
  return `<svg viewBox="0 0 ${left + across + 12} ${bottom + 20}" role="img" aria-label="${
    escapeText(`Diagram: ${label}: ${told}`)
  }">${rows.join("")}` +
    `<text x="${left}" y="${bottom + 14}" font-size="11" fill="var(--faint)">${
      number(low)
    }</text>` +
    `<text x="${left + across}" y="${
      bottom + 14
    }" text-anchor="end" font-size="11" fill="var(--faint)">${number(low + range)}</text></svg>`;
}
