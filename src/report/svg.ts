/**
 * SVG to pixels, and charts to SVG, the same bytes everywhere: resvg compiled to WebAssembly and a
 * font that comes with the packages, so that neither the machine's fonts nor its processor matter.
 */
import fontBytes from "dejavu-fonts-ttf/ttf/DejaVuSans.ttf" with { type: "bytes" };
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import wasm from "@resvg/resvg-wasm/index_bg.wasm" with { type: "bytes" };
// The ready-made bundle: the package's own modules ask for an environment variable, which needs a
// permission.
// @ts-types="echarts"
import * as echarts from "echarts/dist/echarts.esm.min.mjs";
import type { Image } from "../formats/image.ts";

/** The font of all pictures. */
export const fontFamily = "DejaVu Sans";

let ready: Promise<void> | undefined;

/**
 * Draws an SVG picture.
 *
 * @param svg a whole document
 * @param scale pixels for each of the picture's units
 * @returns width, height and RGBA samples, 4 bytes a pixel, not premultiplied
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
    for (let i = 0; i < data.length; i += 4) { // resvg gives colours multiplied by their opacity.
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

/** Draws an opaque SVG picture as RGB. */
export async function svgImage(svg: string, scale = 1): Promise<Image> {
  const { width, height, data: rgba } = await rasterize(svg, scale);
  const data = new Uint8Array(width * height * 3).fill(255);
  blend(data, width, rgba, width, 0, 0);
  return { width, height, channels: 3, data };
}

/** Lays RGBA pixels over RGB pixels with their upper left corner at (left, top); they must fit. */
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

/** Text made safe to stand in SVG and HTML. */
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
 * A chart as SVG. The same option gives the same text: echarts numbers its elements over the life
 * of the process, and those numbers are counted anew here.
 *
 * @param option what echarts takes
 * @param id begins every identifier in the picture, so that several can stand in one page
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
      // Only what happens under the mouse, in scripts that are not here.
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
