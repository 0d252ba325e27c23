/** report.html: what was run, how it went, what came out, and how to check it, on one page. */
import { counted } from "../counted.ts";
import type { Digests } from "../bundle/layout.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { scoreText } from "../evaluation/table_text.ts";
import { encodePng } from "../formats/png.ts";
import { parseSpec, type ResolvedSpec, resolveSpec, specName } from "../spec/mod.ts";
import { facts, page, pngSource, scroller, type Section, table } from "./page.ts";
import { colours, curveSvg, lossCurves, type LossRow, palette } from "./plots.ts";
import { allPictures, angleText, type Pictures } from "./sheet.ts";
import { escapeText } from "./svg.ts";

/** What a report tells. What is null or empty is left out of it. */
export interface ReportInput {
  /** "d2n-mnistm": the bundle's folder or the spec's file, without its digest. */
  name: string;
  /**
   * The bundle's folder, for commands to paste; null where it is unknown, or no name for a command
   * line.
   */
  folder: string | null;
  /** What was run, in a sentence. */
  summary: string;
  /** The digest of the bundle. */
  digest: string;
  digests: Digests;
  spec: ResolvedSpec;
  losses: LossRow[];
  /** What is known of the machine and its speed: names and values. */
  environment: [name: string, value: string][];
  /** For each angle in degrees the images drawn. */
  samples: { angleDegrees: number; pictures: Pictures }[];
  /** PNG pictures shown as they are, in this order; `kind` says under which heading. */
  pictures: {
    kind: "denoising" | "training" | "filter";
    png: Uint8Array;
    alt: string;
    caption: string;
  }[];
  /** Films in MP4; null in place of the bytes of one that is too large for the page. */
  films: {
    kind: "rotation" | "denoising";
    mp4: Uint8Array | null;
    file: string;
    label: string;
    caption: string;
  }[];
  metrics: Evaluation | null;
  /** Every file with its SHA-256, and what it is. */
  files: { name: string; sha256: string; meaning: string }[];
  /** What made the files: project, runtime, libraries. */
  provenance: [name: string, value: string][];
}

/** The whole page; the same input gives the same text. */
export function reportHtml(input: ReportInput): string {
  const { spec, digest, digests, name, summary } = input;
  const lead = `<p>${escapeText(summary)}</p>${
    facts([
      [
        "configuration",
        `<strong>${escapeText(specName(spec))}</strong> on ${escapeText(spec.dataset)}`,
      ],
      ["bundle", `<code>${digest}</code>`],
      ["run", `<code>${digests.run}</code>`],
    ])
  }`;
  const sections: (Section | null)[] = [
    samplesSection(input),
    rotationSection(input),
    picturesSection(input, "denoising", "Out of noise", "denoising", films(input, "denoising")),
    metricsSection(input),
    trainingSection(input),
    picturesSection(input, "filter", "The low-pass filter", "filter"),
    specSection(spec),
    verifySection(input),
    provenanceSection(input),
  ];
  return page(`${name}: ${specName(spec)}`, lead, sections.filter((section) => section !== null));
}

/** Images side by side, each its own. */
function gallery(pictures: Pictures, count: number, label: string, side: number): string {
  const images = allPictures(pictures).slice(0, count).map((image) =>
    `<img src="${
      pngSource(encodePng(image))
    }" width="${image.width}" height="${image.height}" alt="">`
  );
  return `<div class="images" style="--side:${side}px" role="img" aria-label="${
    escapeText(label)
  }">${images.join("")}</div>`;
}

function samplesSection({ samples, spec }: ReportInput): Section | null {
  const upright = samples.find(({ angleDegrees }) => angleDegrees === 0) ?? samples[0];
  if (!upright) return null;
  const shown = Math.min(64, upright.pictures.count);
  const turned = upright.angleDegrees === 0
    ? ""
    : `, turned by ${angleText(upright.angleDegrees)} while drawn`;
  const { sampler, steps } = spec.sampling;
  return {
    id: "samples",
    heading: "Samples",
    body:
      `<figure>${
        gallery(upright.pictures, shown, `${shown} generated images${turned}`, 56)
      }<figcaption>` +
      `The first ${shown} of ${upright.pictures.count}${turned}; ${sampler} sampler, ${
        counted(steps, "step")
      }.` +
      `</figcaption></figure>`,
  };
}

