/**
 * The report of many bundles: the comparison, small multiples of what each run did, links to each
 * bundle's own report.
 */
import { type CellText, cellText, comparisonLegend, scoreText } from "../evaluation/table_text.ts";
import { compareRuns, type Comparison, metricLabel } from "../evaluation/table.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { encodePng } from "../formats/png.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import {
  type Figure,
  figuresPlot,
  lossBackground,
  lossMultiple,
  lossPath,
  lossScale,
} from "./multiples.ts";
import { facts, page, pngSource, scroller, type Section } from "./page.ts";
import type { LossRow } from "./plots.ts";
import { allPictures, angleText, pictureAt, type Pictures, tiled } from "./sheet.ts";
import { escapeText } from "./svg.ts";

/** A finished run, as the report of many shows it. */
export interface SweepRun {
  /** What tells it from the others. */
  name: string;
  /** Where its bundle lies. */
  path: string;
  /** Its own report, relative to this one. */
  href: string;
  spec: ResolvedSpec;
  losses: LossRow[];
  /** By angle in degrees. */
  samples: ReadonlyMap<number, Pictures>;
  evaluation: Evaluation | null;
}

/** The whole page; the same runs give the same text. */
export function sweepHtml(title: string, runs: readonly SweepRun[]): string {
  const scored = runs.flatMap(({ path, spec, evaluation }) =>
    evaluation && evaluation.scores.length > 0 ? [{ path, resolved: spec, evaluation }] : []
  );
  const comparison = compareRuns(scored);
  const distinct = (of: (run: SweepRun) => unknown) => [...new Set(runs.map(of))];
  const lead = facts([
    [
      "runs",
      `${runs.length}${scored.length < runs.length ? `, ${scored.length} of them scored` : ""}`,
    ],
    ["configurations", escapeText(distinct(({ spec }) => specName(spec)).join(", "))],
    ["datasets", escapeText(distinct(({ spec }) => spec.dataset).join(", "))],
    ["seeds", distinct(({ spec }) => spec.seed).join(", ")],
  ]);
  const sections: Section[] = [];
  if (scored.length > 0) sections.push(tableSection(comparison, runs));
  if (comparison.rows.length > 1) sections.push(figuresSection(comparison));
  const groups = [...Map.groupBy(runs, ({ spec }) => spec.dataset)];
  groups.forEach(([dataset, group]) => sections.push(runsSection(dataset, group, runs)));
  return page(title, lead, sections);
}

const anchor = (run: SweepRun, runs: readonly SweepRun[]) => `run-${runs.indexOf(run) + 1}`;

function tableSection(comparison: Comparison, runs: readonly SweepRun[]): Section {
  const { columns, rows, notes } = comparison;
  const datasets = [...Map.groupBy(columns, ({ dataset }) => dataset)];
  const head = `<tr><th rowspan="2" scope="col">configuration</th>${
    datasets.map(([dataset, of]) =>
      `<th scope="colgroup" class="group" colspan="${of.length}">${escapeText(dataset)}</th>`
    ).join("")
  }</tr><tr>${
    columns.map((column) =>
      `<th scope="col" class="number">${escapeText(metricLabel(column).label)}</th>`
    ).join("")
  }</tr>`;
  const body = rows.map(({ name, cells, runs: paths }) => {
    const first = runs.find(({ path }) => path === paths[0])!;
    return `<tr><th scope="row"><a href="#${anchor(first, runs)}">${escapeText(name)}</a></th>${
      cells.map((cell, i) => {
        if (!cell) return `<td class="number">–</td>`;
        const { own, change, paper } = unbroken(cellText(cell, columns[i]!));
        const less = [change, paper === null ? null : `[${paper}]`].filter((text) => text !== null)
          .map((text) => `<br><span class="faint">${text}</span>`);
        return `<td class="number">${cell.best ? `<strong>${own}</strong>` : own}${
          less.join("")
        }</td>`;
      }).join("")
    }</tr>`;
  });
  return {
    id: "table",
    heading: "The table",
    body: scroller(
      "the comparison",
      `<table><thead>${head}</thead><tbody>${body.join("")}</tbody></table>`,
    ).replaceAll(
      /(?<=[>\s])-(?=\d)/g,
      "−",
    ) +
      `<p class="faint">${
        escapeText(comparisonLegend(comparison, "bold: the best of a column").join(" "))
      }</p>` +
      notes.map((note) => `<p class="note">${escapeText(note)}</p>`).join(""),
  };
}

