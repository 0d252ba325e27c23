/** The training loss as a plot. */
import { type CurvePlot, curvePlot, type Plot } from "./plots.ts";

/** One row of the losses. */
export interface LossRow {
  step: number;
  loss: number;
}

/**
 * An exponential moving average of the loss, without bias from the start: weights halve over a
 * hundredth of the rows (at least ten).
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
 * The largest of 1, 2, 5, 10, 20, ... (and 0.5, 0.2, ...) that is at most a positive number, and the
 * smallest that is at least this number.
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

/** The content of a loss plot: at most 800 evenly chosen rows, and their moving average. */
export function lossCurves(rows: readonly LossRow[], title = "Training loss"): CurvePlot {
  const shown = (from: readonly LossRow[]) => {
    const every = Math.max(1, Math.ceil(from.length / 800));
    return from.filter((_, i) => i % every === 0 || i === from.length - 1)
      .map(({ step, loss }): [number, number] => [step, loss]);
  };
  const positive = rows.map(({ loss }) => loss).filter((loss) => loss > 0 && loss < Infinity);
  const smallest = positive.reduce(min, Infinity);
  const largest = positive.reduce(max, 0);
  // A logarithmic axis is only useful over a range of at least ten.
  const isWide = positive.length > 0 && largest >= 10 * smallest;
  return {
    title,
    x: { name: "training step", ...(rows.length ? { min: 0, max: rows.at(-1)!.step } : {}) },
    y: {
      name: "mean squared error of the noise",
      ...(isWide
        ? { log: true, min: roundAround(smallest)[0], max: roundAround(largest)[1] }
        : { min: 0 }),
    },
    curves: [
      { name: "each step", points: shown(rows), faint: true },
      { name: "moving average", points: shown(smoothedLoss(rows)) },
    ],
  };
}

/** The loss by step, as SVG and PNG. */
export function lossPlot(rows: readonly LossRow[], title?: string): Promise<Plot> {
  return curvePlot(lossCurves(rows, title));
}
