/** The page of a run at work: its curve, speed, previews and log, as they come. */
import { type Html, html } from "../../report/markup.ts";
import { diagram, scroller } from "../../report/parts.ts";
import { curveSvg } from "../../report/plots.ts";
import { scoreFigure } from "../../report/sections/course.ts";
import { type DiaryLine, linesOf } from "../../bundle/diary.ts";
import { scoreCurves } from "../../bundle/score_curves.ts";
import type { RunStatus } from "../../runner/status.ts";
import { idOf, progressPart, stateBadge } from "./list_page.ts";

/** Lines of the log that are shown, the last ones. */
const shownLines = 200;

/** Points of the curve, at most. */
const mostPoints = 1000;

/** The parts of a run's page that change, by the id of their place. */
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

/** The body of a run's page. */
export function runBody(run: RunStatus, diary: readonly DiaryLine[]): Html {
  const parts = runParts(run, diary);
  const place = (id: string) => parts[id] ?? null;
  return html`
    <p id="state">${place("state")}</p>
    <div id="progress-part">${place("progress-part")}</div>
    <section aria-labelledby="curve-h">
      <h2 id="curve-h">Loss</h2>
      <div id="curve">${place("curve")}</div>
      <div id="scores">${place("scores")}</div>
    </section>
    <section aria-labelledby="previews-h">
      <h2 id="previews-h">Previews</h2>
      <div id="previews" class="pictures">${place("previews")}</div>
    </section>
    <section aria-labelledby="log-h">
      <h2 id="log-h">Log</h2>
      <div class="log" tabindex="0" role="log" aria-labelledby="log-h" id="log">${place(
        "log",
      )}</div>
    </section>
  `;
}

function curvePart(diary: readonly DiaryLine[]): Html {
  const steps = linesOf(diary, "step").flatMap(({ step, loss }) =>
    loss === null ? [] : [{ step, loss }]
  );
  if (steps.length < 2) return html`<p class="faint">No losses yet.</p>`;
  const every = Math.ceil(steps.length / mostPoints);
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
          <img src="${address}" alt="Images drawn after epoch ${epoch}">
        </button>
      `;
    })
  }`;
}

function logLines(diary: readonly DiaryLine[]): string[] {
  return linesOf(diary, "message").slice(-shownLines).map(({ time, text }) =>
    `${time.slice(11, 19)}  ${text}`
  );
}
