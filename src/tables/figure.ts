/** Figures as text, with as many decimals as their uncertainty allows. */
import { type Figure, markOf } from "./table.ts";

/** A figure as written. */
export interface FigureText {
  value: string;
  /** Half its interval, without ±. */
  half: string | null;
  /** Both: "84.00 ± 1.25". */
  text: string;
}

/**
 * Writes a figure and half its interval with two decimals, as in the paper, or with more if the
 * interval would round to zero; a figure without an interval has at least three digits.
 *
 * @param times the factor for both
 */
export function figureText(figure: number, itsHalf: number | null, times = 1): FigureText {
  const decimals = itsHalf === null
    ? decimalsOf(figure * times, 3)
    : decimalsOf(itsHalf * times, 1);
  const value = numberText(figure * times, decimals);
  const half = itsHalf === null ? null : numberText(itsHalf * times, decimals);
  return { value, half, text: half === null ? value : `${value} ± ${half}` };
}

/** The decimals that a number of some digits needs: 2 to 6. */
function decimalsOf(value: number, digits: number): number {
  if (value === 0 || !Number.isFinite(value)) return 2;
  return Math.min(6, Math.max(2, digits - 1 + Math.ceil(-Math.log10(Math.abs(value)))));
}

/** With a true minus sign; a number that rounds to zero has none. */
function numberText(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** A figure in pieces, which writers combine. */
export interface FigureParts {
  /** Its value with its sign, and half its interval. */
  value: string;
  half: string | null;
  /** † or ‡ for an interval over one training or two. */
  mark: string;
  /** "(3)": the trainings, if they differ within the table. */
  count: string;
  /** The words behind it, to be put in brackets; "" for none. */
  beside: string;
}

/** How {@link figureParts} writes. */
export interface FigureStyle {
  /** The factor for value and interval. */
  times: number;
  /** Whether positive values have a sign. */
  isSigned: boolean;
  /** Whether the number of trainings is written; figures marked by † do not need it. */
  hasCount: boolean;
}

/** The pieces of a figure. */
export function figureParts(figure: Figure, style: FigureStyle): FigureParts {
  const { value, half } = figureText(figure.value, figure.half, style.times);
  const mark = markOf(figure);
  const { trainings } = figure;
  const isCounted = style.hasCount && trainings !== null && mark !== "†";
  return {
    value: style.isSigned && figure.value > 0 ? `+${value}` : value,
    half,
    mark,
    count: isCounted ? `(${trainings})` : "",
    beside: figure.beside ?? "",
  };
}

/** The pieces behind each other: "84.00 ± 4.00‡ (2) [82.46]". */
export function partsText({ value, half, mark, count, beside }: FigureParts): string {
  const own = `${half === null ? value : `${value} ± ${half}`}${mark}`;
  return [own, count, beside && `[${beside}]`].filter(Boolean).join(" ");
}
