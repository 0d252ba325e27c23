/** The report's numbers: scores, and the course of the training. */
import { counted } from "../../messages/counted.ts";
import type { Evaluation, Score } from "../../evaluation/evaluate.ts";
import { scoreText } from "../../evaluation/table_text.ts";
import type { ReportInput } from "../input.ts";
import { type Filling, type Html, html } from "../markup.ts";
import type { Section } from "../frame.ts";
import { code, diagram, facts, note, scroller, table } from "../parts.ts";
import { lossCurves } from "../losses.ts";
import { curveSvg } from "../plots.ts";
import { figuresOf } from "./images.ts";

/** The scores, and what they were computed from. */
export function metricsSection({ metrics }: ReportInput): Section | null {
  if (!metrics) return null;
  const { scores, notes } = metrics;
  const head = ["score", "value", "95 % interval", "better"];
  return {
    id: "metrics",
    heading: "Scores",
    body: html`
      ${scores.length > 0 && table(head, scores.map(scoreRow), [1, 2])}
      ${featuresLine(metrics)}
      ${notes.map(note)}
    `,
  };
}

function scoreRow(score: Score): Filling[] {
  const { label, value, half } = scoreText(score);
  return [
    label.replace(/ [↓↑]$/, ""),
    value,
    half === null ? "unknown" : `± ${half}`,
    score.better === "lower" ? "↓ lower" : "↑ higher",
  ];
}

/** The network that extracted the features, how good it is, and the number of images. */
function featuresLine({ extractor, generated, reference }: Evaluation): Html | null {
  if (!extractor) return null;
  const { name, digest, testAccuracy, testCount } = extractor;
  const network = name === "inception" ? "Inception" : "a classifier of the dataset";
  const accuracy = testAccuracy === undefined
    ? ""
    : `, right for ${(100 * testAccuracy).toFixed(2)} % of ${testCount ?? "its"} test images`;
  const counts = `${counted(generated.count, "generated image")} against ${reference.count} ` +
    `of ${reference.name}`;
  return html`
    <p class="faint">Features of ${network} (${code(
      digest.slice(0, 12),
    )})${accuracy}. ${counts}.</p>
  `;
}

/** The power spectra of samples and data, by radial frequency. */
export function spectrumSection({ spectrum }: ReportInput): Section | null {
  if (!spectrum || spectrum.length < 3) return null;
  // Skip radius 0: the mean is not a frequency. Zero power has no decibels.
  const rows = spectrum.slice(1);
  const decibels = (power: number) => power > 0 ? 10 * Math.log10(power) : null;
  const curves = [
    { name: "samples", points: rows.map((row) => point(row.radius, decibels(row.samples))) },
    { name: "data", points: rows.map((row) => point(row.radius, decibels(row.data))) },
  ];
  const curve = diagram(
    curveSvg(
      {
        title: "",
        x: { name: "frequency (cycles per image)" },
        y: { name: "power (dB)" },
        curves,
      },
      760,
      340,
      "spectrum",
    ),
    "Diagram: the power of samples and data at each spatial frequency",
  );
  return {
    id: "spectrum",
    heading: "Spectrum",
    body: html`
      <figure>
        ${scroller("power spectrum", curve, "wide")}
        <figcaption>
          Mean power of the upright samples and of the dataset's images at each radius. Samples above
          the data at high frequencies are noisy, samples below it are blurred.
        </figcaption>
      </figure>
    `,
  };
}

function point(x: number, y: number | null): [x: number, y: number | null] {
  return [x, y];
}

/** The loss, the machine and its speed, and previews. */
export function trainingSection({ losses, environment, pictures }: ReportInput): Section | null {
  const last = losses.at(-1);
  if (!last) return null;
  const curve = diagram(
    curveSvg(lossCurves(losses, ""), 760, 340, "loss"),
    "Diagram: the training loss over the steps",
  );
  const caption = `Mean squared error of the predicted noise over ${counted(last.step, "step")}, ` +
    "and its moving average.";
  return {
    id: "training",
    heading: "Training",
    body: html`
      <figure>
        ${scroller("training loss", curve, "wide")}
        <figcaption>${caption}</figcaption>
      </figure>
      ${facts(environment)}
      ${figuresOf(pictures, "training")}
    `,
  };
}
