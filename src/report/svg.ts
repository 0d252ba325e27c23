/**
 * Renders SVG to pixels and charts to SVG, with the same bytes everywhere. It uses resvg compiled
 * to WebAssembly and a bundled font, so that neither the machine's fonts nor its processor matter.
 */
import fontBytes from "dejavu-fonts-ttf/ttf/DejaVuSans.ttf" with { type: "bytes" };
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import wasm from "@resvg/resvg-wasm/index_bg.wasm" with { type: "bytes" };
// The prebuilt bundle: the package's own modules read an environment variable, which needs a
// permission.
// @ts-types="echarts"
import * as echarts from "echarts/dist/echarts.esm.min.mjs";
import type { Image } from "../formats/image.ts";

/** The font of all pictures. */
export const fontFamily = "DejaVu Sans";

let ready: Promise<void> | undefined;

/**
 * Renders an SVG picture.
 *
 * @param svg a whole document
 * @param scale pixels per unit of the picture
 * @returns width, height and RGBA samples, 4 bytes per pixel, not premultiplied
 */
export async function rasterize(
  svg: string,
  scale = 1,
): Promise<{ width: number; height: number; data: Uint8Array }> {
  await (ready ??= initWasm(wasm));
  const picture = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: { fontBuffers: [fontBytes], defaultFontFamily: fontFamily, sansSerifFamily: fontFamily },
  });
  const rendered = picture.render();
  try {
    const { width, height, pixels } = rendered;
    const data = pixels.slice();
    for (let i = 0; i < data.length; i += 4) { // resvg premultiplies colours.
      const alpha = data[i + 3]!;
      if (alpha > 0 && alpha < 255) {
        for (let c = 0; c < 3; c++) data[i + c] = Math.round(data[i + c]! * 255 / alpha);
      }
    }
    return { width, height, data };
  } finally {
    rendered.free();
    picture.free();
  }
}

/** Renders an opaque SVG picture as RGB. */
export async function svgImage(svg: string, scale = 1): Promise<Image> {
  const { width, height, data: rgba } = await rasterize(svg, scale);
  const data = new Uint8Array(width * height * 3).fill(255);
  blend(data, width, rgba, width, 0, 0);
  return { width, height, channels: 3, data };
}

/** Blends RGBA pixels over RGB pixels, with the upper left corner at (left, top); they must fit. */
export function blend(
  onto: Uint8Array,
  ontoWidth: number,
  rgba: Uint8Array,
  width: number,
  left: number,
  top: number,
): void {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]!;
    if (alpha === 0) continue;
    const pixel = i / 4;
    const at = 3 * ((top + Math.floor(pixel / width)) * ontoWidth + left + pixel % width);
    for (let c = 0; c < 3; c++) {
      onto[at + c] = Math.round((rgba[i + c]! * alpha + onto[at + c]! * (255 - alpha)) / 255);
    }
  }
}

/** Escapes text for SVG and HTML. */
export function escapeText(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (c) => entities[c]!);
}

/**
 * A chart as SVG. The same option gives the same text: echarts numbers its elements across the life
 * of the process, so we renumber them here.
 *
 * @param option the echarts option
 * @param id a prefix of every identifier in the picture, so that a page can contain several
 */
export function chartSvg(
  option: echarts.EChartsOption,
  width: number,
  height: number,
  id = "chart",
): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: `${fontFamily}, Verdana, sans-serif` },
      ...option,
    });
    const names = new Map<string, string>();
    return chart.renderToSVGString()
      // These styles apply only under the mouse, with scripts that are not included.
      .replace(/<style[\s\S]*?<\/style>/g, "")
      .replace(/ class="zr[^"]*"/g, "")
      .replace(/zr\d+-[a-z]+-?\d+/g, (name) => {
        if (!names.has(name)) names.set(name, `${id}-${names.size}`);
        return names.get(name)!;
      });
  } finally {
    chart.dispose();
  }
}