function rotationSection(input: ReportInput): Section | null {
  const { samples } = input;
  if (samples.length < 2) return null;
  const frames = samples.toSorted((a, b) => a.angleDegrees - b.angleDegrees);
  const start = Math.max(0, frames.findIndex(({ angleDegrees }) => angleDegrees === 0));
  const figures = frames.map(({ angleDegrees, pictures }) => {
    const count = Math.min(16, pictures.count);
    const text = angleText(angleDegrees);
    return `<figure data-label="${text}">${
      gallery(pictures, count, `${count} generated images, turned by ${text}`, 104)
    }<figcaption>turned by ${text}</figcaption></figure>`;
  });
  const controls = `<div class="controls" hidden data-ms="${frames.length > 5 ? 250 : 700}">` +
    `<button type="button">Play</button><label for="angle">Angle</label>` +
    `<input id="angle" type="range" min="0" max="${frames.length - 1}" value="${start}" step="1">` +
    `<output for="angle"></output></div>`;
  return {
    id: "rotation",
    heading: "Rotation while sampling",
    body:
      `<p>Each image starts from the same noise for every angle, and turns a little in each step. An alias-free network ` +
      `draws the same image, turned.</p>${controls}<div class="player">${figures.join("")}</div>${
        films(input, "rotation")
      }`,
  };
}

function picturesSection(
  { pictures }: ReportInput,
  kind: ReportInput["pictures"][number]["kind"],
  heading: string,
  id: string,
  more = "",
): Section | null {
  const body = figures(pictures.filter((picture) => picture.kind === kind)) + more;
  return body ? { id, heading, body } : null;
}

function figures(pictures: ReportInput["pictures"]): string {
  return pictures.map(({ kind, png, alt, caption }) => {
    const { width, height } = pngSize(png);
    const half = kind === "filter" ? 2 : 1; // Diagrams are drawn at twice their size.
    const image = `<img src="${pngSource(png)}" alt="${escapeText(alt)}" width="${width / half}" ` +
      `height="${height / half}">`;
    return `<figure>${scroller(caption, image, "wide light")}<figcaption>${
      escapeText(caption)
    }</figcaption></figure>`;
  }).join("");
}

/**
 * Nothing moves by itself: a film stands still until somebody plays it, which also suits those who
 * want less motion.
 */
function films(input: ReportInput, kind: ReportInput["films"][number]["kind"]): string {
  return input.films.filter((film) => film.kind === kind).map(({ mp4, file, label, caption }) =>
    mp4
      ? `<figure class="film"><video src="data:video/mp4;base64,${mp4.toBase64()}" controls loop muted playsinline ` +
        `preload="metadata" aria-label="${escapeText(label)}"></video>` +
        `<figcaption>${escapeText(caption)} Also as the file <code>${
          escapeText(file)
        }</code>.</figcaption></figure>`
      : `<p>${escapeText(caption)} It is too large for this page: see <code>${
        escapeText(file)
      }</code>.</p>`
  ).join("");
}

/** Width and height of a PNG file, from its header. */
function pngSize(png: Uint8Array): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

function metricsSection({ metrics }: ReportInput): Section | null {
  if (!metrics) return null;
  const { scores, notes, extractor, generated, reference } = metrics;
  const rows = scores.map((score) => {
    const { label, value, error } = scoreText(score);
    return [
      escapeText(label.replace(/ [↓↑]$/, "")),
      value.replace("-", "−"),
      error === null ? "unknown" : `± ${error}`,
      score.better === "lower" ? "↓ lower" : "↑ higher",
    ];
  });
  const network = extractor
    ? `<p class="faint">Features of ${
      extractor.name === "inception" ? "Inception" : "a classifier of the dataset"
    } ` +
      `(<code>${extractor.digest.slice(0, 12)}</code>)${
        extractor.testAccuracy === undefined
          ? ""
          : `, right for ${(100 * extractor.testAccuracy).toFixed(2)} % of ${
            extractor.testCount ?? "its"
          } test images`
      }. ${counted(generated.count, "generated image")} against ${reference.count} of ${
        escapeText(reference.name)
      }.</p>`
    : "";
  return {
    id: "metrics",
    heading: "Scores",
    body: (rows.length ? table(["score", "value", "standard error", "better"], rows, [1, 2]) : "") +
      network +
      notes.map((note) => `<p class="note">${escapeText(note)}</p>`).join(""),
  };
}

function trainingSection({ losses, environment, pictures }: ReportInput): Section | null {
  const last = losses.at(-1);
  if (!last) return null;
  const chart = themed(curveSvg(lossCurves(losses, ""), 760, 340, "loss"));
  return {
    id: "training",
    heading: "Training",
    body: `<figure>${
      scroller(
        "training loss",
        chart.replace(
          "<svg ",
          '<svg role="img" aria-label="Diagram: the training loss over the steps" ',
        ),
        "wide",
      )
    }<figcaption>Mean squared error of the predicted noise over ${counted(last.step, "step")}, ` +
      `and its moving average.</figcaption></figure>${
        facts(environment.map(([name, value]) => [name, escapeText(value)]))
      }${figures(pictures.filter(({ kind }) => kind === "training"))}`,
  };
}

