/** The low-pass kernel and its frequency response: CSV for programs, plots for people. */
import { frequencyResponse } from "../filters/mod.ts";
import { csvText } from "../formats/csv.ts";
import { encodePng } from "../formats/png.ts";
import { divergingColour, sequentialColour } from "./colours.ts";
import { heatMapSize, heatMapSvg } from "./heat_map.ts";
import { curveSvg, type Plot } from "./plots.ts";
import { svgImage } from "./svg.ts";

/** A low-pass kernel of a network. */
export interface Lowpass {
  /** Its purpose and its model: "D-2N, downsampling". */
  name: string;
  /** size * size coefficients, row-major. */
  kernel: ArrayLike<number>;
  /** Taps per side. */
  size: number;
  /** In radians, from 0 to pi. */
  cutoff: number;
}

/** Frequencies per side of the response; odd, so that both ends are equally far from zero. */
const points = 129;

/** The coefficients as CSV, one row per line, in full precision. */
export function filterCsv({ kernel, size }: Pick<Lowpass, "kernel" | "size">): string {
  const rows = Array.from(
    { length: size },
    (_, y) => Array.from({ length: size }, (_, x) => kernel[y * size + x] ?? null),
  );
  return csvText(rows);
}

/** The frequency of a column (or row) of the centred response, in radians per pixel. */
function frequencyAt(index: number): number {
  return 2 * Math.PI * (index - Math.floor(points / 2)) / points;
}

/**
 * The response as CSV: magnitudes, vertical frequencies down, horizontal ones across, in radians
 * per pixel.
 */
export function responseCsv({ kernel, size }: Pick<Lowpass, "kernel" | "size">): string {
  const response = frequencyResponse(kernel, size, points);
  const frequencies = Array.from({ length: points }, (_, i) => frequencyAt(i).toFixed(6));
  const rows = frequencies.map((f, y) => [f, ...response.subarray(y * points, (y + 1) * points)]);
  return csvText([["vertical\\horizontal", ...frequencies], ...rows]);
}

/** A number with a true minus sign. */
function signed(value: number, digits: number): string {
  return value.toFixed(digits).replace("-", "−");
}

const quarters = ["0", "π/4", "π/2", "3π/4", "π"];

/** A cutoff as people write it: as a fraction of pi if that is short. */
function radians(value: number): string {
  const part = value / Math.PI;
  for (
    const [text, exact] of [["π", 1], ["π/2", 1 / 2], ["π/4", 1 / 4], ["3π/4", 3 / 4], [
      "π/3",
      1 / 3,
    ]] as const
  ) {
    if (Math.abs(part - exact) < 1e-9) return text;
  }
  return `${+part.toFixed(3)} π`;
}

/** A colour map of the kernel's coefficients, with their values if they fit. */
export async function filterPlot({ name, kernel, size, cutoff }: Lowpass): Promise<Plot> {
  const values = Float64Array.from({ length: size * size }, (_, i) => kernel[i]!);
  const largest = Math.max(...values.map(Math.abs));
  const sum = values.reduce((a, b) => a + b, 0);
  const at = (row: number, column: number) => values[row * size + column]!;
  const ticks = Array.from({ length: size }, (_, i) => ({ at: (i + 0.5) / size, text: String(i) }));
  const svg = heatMapSvg({
    title: `Low-pass kernel: ${name}`,
    note: `${size} × ${size} taps, cutoff ${radians(cutoff)}, sum ${signed(sum, 4)}`,
    cells: size,
    colourAt: (row, column) => divergingColour(0.5 + at(row, column) / largest / 2),
    ...(size > 9 ? {} : {
      labelAt: (row: number, column: number) => ({
        text: signed(at(row, column), size > 5 ? 3 : 4),
        dark: Math.abs(at(row, column)) > 0.6 * largest,
      }),
    }),
    x: { name: "column", ticks },
    y: { name: "row", ticks: ticks.map(({ at, text }) => ({ at: 1 - at, text })) },
    scale: {
      name: "coefficient",
      colourAt: divergingColour,
      ticks: [-1, -0.5, 0, 0.5, 1].map((share) => ({
        at: (1 + share) / 2,
        text: signed(share * largest, 3),
      })),
    },
  });
  return { svg, png: encodePng(await svgImage(svg, 2)) };
}

