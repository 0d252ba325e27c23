/** The playground: one HTML file that draws with a bundle's model, offline, in any browser. */
import { gzipSync } from "fflate";
import { pageCode, pagePolicy, pageText } from "../../report/frame.ts";
import { html, scriptFile } from "../../report/markup.ts";
import { controls, results } from "./controls.ts";
import type { PreparedModel } from "./model.ts";
import css from "./play.css" with { type: "text" };
import js from "./play.js" with { type: "text" };
import type { PlayModel } from "./protocol.ts";

/** The content of a playground. */
export interface PlayInput {
  /** One model, or two that draw from the same noise. */
  models: readonly PreparedModel[];
  /** The worker's bundled program. */
  worker: Uint8Array;
  /** The binary of the WebAssembly backend. */
  wasm: Uint8Array;
}

const code = pageCode(css, js);

/**
 * The page's policy. Besides its script, the page may start a worker from a program that it
 * contains; and if the weights are in files next to the page, it may load scripts from its folder.
 */
function policyOf(hasFiles: boolean): string {
  const { source } = code.script;
  return pagePolicy(code, {
    "img-src": "data:",
    "script-src": `${source} 'wasm-unsafe-eval'${hasFiles ? " 'self' file:" : ""}`,
    "worker-src": "blob:",
  });
}

/** From this image size, weights are in their own files, because a page of 70 MB opens slowly. */
const minFolderPixels = 64;

/** A file of a playground. */
export type PlayFile = readonly [name: string, text: string];

/**
 * The playground as files: one page, or for images of 64 pixels and more a page and its weights. A
 * local page must not read files, but it may load scripts; so the weights are scripts.
 */
export function playFiles(input: PlayInput): PlayFile[] {
  const isLarge = input.models.some(({ model }) => model.network.imageSize >= minFolderPixels);
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
  const specs = models.map(({ model }) => model);
  const lead = html`
    <p class="faint">${introduction(specs, hasFiles)}</p>
    <p id="engine" role="status">Loading: this page needs JavaScript and WebAssembly.</p>
  `;
  const weights = models.map(({ weights }, i) =>
    hasFiles
      ? scriptFile(`weights-${i}.js`)
      : html`<pre hidden id="weights-${i}">${packed(weights)}</pre>`
  );
  const extra = html`
    <pre hidden id="models">${JSON.stringify(specs)}</pre>
    <pre hidden id="worker">${packed(worker)}</pre>
    <pre hidden id="wasm">${packed(wasm)}</pre>
    ${weights}
  `;
  return pageText({
    title: `Playground: ${specs.map(({ label }) => label).join(" and ")}`,
    code,
    policy: policyOf(hasFiles),
    lead,
    main: html`${controls(specs)}${results(specs)}`,
    footer: html`<p>${precision(specs)}</p>`,
    extra,
  });
}

/** Bytes as text: compressed by gzip, in base64. */
function packed(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9, mtime: 0 }).toBase64();
}

function introduction(models: readonly PlayModel[], hasFiles: boolean): string {
  const [first] = models;
  const size = first ? `${first.network.imageSize} x ${first.network.imageSize}` : "";
  const source = hasFiles ? "the files in this folder" : "this file";
  const noise = models.length > 1 ? " Both models start from the same noise." : "";
  return `Draws images of ${size} pixels in your browser, from ${source} alone, without a network ` +
    `connection.${noise}`;
}

function precision(models: readonly PlayModel[]): string {
  const error = Math.max(...models.map(({ weightError }) => weightError));
  return `The weights are stored in float16, which changes each by at most ${
    (100 * error).toPrecision(2)
  } % of the largest weight in its tensor. The bundle's own samples were drawn in float32.`;
}
