/** The page of an unfinished run: its loss curve, speed, previews and log. */
import { type Section, sectionHtml } from "../../report/frame.ts";
import { type Html, html } from "../../report/markup.ts";
import { diagram, scroller } from "../../report/parts.ts";
import { curveSvg } from "../../report/plots.ts";
import { scoreFigure } from "../../report/sections/course.ts";
import { type DiaryLine, linesOf } from "../../bundle/diary.ts";
import { scoreCurves } from "../../bundle/score_curves.ts";
import type { RunStatus } from "../../runner/status.ts";
import { idOf, progressPart, stateBadge } from "./list_page.ts";

/** The maximum number of lines of the log; the last ones are shown. */
const maxLines = 200;

/** The maximum number of points of the curve. */
const maxPoints = 1000;

/** The parts of a run's page that are updated, by the ids of their elements. */
export function runParts(run: RunStatus, diary: readonly DiaryLine[]): Record<string, Html> {
  return {
    "state": html`${stateBadge(run)} ${run.model} on ${run.dataset}`,
    "progress-part": progressPart(run),
    "curve": curvePart(diary),
    "scores": scoresPart(diary),
    "previews": previewsPart(run, diary),
    "log": html`${logLines(diary).join("\n")}`,
  };
}

/** The main part of a run's page. */
export function runMain(run: RunStatus, diary: readonly DiaryLine[]): Html {
  const parts = runParts(run, diary);
  const sections: Section[] = [
    {
      id: "training",
      heading: "Loss",
      body: html`
        <div id="curve">${parts["curve"]}</div>
        <div id="scores">${parts["scores"]}</div>
      `,
    },
    {
      id: "all-previews",
      heading: "Previews",
      body: html`<div id="previews" class="pictures">${parts["previews"]}</div>`,
    },
    {
      id: "messages",
      heading: "Log",
      body: html`<div class="log" tabindex="0" role="log" aria-labelledby="messages-h" id="log">${
        parts["log"]
      }</div>`,
    },
  ];
  return html`
    <p id="state">${parts["state"]}</p>
    <div id="progress-part">${parts["progress-part"]}</div>
    ${sections.map(sectionHtml)}
  `;
}

function curvePart(diary: readonly DiaryLine[]): Html {
  const steps = linesOf(diary, "step").flatMap(({ step, loss }) =>
    loss === null ? [] : [{ step, loss }]
  );
  if (steps.length < 2) return html`<p class="faint">No losses yet.</p>`;
  const every = Math.ceil(steps.length / maxPoints);
  const rows = steps.filter((_, i) => i % every === 0 || i === steps.length - 1);
  const points = rows.map(({ step, loss }): [number, number] => [step, loss]);
  const axes = { x: { name: "training step" }, y: { name: "loss, mean of 50 steps", min: 0 } };
  const svg = curveSvg(
    { title: "", ...axes, curves: [{ name: "loss", points }] },
    760,
    300,
    "loss",
  );
  return scroller(
    "training loss",
    diagram(svg, "Diagram: the training loss over the steps"),
    "wide",
  );
}

function scoresPart(diary: readonly DiaryLine[]): Html {
  const curves = scoreCurves(diary).map(scoreFigure);
  const scores = linesOf(diary, "score").filter(({ of }) => of === undefined);
  const rows = scores.map(({ step, metric, value }) =>
    html`<li>step ${step}: ${metric} ${value.toPrecision(4)}</li>`
  );
  return html`${curves}${rows.length > 0 && html`<ul>${rows}</ul>`}`;
}

function previewsPart(run: RunStatus, diary: readonly DiaryLine[]): Html {
  const previews = linesOf(diary, "preview");
  if (previews.length === 0) return html`<p class="faint">No previews yet.</p>`;
  return html`${
    previews.toReversed().map(({ epoch, file }) => {
      const address = `${idOf(run)}/${encodeURIComponent(file)}`;
      return html`
        <button type="button" class="picture">
          <img src="${address}" alt="Samples after epoch ${epoch}">
        </button>
      `;
    })
  }`;
}

function logLines(diary: readonly DiaryLine[]): string[] {
  return linesOf(diary, "message").slice(-maxLines).map(({ time, text }) =>
    `${time.slice(11, 19)}  ${text}`
  );
}
