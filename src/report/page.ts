/**
 * The report's frame: one HTML file with its style and script in it, which asks for nothing from
 * anywhere.
 */
import { escapeText } from "./svg.ts";

const style = `
:root { color-scheme: light dark; --paper: #ffffff; --card: #f5f7f9; --ink: #1c2430; --faint: #5b6675; --rule: #dde2e8;
  --accent: #0061a0; --curve: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181f; --card: #1d232d; --ink: #e6eaf0; --faint: #a0acbb;
  --rule: #35404e; --accent: #7cc0f2; --curve: #8ac9f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; } h2 { font-size: 1.2rem; margin: 2.6rem 0 .7rem;
  padding-top: .5rem; border-top: 1px solid var(--rule); }
p { margin: .5rem 0; } a { color: var(--accent); }
.faint, figcaption { color: var(--faint); } figcaption { font-size: .9rem; margin-top: .4rem; }
code, pre, .mono { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .875em; }
code { overflow-wrap: anywhere; }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: .8rem 1rem; margin: .6rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: .8rem 0; } .wide { overflow-x: auto; } .wide > svg, .wide > img { display: block; height: auto;
  max-width: max(100%, 34rem); } .wide > svg { width: 100%; min-width: 34rem; }
.light { background: #fff; border-radius: 6px; width: fit-content; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; } .scroll { overflow-x: auto; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { font-weight: 600; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: .8rem 0; }
dl.facts dt { color: var(--faint); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.spec { columns: 2 20rem; column-gap: 2rem; } .spec div { break-inside: avoid; } .spec .default { color: var(--faint); }
.spec .set { font-weight: 600; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(var(--side, 64px), 23%), 1fr)); gap: 4px;
  max-width: 100%; }
.images img { width: 100%; height: auto; image-rendering: pixelated; display: block; border-radius: 2px; }
.film video { display: block; max-width: 100%; height: auto; border-radius: 6px; }
.controls:not([hidden]) { display: flex; align-items: center; gap: .8rem; margin: .6rem 0 1rem; flex-wrap: wrap; }
.controls input { flex: 1 1 7rem; accent-color: var(--accent); min-height: 2rem; }
.controls output { min-width: 4.5em; text-align: right; font-variant-numeric: tabular-nums; }
button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--faint); border-radius: 6px;
  padding: .3rem .9rem; cursor: pointer; } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: 1.2rem 1.6rem; }
.multiples figure { margin: 0; } .multiples svg { width: 100%; height: auto; display: block; }
article { min-width: 0; } h3 { font-size: 1rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
article:target h3 { outline: 2px solid var(--accent); outline-offset: 2px; }
.sheet { height: auto; image-rendering: pixelated; display: block; margin: .5rem 0; border-radius: 2px; }
th.group { text-align: center; } tbody th { font-weight: 400; }
details { margin: .8rem 0; } summary { cursor: pointer; }
.note { border-left: 4px solid var(--accent); background: var(--card); padding: .5rem .9rem; margin: .7rem 0; }
@media (max-width: 30rem) { body { padding: 1rem .9rem 3rem; } dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .5rem; } }
@media print { :root { --paper: #fff; --card: #fff; --ink: #000; --faint: #444; --rule: #bbb; --accent: #000; }
  body { max-width: none; font-size: 10.5pt; padding: 0; } .controls, .film { display: none !important; } h2 { break-after: avoid; }
  figure, tr, article { break-inside: avoid; } table { font-size: 8pt; }
  th, td { padding: .2rem .4rem .2rem 0; } .scroll { overflow: visible; } .wide { overflow: visible; } .wide > svg, .wide > img { min-width: 0;
  max-width: 100%; } .player { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1rem; }
  .player figure[hidden] { display: block !important; } .images { --side: 24px !important; } }
`;

/** Without it every angle is shown one below the other; with it the slider chooses. */
const script = `
for (const player of document.querySelectorAll(".player")) {
  const frames = [...player.querySelectorAll("figure")];
  const controls = player.previousElementSibling;
  const slider = controls.querySelector("input"), output = controls.querySelector("output");
  const button = controls.querySelector("button");
  let timer = null, direction = 1;
  const show = (at) => {
    frames.forEach((frame, i) => { frame.hidden = i !== at; });
    slider.value = String(at);
    output.textContent = frames[at].dataset.label;
    slider.setAttribute("aria-valuetext", frames[at].dataset.label);
  };
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    button.textContent = "Stop";
    timer = setInterval(() => {
      let at = Number(slider.value) + direction;
      if (at < 0 || at >= frames.length) { direction = -direction; at = Number(slider.value) + direction; }
      show(at);
    }, Number(controls.dataset.ms));
  });
  controls.hidden = false;
  show(Number(slider.value));
}
`;

/** A part of the page, under a heading. */
export interface Section {
  id: string;
  heading: string;
  /** HTML. */
  body: string;
}

/** The page. Its policy forbids every request, whatever stands in it. */
export function page(title: string, lead: string, sections: Section[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeText(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeText(title)}</h1>
${lead}
</header>
<main>
${
    sections.map(({ id, heading, body }) =>
      `<section id="${id}" aria-labelledby="${id}-h">\n<h2 id="${id}-h">${
        escapeText(heading)
      }</h2>\n${body}\n</section>`
    ).join("\n")
  }
</main>
<script>${script}</script>
</body>
</html>
`;
}

/** What may be wider than the screen: it scrolls by itself, by keyboard too. */
export function scroller(
  label: string,
  body: string,
  kind: "scroll" | "wide" | "wide light" = "scroll",
): string {
  return `<div class="${kind}" role="region" aria-label="${
    escapeText(label)
  }" tabindex="0">${body}</div>`;
}

/** A table; the columns named as numbers stand right. */
export function table(head: string[], rows: string[][], numbers: number[] = []): string {
  const attribute = (i: number) => numbers.includes(i) ? ' class="number"' : "";
  const cells = (tag: "th" | "td", row: string[]) =>
    row.map((cell, i) =>
      `<${tag}${tag === "th" ? ' scope="col"' : ""}${attribute(i)}>${cell}</${tag}>`
    ).join("");
  return scroller(
    head.filter(Boolean).join(", "),
    `<table><thead><tr>${cells("th", head)}</tr></thead><tbody>${
      rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("")
    }</tbody></table>`,
  );
}

/** Names and what stands for them. Values are HTML. */
export function facts(entries: [string, string][]): string {
  return `<dl class="facts">${
    entries.map(([name, value]) => `<dt>${escapeText(name)}</dt><dd>${value}</dd>`).join("")
  }</dl>`;
}

/** Bytes of a PNG as an image's source. */
export function pngSource(png: Uint8Array): string {
  return `data:image/png;base64,${png.toBase64()}`;
}
