/** The first page: what is at work, the sweeps, and the finished bundles. */
import { counted } from "../../messages/counted.ts";
import { scoreText } from "../../evaluation/table_text.ts";
import { type Html, html } from "../../report/markup.ts";
import { scroller } from "../../report/parts.ts";
import type { RunStatus } from "../../runner/status.ts";
import { formatDuration } from "../../messages/duration.ts";
import type { Finished, SweepState } from "./folder.ts";

/** What the first page shows. */
export interface ListInput {
  runs: readonly RunStatus[];
  sweeps: readonly SweepState[];
  bundles: readonly Finished[];
  /** The page of bundles, from 0, of so many. */
  at: number;
  pages: number;
}

/** The body of the first page. */
export function listBody({ runs, sweeps, bundles, at, pages }: ListInput): Html {
  return html`
    <section aria-labelledby="runs-h">
      <h2 id="runs-h">At work</h2>
      <div id="runs">${runsPart(runs)}</div>
    </section>
    <section aria-labelledby="sweeps-h">
      <h2 id="sweeps-h">Sweeps</h2>
      <div id="sweeps">${sweepsPart(sweeps)}</div>
    </section>
    <section aria-labelledby="bundles-h">
      <h2 id="bundles-h">Finished</h2>
      <form action="compare" method="get">
        ${bundlesTable(bundles)}
        <p class="actions">
          <button type="submit">Compare the chosen</button>
          ${pageLinks(at, pages)}
        </p>
      </form>
    </section>
  `;
}

/** The runs at work, which change while one looks. */
export function runsPart(runs: readonly RunStatus[]): Html {
  if (runs.length === 0) return html`<p class="faint">No run is under way.</p>`;
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

/** The last part of a run's folder: the key by which the server knows it. */
export function idOf({ path }: Pick<RunStatus, "path">): string {
  return path.split(/[\\/]/).at(-1) ?? "";
}

/** A run's state as a word. */
export function stateBadge({ state }: Pick<RunStatus, "state">): Html {
  const words = {
    running: "running",
    silent: "silent",
    stopped: "stopped",
    failed: "failed",
    finished: "finished",
    damaged: "damaged",
  };
  return html`<span class="state">${words[state]}</span>`;
}

/** How far a run is, how fast, and how long it still takes. */
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
      }" max="1" aria-label="Done of ${progress.phase}"></progress>`}
    <p>${parts.join(", ")}</p>
    ${reason !== null && html`<p>${reason}</p>`}
    ${state !== "running" && lastSign !== null &&
      html`<p class="faint">Last heartbeat: ${lastSign}. The same command goes on with it.</p>`}
  `;
}

/** The sweeps and how far they are. */
export function sweepsPart(sweeps: readonly SweepState[]): Html {
  if (sweeps.length === 0) return html`<p class="faint">No sweep is under way.</p>`;
  return html`${
    sweeps.map(({ name, members }) => {
      const finished = members.filter(({ state }) => state === "finished").length;
      const rows = members.map(({ name, state }) => html`<li>${name}: ${state}</li>`);
      return html`
        <details class="run">
          <summary>${name}: ${finished} of ${counted(members.length, "member")} finished</summary>
          <ul>${rows}</ul>
        </details>
      `;
    })
  }`;
}

function bundlesTable(bundles: readonly Finished[]): Html {
  if (bundles.length === 0) return html`<p class="faint">No bundle lies here.</p>`;
  const rows = bundles.map(({ folder, status }) => {
    const scores = status.scores.map((score) => {
      const { label, text } = scoreText(score);
      return `${label.replace(/ [↓↑]$/, "")} ${text}`;
    });
    const about = status.state === "damaged" ? status.reason ?? "damaged" : scores.join(", ");
    return html`
      <tr>
        <td>
          <input type="checkbox" name="bundle" value="${folder}" aria-label="Choose ${folder}">
        </td>
        <td><a href="bundle/${folder}">${folder}</a></td>
        <td>${status.model}</td>
        <td>${status.dataset}</td>
        <td>${about}</td>
        <td class="number">${(status.bytes / 1e6).toFixed(1)}</td>
      </tr>
    `;
  });
  const head = ["Choose", "Folder", "Model", "Data", "Scores", "MB"];
  return scroller(
    "finished bundles",
    html`
      <table>
        <thead>
          <tr>${head.map((words) => html`<th scope="col">${words}</th>`)}</tr>
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