/** A diagram in the page's own colours, which follow light and dark. */
function themed(svg: string): string {
  const names: Record<string, string> = {
    [colours.ink]: "--ink",
    [colours.faint]: "--faint",
    [colours.rule]: "--rule",
    [colours.paper]: "--paper",
    [palette[0]!]: "--curve",
  };
  return svg.replace(/#[0-9a-f]{6}/g, (colour) => names[colour] ? `var(${names[colour]})` : colour);
}

/** A spec like this one in what has no default, and at its default in all else. */
function defaultsOf(spec: ResolvedSpec): ResolvedSpec | null {
  const path = spec.data.path === null ? "" : `data: { path: ${JSON.stringify(spec.data.path)} }\n`;
  try {
    return resolveSpec(
      parseSpec(`architecture: ${spec.architecture}\ndataset: ${spec.dataset}\n${path}`),
    );
  } catch {
    return null; // A spec of a later release: then nothing is grey.
  }
}

function specSection(spec: ResolvedSpec): Section {
  const defaults = defaultsOf(spec) as Record<string, unknown> | null;
  const text = (value: unknown) =>
    escapeText(typeof value === "string" ? value : JSON.stringify(value) ?? "");
  const isDefault = (value: unknown, other: unknown) =>
    JSON.stringify(value) === JSON.stringify(other);
  const line = (
    key: string,
    value: unknown,
    other: unknown,
    depth: number,
    always = false,
  ): string => {
    const indent = `style="padding-left:${depth * 1.2}em"`;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const inner = Object.entries(value).map(([k, v]) =>
        line(k, v, (other as Record<string, unknown> | null)?.[k], depth + 1)
      );
      return `<div class="mono ${isDefault(value, other) ? "default" : ""}" ${indent}>${
        escapeText(key)
      }:</div>${inner.join("")}`;
    }
    const kind = !always && isDefault(value, other) ? "default" : "set";
    return `<div class="mono ${kind}" ${indent}>${escapeText(key)}: ${text(value)}</div>`;
  };
  const always = new Set(["architecture", "dataset"]);
  return {
    id: "spec",
    heading: "The spec",
    body:
      `<p class="faint">Every default is in it. Grey: at its default; bold: chosen.</p><div class="spec">${
        Object.entries(spec).map(([key, value]) =>
          line(key, value, defaults?.[key], 0, always.has(key))
        ).join("")
      }</div>`,
  };
}

function verifySection({ digest, folder, files }: ReportInput): Section {
  const rows = files.map(({ name, sha256, meaning }) => [
    `<code>${escapeText(name)}</code>`,
    escapeText(meaning.replaceAll("**", "")),
    `<code title="${sha256}">${sha256.slice(0, 12)}</code>`,
  ]);
  const bundle = folder === null ? "BUNDLE" : `out/${escapeText(folder)}`;
  return {
    id: "verify",
    heading: "Verify it, run it again",
    body: `<p>In the bundle's folder, every byte that a repeated run must repeat:</p>
<pre>sha256sum -c manifest-sha256.txt</pre>
<p>From the project's folder, names, links, spec, network and scores too, against the digest above:</p>
<pre>deno task verify --digest ${digest.slice(0, 16)} ${bundle}</pre>
<p>The same run again, compared with this one file by file:</p>
<pre>deno task reproduce ${bundle}</pre>
<p class="faint">On the same engine, kind of device and number of threads, every file under <code>data/</code> comes out the
same, byte by byte.</p>
<details><summary>The ${counted(files.length, "file")} under <code>data/</code></summary>${
      table(["file", "what it is", "SHA-256"], rows)
    }</details>`,
  };
}

function provenanceSection({ provenance, digests }: ReportInput): Section {
  const entries: [string, string][] = [
    ...provenance.map(([name, value]): [string, string] => [name, escapeText(value)]),
    ["spec digest", `<code>${digests.spec}</code>`],
    ["data digest", `<code>${digests.data}</code>`],
    ["method version", String(digests.method)],
    ...(digests.parent
      ? [["sampled from", `<code>${digests.parent}</code>`] as [string, string]]
      : []),
  ];
  return { id: "provenance", heading: "Where it comes from", body: facts(entries) };
}