/** A magnitude in decibels; anything below the kernel's rounding error counts as -120. */
function decibels(magnitude: number): number {
  return 20 * Math.log10(Math.max(magnitude, 1e-6));
}

/** The response in decibels, and the range of the plots. */
interface Response {
  decibels: ArrayLike<number>;
  bottom: number;
  top: number;
}

function responseOf({ kernel, size }: Lowpass): Response {
  const values = frequencyResponse(kernel, size, points).map(decibels);
  const highest = Math.max(...values);
  const top = 10 * Math.ceil(highest / 10 - 1e-6);
  const bottom = Math.max(top - 60, 10 * Math.floor(Math.min(...values) / 10));
  return { decibels: values, bottom, top };
}

/** A heat map over both frequencies, with the cutoff as a circle. */
function responseMap({ name, cutoff }: Lowpass, { decibels, bottom, top }: Response): string {
  const share = (value: number) => (value - bottom) / (top - bottom);
  const at = (index: number) => decibels[index] ?? NaN;
  const places = [[-1, "−π"], [-0.5, "−π/2"], [0, "0"], [0.5, "π/2"], [1, "π"]] as const;
  // The picture extends half a cell beyond the outermost frequencies, exactly to pi.
  const ticks = places.map(([part, text]) => ({ at: (1 + part) / 2, text }));
  const step = top - bottom > 30 ? 10 : 5;
  const radius = cutoff / (2 * Math.PI);
  const centre = signed(at((points * points - 1) / 2), 2);
  return heatMapSvg({
    title: `Frequency response: ${name}`,
    note: `circle: cutoff ${radians(cutoff)}; at frequency 0: ${centre} dB`,
    cells: points,
    colourAt: (row, column) => sequentialColour(share(at(row * points + column))),
    x: { name: "horizontal frequency in radians a pixel", ticks },
    y: { name: "vertical frequency in radians a pixel", ticks },
    scale: {
      name: "gain in dB",
      colourAt: sequentialColour,
      ticks: Array.from({ length: (top - bottom) / step + 1 }, (_, i) => bottom + i * step)
        .map((value) => ({ at: share(value), text: signed(value, 0) })),
    },
    over: `<circle cx="0.5" cy="0.5" r="${radius.toFixed(4)}" fill="none" stroke="#ffffff" ` +
      `stroke-width="0.005" stroke-dasharray="0.018 0.012"/>`,
  });
}

const sectionsWidth = 520;

/** Sections along an axis and a diagonal. */
function responseSections({ kernel, size, cutoff }: Lowpass, { bottom, top }: Response): string {
  // With an even number of points the first is at -pi; an odd number only comes close.
  const half = 128;
  const fine = frequencyResponse(kernel, size, 2 * half).map(decibels);
  const curve = (name: string, indexOf: (k: number) => number) => ({
    name,
    points: Array.from({ length: half + 1 }, (_, k): [number, number] => [
      Math.PI * k / half,
      Math.max(fine[indexOf(k)] ?? NaN, bottom),
    ]),
  });
  return curveSvg(
    {
      title: "Along an axis and a diagonal",
      x: {
        name: "frequency along the axis in radians a pixel",
        min: 0,
        max: Math.PI,
        ticks: {
          every: Math.PI / 4,
          text: (value) => quarters[Math.round(4 * value / Math.PI)] ?? "",
        },
      },
      y: { name: "gain in dB", min: bottom, max: top },
      marks: [{ x: cutoff, text: "cutoff" }],
      curves: [
        curve("axis", (k) => half * 2 * half + half - k),
        curve("diagonal", (k) => (half - k) * (2 * half + 1)),
      ],
    },
    sectionsWidth,
    heatMapSize.height,
    "sections",
  );
}

/**
 * The response in decibels: a map over both frequencies with the cutoff as a circle, and sections
 * along an axis and a diagonal.
 */
export async function responsePlot(lowpass: Lowpass): Promise<Plot> {
  const response = responseOf(lowpass);
  const map = responseMap(lowpass, response);
  const sections = responseSections(lowpass, response)
    .replace("<svg ", `<svg x="${heatMapSize.width}" y="0" `);
  const width = heatMapSize.width + sectionsWidth;
  const height = heatMapSize.height;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}">${map}${sections}</svg>`;
  return { svg, png: encodePng(await svgImage(svg, 2)) };
}
