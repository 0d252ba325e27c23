/** Heat maps: a square of coloured cells with axes and the colours' scale, as SVG. */
import { encodePng } from "../formats/png.ts";
import { css } from "./colours.ts";
import { colours } from "./plots.ts";
import { escapeText, fontFamily } from "./svg.ts";

/** A colour as red, green, blue, 0 to 255. */
export type Colour = [number, number, number];

/** A mark on an axis, at 0 (left or bottom of the axis) to 1. */
export interface Tick {
  at: number;
  text: string;
}

/** What a heat map shows. */
export interface HeatMap {
  title: string;
  note: string;
  /** Cells a side; the first row is at the top. */
  cells: number;
  colourAt(row: number, column: number): Colour;
  /** What is written in a cell, and whether the cell is dark. */
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

/** A heat map as a whole SVG document of {@link heatMapSize}. */
export function heatMapSvg(
  { title, note, cells, colourAt, labelAt, x, y, scale, over }: HeatMap,
): string {
  const side = 340;
  const left = 72;
  const top = 72;
  const cell = side / cells;
  const parts: string[] = [];
  const text = (
    words: string,
    at: [number, number],
    size: number,
    fill: string,
    anchor = "middle",
    turn = "",
  ) =>
    parts.push(
      `<text ${turn ? `transform="translate(${round(at[0])} ${round(at[1])}) rotate(-90)"` : ""} ` +
        (turn ? "" : `x="${round(at[0])}" y="${round(at[1])}" `) +
        `font-size="${size}" fill="${fill}" text-anchor="${anchor}">${escapeText(words)}</text>`,
    );
  const line = (path: string) =>
    parts.push(`<path d="${path}" stroke="${colours.faint}" fill="none"/>`);

  text(title, [16, 28], 16, colours.ink, "start");
  text(note, [16, 50], 12, colours.faint, "start");
  if (cells > 16) {
    parts.push(
      `<image x="${left}" y="${top}" width="${side}" height="${side}" href="${
        pngUrl(cells, cells, colourAt)
      }"/>`,
    );
  } else {
    for (let row = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++) {
        const px = left + column * cell;
        const py = top + row * cell;
        parts.push(
          `<rect x="${round(px)}" y="${round(py)}" width="${round(cell)}" height="${
            round(cell)
          }" ` +
            `fill="${css(colourAt(row, column))}"/>`,
        );
        if (!labelAt) continue;
        const label = labelAt(row, column);
        const size = round(Math.min(14, cell / (0.7 * label.text.length)));
        text(
          label.text,
          [px + cell / 2, py + cell / 2 + size / 3],
          size,
          label.dark ? "#ffffff" : "#111111",
        );
      }
    }
  }
  if (over) {
    parts.push(
      `<svg x="${left}" y="${top}" width="${side}" height="${side}" viewBox="0 0 1 1" overflow="hidden">${over}</svg>`,
    );
  }
  line(`M${left} ${top}V${top + side}H${left + side}`);
  for (const { at, text: words } of x.ticks) {
    line(`M${round(left + at * side)} ${top + side}v5`);
    text(words, [left + at * side, top + side + 19], 12, colours.ink);
  }
  for (const { at, text: words } of y.ticks) {
    line(`M${left} ${round(top + (1 - at) * side)}h-5`);
    text(words, [left - 8, top + (1 - at) * side + 4], 12, colours.ink, "end");
  }
  text(x.name, [left + side / 2, top + side + 42], 13, colours.faint);
  text(y.name, [22, top + side / 2], 13, colours.faint, "middle", "up");

  const bar = left + side + 24;
  parts.push(
    `<image x="${bar}" y="${top}" width="16" height="${side}" preserveAspectRatio="none" ` +
      `href="${pngUrl(1, 256, (row) => scale.colourAt(1 - row / 255))}"/>`,
  );
  for (const { at, text: words } of scale.ticks) {
    const py = round(top + (1 - at) * side);
    line(`M${bar + 16} ${py}h5`);
    text(words, [bar + 25, py + 4], 12, colours.ink, "start");
  }
  text(scale.name, [bar + 88, top + side / 2], 13, colours.faint, "middle", "up");
  const { width, height } = heatMapSize;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="${fontFamily}, Verdana, sans-serif">` +
    `<rect width="${width}" height="${height}" fill="${colours.paper}"/>${parts.join("")}</svg>`;
}
