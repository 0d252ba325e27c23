/** Heat maps as SVG: a square of coloured cells with axes and a colour scale. */
import { encodePng } from "../formats/png.ts";
import { css } from "./colours.ts";
import { colours } from "./plots.ts";
import { escapeText, fontFamily } from "./svg.ts";

/** A colour: red, green, blue, 0 to 255. */
export type Colour = [number, number, number];

/** A mark on an axis, from 0 (left or bottom) to 1. */
export interface Tick {
  at: number;
  text: string;
}

/** The content of a heat map. */
export interface HeatMap {
  title: string;
  note: string;
  /** Cells per side; the first row is at the top. */
  cells: number;
  colourAt(row: number, column: number): Colour;
  /** The text in a cell, and whether the cell is dark. */
  labelAt?: (row: number, column: number) => { text: string; dark: boolean };
  x: { name: string; ticks: Tick[] };
  /** Its ticks count from the bottom. */
  y: { name: string; ticks: Tick[] };
  scale: { name: string; colourAt(share: number): Colour; ticks: Tick[] };
  /** SVG drawn over the cells, in units of the square's side. */
  over?: string;
}

/** Width and height of every heat map. */
export const heatMapSize = { width: 540, height: 470 };

function pngUrl(
  width: number,
  height: number,
  colourAt: (row: number, column: number) => Colour,
): string {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data.set(colourAt(Math.floor(i / width), i % width), 3 * i);
  }
  return "data:image/png;base64," + encodePng({ width, height, channels: 3, data }).toBase64();
}

const round = (value: number) => +value.toFixed(2);

/** The position of the square of cells and of its scale. */
const square = { side: 340, left: 72, top: 72 };
const bar = square.left + square.side + 24;

/**
 * Up to this many cells per side, each is drawn separately, with room for a label; beyond it, all
 * form one picture.
 */
const maxLabelled = 16;

/** The style of a text. */
interface TextStyle {
  size: number;
  fill: string;
  anchor?: "start" | "middle" | "end";
  /** Reads upwards. */
  isTurned?: boolean;
}

function textSvg(
  words: string,
  [x, y]: [number, number],
  { size, fill, anchor = "middle", isTurned = false }: TextStyle,
): string {
  const place = isTurned
    ? `transform="translate(${round(x)} ${round(y)}) rotate(-90)"`
    : ` x="${round(x)}" y="${round(y)}"`;
  return `<text ${place} font-size="${size}" fill="${fill}" text-anchor="${anchor}">${
    escapeText(words)
  }</text>`;
}

function lineSvg(path: string): string {
  return `<path d="${path}" stroke="${colours.faint}" fill="none"/>`;
}

/** The cells: each as a rectangle with its label, or all as one picture. */
function cellsSvg({ cells, colourAt, labelAt }: HeatMap): string[] {
  const { side, left, top } = square;
  if (cells > maxLabelled) {
    const url = pngUrl(cells, cells, colourAt);
    return [`<image x="${left}" y="${top}" width="${side}" height="${side}" href="${url}"/>`];
  }
  const cell = side / cells;
  const parts: string[] = [];
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const [x, y] = [left + column * cell, top + row * cell];
      parts.push(
        `<rect x="${round(x)}" y="${round(y)}" width="${round(cell)}" height="${round(cell)}" ` +
          `fill="${css(colourAt(row, column))}"/>`,
      );
      if (labelAt) parts.push(labelSvg(labelAt(row, column), x, y, cell));
    }
  }
  return parts;
}

function labelSvg(
  { text, dark }: { text: string; dark: boolean },
  x: number,
  y: number,
  cell: number,
): string {
  const size = round(Math.min(14, cell / (0.7 * text.length)));
  const fill = dark ? "#ffffff" : "#111111";
  return textSvg(text, [x + cell / 2, y + cell / 2 + size / 3], { size, fill });
}

/** Both axes with their ticks and names. */
function axesSvg({ x, y }: HeatMap): string[] {
  const { side, left, top } = square;
  const tick = { size: 12, fill: colours.ink };
  const name = { size: 13, fill: colours.faint };
  return [
    lineSvg(`M${left} ${top}V${top + side}H${left + side}`),
    ...x.ticks.flatMap(({ at, text }) => [
      lineSvg(`M${round(left + at * side)} ${top + side}v5`),
      textSvg(text, [left + at * side, top + side + 19], tick),
    ]),
    ...y.ticks.flatMap(({ at, text }) => [
      lineSvg(`M${left} ${round(top + (1 - at) * side)}h-5`),
      textSvg(text, [left - 8, top + (1 - at) * side + 4], { ...tick, anchor: "end" }),
    ]),
    textSvg(x.name, [left + side / 2, top + side + 42], name),
    textSvg(y.name, [22, top + side / 2], { ...name, isTurned: true }),
  ];
}

/** The colour scale as a bar with ticks. */
function scaleSvg({ scale }: HeatMap): string[] {
  const { side, top } = square;
  const url = pngUrl(1, 256, (row) => scale.colourAt(1 - row / 255));
  return [
    `<image x="${bar}" y="${top}" width="16" height="${side}" preserveAspectRatio="none" ` +
    `href="${url}"/>`,
    ...scale.ticks.flatMap(({ at, text }) => {
      const y = round(top + (1 - at) * side);
      const style = { size: 12, fill: colours.ink, anchor: "start" } as const;
      return [lineSvg(`M${bar + 16} ${y}h5`), textSvg(text, [bar + 25, y + 4], style)];
    }),
    textSvg(scale.name, [bar + 88, top + side / 2], {
      size: 13,
      fill: colours.faint,
      isTurned: true,
    }),
  ];
}

/** A heat map as a whole SVG document of {@link heatMapSize}. */
export function heatMapSvg(map: HeatMap): string {
  const { side, left, top } = square;
  const parts = [
    textSvg(map.title, [16, 28], { size: 16, fill: colours.ink, anchor: "start" }),
    textSvg(map.note, [16, 50], { size: 12, fill: colours.faint, anchor: "start" }),
    ...cellsSvg(map),
  ];
  if (map.over) {
    parts.push(
      `<svg x="${left}" y="${top}" width="${side}" height="${side}" viewBox="0 0 1 1" ` +
        `overflow="hidden">${map.over}</svg>`,
    );
  }
  parts.push(...axesSvg(map), ...scaleSvg(map));
  const { width, height } = heatMapSize;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" font-family="${fontFamily}, Verdana, sans-serif">` +
    `<rect width="${width}" height="${height}" fill="${colours.paper}"/>${parts.join("")}</svg>`;
}
