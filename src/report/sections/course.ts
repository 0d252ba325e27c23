/** Curves of the scores during training, for the report and for the page of a running run. */
import type { ScoreCurve } from "../../bundle/score_curves.ts";
import type { ReportInput } from "../input.ts";
import { type Html, html } from "../markup.ts";
import type { Section } from "../frame.ts";
import { diagram, scroller } from "../parts.ts";
import { curveSvg } from "../plots.ts";

/** The scores during training, one curve per metric. */
export function courseScoresSection({ scoreCurves }: ReportInput): Section | null {
  if (scoreCurves.length === 0) return null;
  return {
    id: "course-scores",
    heading: "Scores while training",
    body: html`
      ${scoreCurves.map(scoreFigure)}
      <p class="faint">Of few images drawn fast: they compare with each other, not with the scores
        of the run's samples.</p>
    `,
  };
}

/** One curve with its caption. */
export function scoreFigure({ metric, of, points }: ScoreCurve, index: number): Html {
  const plot = {
    title: "",
    x: { name: "training step" },
    y: { name: metric },
    curves: [{ name: metric, points }],
  };
  const words = `Diagram: ${metric} over the training steps`;
  const curve = diagram(curveSvg(plot, 760, 240, `course-${index}`), words);
  return html`
    <figure>
      ${scroller(`${metric} while training`, curve, "wide")}
      <figcaption>${metric} of ${of}: ${lastWords(points)}.</figcaption>
    </figure>
  `;
}

function lastWords(points: ScoreCurve["points"]): string {
  const [step, value] = points.at(-1) ?? [0, NaN];
  return `${value.toPrecision(4).replace("-", "−")} at step ${step.toLocaleString("en-US")}`;
}
