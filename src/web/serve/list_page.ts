/** The first page: unfinished runs, sweeps, and finished bundles. */
import { counted } from "../../messages/counted.ts";
import { scoreText } from "../../evaluation/table_text.ts";
import { type Section, sectionHtml } from "../../report/frame.ts";
import { type Html, html } from "../../report/markup.ts";
import { scroller } from "../../report/parts.ts";
import type { RunStatus } from "../../runner/status.ts";
import { formatDuration } from "../../messages/duration.ts";
import type { Finished, SweepState } from "./folder.ts";

/** The content of the first page. */
export interface ListInput {
  runs: readonly RunStatus[];
  sweeps: readonly SweepState[];
  bundles: readonly Finished[];
  /** The index of the page of bundles, and the number of such pages. */
  at: number;
  pages: number;
}

/** The main part of the first page. */
export function listMain({ runs, sweeps, bundles, at, pages }: ListInput): Html {
  const form = html`
    <form action="compare" method="get">
      ${bundlesTable(bundles)}
      <p class="actions">
        <button type="submit" class="primary">Compare selected</button>
        ${pageLinks(at, pages)}
      </p>
    </form>
  `;
  const sections: Section[] = [
    {
      id: "unfinished",
      heading: "Unfinished runs",
      body: html`<div id="runs">${runsPart(runs)}</div>`,
    },
    {
      id: "all-sweeps",
      heading: "Sweeps",
      body: html`<div id="sweeps">${sweepsPart(sweeps)}</div>`,
    },
    { id: "finished", heading: "Finished runs", body: form },
  ];
  return html`${sections.map(sectionHtml)}`;
}

/** The unfinished runs; this part of the page is updated. */
export function runsPart(runs: readonly RunStatus[]): Html {
  if (runs.length === 0) return html`<p class="faint">No unfinished runs.</p>`;
  return html`${runs.map(runCard)}`;
}

function runCard(run: RunStatus): Html {
  return html`
    <article class="run">
      <h3><a href="run/${idOf(run)}">${run.name}</a> ${stateBadge(run)}</h3>
      <p class="faint">${run.model} on ${run.dataset}</p>
      ${progressPart(run)}
    </article>
  `;
}

/** The name of a run's work folder, which identifies the run in addresses. */
export function idOf({ path }: Pick<RunStatus, "path">): string {
  return path.split(/[\\/]/).at(-1) ?? "";
}

/** A run's state. */
export function stateBadge({ state }: Pick<RunStatus, "state">): Html {
  return html`<span class="state">${state}</span>`;
}

/** A run's progress, speed and time left. */
export function progressPart(run: RunStatus): Html {
  const { progress, reason, state, lastSign } = run;
  const parts = progress === null ? [] : [
    `${progress.phase}: ${progress.done.toLocaleString("en-US")} of ` +
    progress.total.toLocaleString("en-US"),
    ...(progress.loss === null ? [] : [`loss ${progress.loss.toPrecision(3)}`]),
    ...(progress.imagesPerSecond === null
      ? []
      : [`${Math.round(progress.imagesPerSecond)} images/s`]),
    ...(progress.secondsLeft === null ? [] : [`${formatDuration(progress.secondsLeft)} left`]),
  ];
  const share = progress === null ? 0 : progress.done / Math.max(progress.total, 1);
  return html`
    ${progress !== null &&
      html`<progress value="${
        share.toFixed(4)
      }" max="1" aria-label="Progress of ${progress.phase}"></progress>`}
    <p>${parts.join(", ")}</p>
    ${reason !== null && html`<p>${reason}</p>`}
    ${state !== "running" && lastSign !== null &&
      html`<p class="faint">Last heartbeat: ${lastSign}. To resume it, run its command again.</p>`}
  `;
}

/** The sweeps with the states of their runs; this part of the page is updated. */
export function sweepsPart(sweeps: readonly SweepState[]): Html {
  if (sweeps.length === 0) return html`<p class="faint">No sweeps.</p>`;
  return html`${
    sweeps.map(({ name, members }) => {
      const finished = members.filter(({ state }) => state === "finished").length;
      const rows = members.map(({ name, state }) => html`<li>${name}: ${state}</li>`);
      return html`
        <details class="run">
          <summary>${name}: ${finished} of ${counted(members.length, "run")} finished</summary>
          <ul>${rows}</ul>
        </details>
      `;
    })
  }`;
}

function bundlesTable(bundles: readonly Finished[]): Html {
  if (bundles.length === 0) return html`<p class="faint">No finished runs.</p>`;
  const rows = bundles.map(({ folder, status }) => {
    const scores = status.scores.map((score) => {
      const { label, text } = scoreText(score);
      return `${label.replace(/ [↓↑]$/, "")} ${text}`;
    });
    const about = status.state === "damaged" ? status.reason ?? "damaged" : scores.join(", ");
    return html`
      <tr>
        <td>
          <input type="checkbox" name="bundle" value="${folder}" aria-label="Select ${folder}">
        </td>
        <td><a href="bundle/${folder}">${folder}</a></td>
        <td>${status.model}</td>
        <td>${status.dataset}</td>
        <td>${about}</td>
        <td class="number">${(status.bytes / 1e6).toFixed(1)}</td>
      </tr>
    `;
  });
  const head = ["Select", "Folder", "Model", "Dataset", "Scores", "MB"];
  return scroller(
    "Table of finished runs",
    html`
      <table>
        <thead>
          <tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    `,
  );
}

function pageLinks(at: number, pages: number): Html | null {
  if (pages < 2) return null;
  const links = Array.from(
    { length: pages },
    (_, page) =>
      page === at
        ? html`<strong aria-current="page">${page + 1}</strong>`
        : html`<a href="?page=${page}">${page + 1}</a>`,
  );
  return html`<span>Pages: ${
    links.map((link) =>
      html`
        ${link}
      `
    )
  }</span>`;
}
