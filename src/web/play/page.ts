/** The playground: one HTML file that draws with a bundle's model, offline, in any browser. */
import { gzipSync } from "fflate";
import pageStyle from "../../report/page.css" with { type: "text" };
import { type Html, html, inlined, scriptFile } from "../../report/markup.ts";
import ownStyle from "./play.css" with { type: "text" };
import script from "./play.js" with { type: "text" };
import type { PreparedModel } from "./model.ts";
import type { PlayModel } from "./protocol.ts";

/** What a page is made of. */
export interface PlayInput {
  /** One model, or two that draw from the same noise. */
  models: readonly PreparedModel[];
  /** The worker's bundled program. */
  worker: Uint8Array;
  /** The binary of the WebAssembly backend. */
  wasm: Uint8Array;
}

const inlinedStyle = inlined("style", pageStyle + ownStyle);
const inlinedScript = inlined("script", script);

/**
 * What a browser may do with the page: run the script above and a worker that the page makes of
 * what it holds; where the weights lie beside the page, the scripts of its own folder, too. No
 * request goes to another host.
 */
function policyOf(hasFiles: boolean): string {
  return [
    "default-src 'none'",
    "img-src data:",
    `style-src ${inlinedStyle.source}`,
    `script-src ${inlinedScript.source} 'wasm-unsafe-eval'${hasFiles ? " 'self' file:" : ""}`,
    "worker-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** From so many pixels a side the weights lie in files of their own: one of 70 MB loads badly. */
const folderPixels = 64;

/** A file of a playground: its name, and its text. */
export type PlayFile = readonly [name: string, text: string];

/**
 * The playground as files: one page, or from 64 pixels on a page and its weights beside it. A page
 * on a disk may read no files, but it may load scripts; so the weights are scripts.
 */
export function playFiles(input: PlayInput): PlayFile[] {
  const isLarge = input.models.some(({ model }) => model.network.imageSize >= folderPixels);
  const page: PlayFile = ["index.html", playPage(input, isLarge)];
  if (!isLarge) return [page];
  return [
    page,
    ...input.models.map(({ weights }, i): PlayFile => [
      `weights-${i}.js`,
      `(globalThis.playFiles ??= {})["weights-${i}"] = "${packed(weights)}";\n`,
    ]),
  ];
}

function playPage({ models, worker, wasm }: PlayInput, hasFiles: boolean): string {
  const policy = policyOf(hasFiles);
  const specs = models.map(({ model }) => model);
  const title = `Playground: ${specs.map(({ label }) => label).join(" beside ")}`;
  const whole = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        ${inlinedStyle.element}
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p class="faint">${lead(specs, hasFiles ? "this folder" : "this file")}</p>
          <p id="engine" role="status">Loading: this page needs JavaScript and WebAssembly.</p>
        </header>
        <main>
          ${controls(specs)}
          ${results(specs)}
        </main>
        <footer class="faint">
          <p>${precision(specs)}</p>
        </footer>
        <pre hidden id="models">${JSON.stringify(specs)}</pre>
        <pre hidden id="worker">${packed(worker)}</pre>
        <pre hidden id="wasm">${packed(wasm)}</pre>
        ${models.map(({ weights }, i) =>
          hasFiles
            ? scriptFile(`weights-${i}.js`)
            : html`<pre hidden id="weights-${i}">${packed(weights)}</pre>`
        )}
        ${inlinedScript.element}
      </body>
    </html>
  `;
  return `${whole}\n`;
}

/** Bytes as text: gzip, then base64. */
function packed(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9, mtime: 0 }).toBase64();
}

function lead(models: readonly PlayModel[], source: string): string {
  const [first] = models;
  const size = first ? `${first.network.imageSize} x ${first.network.imageSize} pixels` : "";
  const same = models.length > 1 ? " Both draw from the same noise." : "";
  return `Draws ${size} in your browser, from ${source} alone; nothing is sent or fetched.${same}`;
}

function precision(models: readonly PlayModel[]): string {
  const most = Math.max(...models.map(({ weightError }) => weightError));
  return `The weights are stored in float16, which changes none by more than ${
    (100 * most).toPrecision(2)
  } % of its tensor's largest. The bundle's own samples come from float32.`;
}

function choices(options: readonly (readonly [value: string, words: string])[]): Html[] {
  return options.map(([value, words]) => html`<option value="${value}">${words}</option>`);
}

function controls(models: readonly PlayModel[]): Html {
  const classNames = models.find(({ classNames }) => classNames)?.classNames ?? null;
  const guidance = models[0]?.sampling.guidance ?? 1;
  const classControls = classNames && html`
    <label>Class
      <select name="label">
        ${choices([
          ["", "all, in turn"],
          ...classNames.map((name, i) => [String(i), name] as const),
        ])}
      </select>
    </label>
    <label>Guidance
      <input name="guidance" type="number" value="${guidance}" min="0" max="20" step="0.5">
    </label>
  `;
  return html`
    <form id="controls" aria-label="What to draw">
      ${classControls}
      <label>Images
        <input name="count" type="number" value="4" min="1" max="16" step="1">
      </label>
      <label>Seed
        <input name="seed" type="number" value="1" min="0" max="4294967295" step="1">
      </label>
      <label>Sampler
        <select name="sampler">
          ${choices([
            ["ancestral", "ancestral"],
            ["ddim", "DDIM"],
            ["dpm-solver++", "DPM-Solver++"],
          ])}
        </select>
      </label>
      <label>Steps
        <input name="steps" type="number" value="30" min="1" max="999" step="1">
      </label>
      <label>Turn, degrees
        <input name="turn" type="number" value="0" min="-360" max="360" step="1">
      </label>
      <label>Shift right, pixels
        <input name="columns" type="number" value="0" min="-64" max="64" step="0.5">
      </label>
      <label>Shift down, pixels
        <input name="rows" type="number" value="0" min="-64" max="64" step="0.5">
      </label>
      <label class="check">
        <input name="angles" type="checkbox"> Eight angles from one noise
      </label>
      <div class="buttons">
        <button type="submit" id="draw" disabled>Draw</button>
        <button type="button" id="stop" disabled>Stop</button>
      </div>
    </form>
  `;
}

function results(models: readonly PlayModel[]): Html {
  return html`
    <section aria-label="What was drawn">
      <p id="status" role="status" aria-live="polite"></p>
      <progress id="progress" max="1" value="0" aria-label="Drawn so far" hidden></progress>
      <div class="moment">
        <label>Moment
          <input id="moment" type="range" min="0" max="30" value="30" step="1" disabled>
        </label>
        <output id="when" for="moment"></output>
        <label class="check">
          <input id="guess" type="checkbox" disabled> The network's own guess of the image
        </label>
      </div>
      <div class="models">
        ${models.map(({ label, name }, i) =>
          html`
            <figure>
              <figcaption><strong>${label}</strong> <span class="faint">${name}</span></figcaption>
              <canvas id="canvas-${i}" role="img" width="1" height="1"
                aria-label="Nothing drawn yet"></canvas>
            </figure>
          `
        )}
      </div>
    </section>
  `;
}