/** A cell's pieces, which break between the figure and its error and nowhere else. */
function unbroken({ own, change, paper }: CellText): CellText {
  const [value, error] = own.replaceAll(" ", "\u00a0").split("\u00a0±");
  return {
    own: error === undefined ? value! : `${value} ±${error}`,
    change: change?.replaceAll(" ", "\u00a0") ?? null,
    paper,
  };
}

function figuresSection({ columns, rows }: Comparison): Section {
  const plots = columns.flatMap((column, c) => {
    const { label, times } = metricLabel(column);
    const figures = rows.flatMap(({ name, cells }): Figure[] => {
      const cell = cells[c];
      if (!cell) return [];
      const error = cell.spread ?? cell.standardError;
      return [{
        name,
        value: cell.mean * times,
        error: error === null ? null : error * times,
        paper: cell.paper === null ? null : cell.paper * times,
        best: cell.best,
      }];
    });
    if (figures.length < 2) return [];
    const words = `${column.dataset}, ${label}`;
    return [
      `<figure>${figuresPlot(words, figures)}<figcaption>${
        escapeText(words)
      }</figcaption></figure>`,
    ];
  });
  return {
    id: "figures",
    heading: "Scores side by side",
    body:
      `<p class="faint">A point and its error, as in the table; a ring is the paper's figure. Bold is best.</p>` +
      `<div class="multiples">${plots.join("")}</div>`,
  };
}

function runsSection(
  dataset: string,
  group: readonly SweepRun[],
  runs: readonly SweepRun[],
): Section {
  const scale = lossScale(group.map(({ losses }) => losses));
  const id = `runs-${dataset}`;
  const background = `losses-${dataset}`;
  const paths = group.map(({ losses }) => scale ? lossPath(losses, scale) : "");
  const cards = group.map((run, i) => {
    const path = paths[i]!;
    return `<article id="${anchor(run, runs)}"><h3><a href="${escapeText(run.href)}">${
      escapeText(run.name)
    }</a></h3>${scale && path ? lossMultiple(path, scale, background) : ""}${
      samplesOf(run)
    }<p class="faint">${escapeText(scoresOf(run))}</p></article>`;
  });
  return {
    id,
    heading: `Runs on ${dataset}`,
    body:
      `<p class="faint">Each heading opens the run's own report. Loss: its moving average, on the same axes, the ` +
      `other runs' behind it.</p>${
        scale ? lossBackground(background, paths.filter(Boolean)) : ""
      }` +
      `<div class="multiples">${cards.join("")}</div>`,
  };
}

const across = 8;

/** The first samples as one picture, and the first of them at each angle. */
function samplesOf({ samples, name }: SweepRun): string {
  const upright = samples.get(0) ?? [...samples.values()][0];
  if (!upright) return "";
  const picture = (images: Parameters<typeof tiled>[0], alt: string) => {
    const columns = Math.min(across, images.length);
    const sheet = tiled(images, columns);
    return `<img class="sheet" src="${
      pngSource(encodePng(sheet))
    }" width="${sheet.width}" height="${sheet.height}" ` +
      `style="width:${100 * columns / across}%" alt="${escapeText(alt)}">`;
  };
  const some = allPictures(upright).slice(0, 2 * across);
  const made = [picture(some, `${some.length} samples of ${name}`)];
  if (samples.size > 1) {
    const angles = [...samples.keys()].sort((a, b) => a - b);
    // At most so many, evenly chosen, the first and the last among them.
    const chosen = angles.length <= across
      ? angles
      : Array.from({ length: across }, (_, i) =>
        angles[Math.round(i * (angles.length - 1) / (across - 1))]!);
    const turned = chosen.map((angle) => pictureAt(samples.get(angle)!, 0));
    const words = chosen.map(angleText).join(", ");
    made.push(
      picture(turned, `The first sample of ${name}, turned by ${words}`),
      `<p class="faint">${words}</p>`,
    );
  }
  return made.join("");
}

function scoresOf({ evaluation }: SweepRun): string {
  const scores = (evaluation?.scores ?? []).map(scoreText).map(({ label, text }) =>
    `${label} ${text}`
  );
  return scores.length > 0 ? scores.join("; ") : "no scores";
}
