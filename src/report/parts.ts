/** The building blocks of pages: tables, lists of facts, pictures, films, plots. */
import type { Image } from "../formats/image.ts";
import { encodePng, pngSize } from "../formats/png.ts";
import { type Filling, type Html, html, svgHtml } from "./markup.ts";
import { colours, palette } from "./plots.ts";

/** Content that may be wider than the screen: it scrolls on its own, also by keyboard. */
export function scroller(
  label: string,
  body: Html,
  kind: "scroll" | "wide" | "wide light" = "scroll",
): Html {
  return html`<div class="${kind}" role="region" aria-label="${label}" tabindex="0">${body}</div>`;
}

/** A table; the columns listed in `numbers` are right-aligned. */
export function table(head: string[], rows: Filling[][], numbers: number[] = []): Html {
  const kind = (i: number) => numbers.includes(i) ? "number" : "";
  const headings = head.map((words, i) => html`<th scope="col" class="${kind(i)}">${words}</th>`);
  const lines = rows.map((row) =>
    html`<tr>${row.map((cell, i) => html`<td class="${kind(i)}">${cell}</td>`)}</tr>`
  );
  return scroller(
    head.filter(Boolean).join(", "),
    html`
      <table>
        <thead>
          <tr>${headings}</tr>
        </thead>
        <tbody>${lines}</tbody>
      </table>
    `,
  );
}

/** Names with their values. */
export function facts(entries: readonly (readonly [name: string, value: Filling])[]): Html {
  const lines = entries.map(([name, value]) =>
    html`
      <dt>${name}</dt>
      <dd>${value}</dd>
    `
  );
  return html`<dl class="facts">${lines}</dl>`;
}

/** Digests, file names, commands. */
export function code(text: string): Html {
  return html`<code>${text}</code>`;
}

/** A remark that readers should not miss. */
export function note(text: string): Html {
  return html`<p class="note">${text}</p>`;
}

/** A PNG as the source of an image. */
export function pngSource(png: Uint8Array): string {
  return `data:image/png;base64,${png.toBase64()}`;
}

function imageHtml(image: Image): Html {
  const source = pngSource(encodePng(image));
  return html`<img src="${source}" width="${image.width}" height="${image.height}" alt="">`;
}

/** How to show a group of images. */
export interface GalleryOptions {
  /** Describes all images together: to people who cannot see them, they are one picture. */
  label: string;
  size: "small" | "large";
  /** One caption below each image. */
  names?: readonly string[] | null;
}

/** Separate images side by side. */
export function gallery(
  images: readonly Image[],
  { label, size, names = null }: GalleryOptions,
): Html {
  const each = images.map((image, i) =>
    names ? html`<span class="named">${imageHtml(image)}${names[i] ?? ""}</span>` : imageHtml(image)
  );
  return html`<div class="images ${size}" role="img" aria-label="${label}">${each}</div>`;
}

/** Images in columns under headings: image `i` is in column `i` modulo the number of columns. */
export function imageColumns(
  images: readonly Image[],
  headings: readonly string[],
  label: string,
): Html {
  const columns = headings.map((heading, column) =>
    html`
      <div><span>${heading}</span>${images.filter((_, i) => i % headings.length === column).map(
        imageHtml,
      )}</div>
    `
  );
  const body = html`<div class="columns" role="img" aria-label="${label}">${columns}</div>`;
  return scroller(label, body);
}

/** A PNG picture with its caption. */
export function pictureFigure(
  png: Uint8Array,
  { alt, caption, scale = 1 }: { alt: string; caption: string; scale?: number },
): Html {
  const { width, height } = pngSize(png);
  const image = html`
    <img src="${pngSource(png)}" alt="${alt}" width="${width * scale}"
      height="${height * scale}">
  `;
  return html`
    <figure>${scroller(caption, image, "wide light")}<figcaption>${caption}</figcaption></figure>
  `;
}

/**
 * A film in MP4 with its caption. It does not start by itself, which also suits people who prefer
 * less motion.
 */
export function filmFigure(mp4: Uint8Array, label: string, caption: Html): Html {
  const source = `data:video/mp4;base64,${mp4.toBase64()}`;
  return html`
    <figure class="film">
      <video src="${source}" controls loop muted playsinline preload="metadata"
        aria-label="${label}"></video>
      <figcaption>${caption}</figcaption>
    </figure>
  `;
}

/** A plot in the page's own colours, which follow light and dark mode. */
export function diagram(svg: string, label: string): Html {
  const names = new Map([
    [colours.ink, "--ink"],
    [colours.faint, "--faint"],
    [colours.rule, "--rule"],
    [colours.paper, "--paper"],
    [palette[0], "--curve"],
  ]);
  return svgHtml(svg, label, (colour) => {
    const name = names.get(colour);
    return name ? `var(${name})` : colour;
  });
}
