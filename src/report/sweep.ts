/**
 * The report of many bundles: the comparison, small multiples of each run, links to each bundle's
 * own report.
 */
import { type CellText, cellText, comparisonLegend, scoreText } from "../evaluation/table_text.ts";
import {
  type Cell,
  type Column,
  compareRuns,
  type Comparison,
  metricLabel,
  type Row,
} from "../evaluation/table.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import type { Image } from "../formats/image.ts";
import { encodePng } from "../formats/png.ts";
import { classesText, type DrawnClasses } from "../spec/labels.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import {
  type Figure,
  figuresPlot,
  lossBackground,
  lossMultiple,
  lossPath,
  lossScale,
} from "./multiples.ts";
import type { Section } from "./frame.ts";
import { type Html, html } from "./markup.ts";
import { reportPage } from "./page.ts";
import { facts, note, pngSource, scroller } from "./parts.ts";
import type { LossRow } from "./losses.ts";
import { allPictures, angleText, pictureAt, type Pictures, tiled } from "./sheet.ts";

/** A finished run in the report of many. */
export interface SweepRun {
  /** Distinguishes it from the others. */
  name: string;
  /** The path of its bundle. */
  path: string;
  /** The path of its own report, relative to this one. */
  href: string;
  spec: ResolvedSpec;
  losses: LossRow[];
  /** By angle in degrees. */
  samples: ReadonlyMap<number, Pictures>;
  /** The classes that the samples cycle through; null for a model without classes. */
  classes: DrawnClasses | null;
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
    ["configurations", distinct(({ spec }) => specName(spec)).join(", ")],
    ["datasets", distinct(({ spec }) => spec.dataset).join(", ")],
    ["seeds", distinct(({ spec }) => spec.seed).join(", ")],
  ]);
  const sections: Section[] = [];
  if (scored.length > 0) sections.push(tableSection(comparison, runs));
  if (comparison.rows.length > 1) sections.push(figuresSection(comparison));
  const groups = [...Map.groupBy(runs, ({ spec }) => spec.dataset).values()];
  groups.forEach((group, i) => sections.push(runsSection(group, runs, String(i + 1))));
  return reportPage(title, lead, sections);
}

/** The anchor of a run, by its number from 0. */
const anchor = (index: number) => `run-${index + 1}`;

function tableSection(comparison: Comparison, runs: readonly SweepRun[]): Section {
  const lines = comparison.rows.map((row) => tableRow(row, comparison.columns, runs));
  const whole = html`
    <table>
      <thead>${tableHead(comparison.columns)}</thead>
      <tbody>${lines}</tbody>
    </table>
  `;
  const legend = comparisonLegend(comparison).join(" ");
  return {
    id: "table",
    heading: "The table",
    body: html`
      ${scroller("the comparison", whole)}
      <p class="faint">${legend}</p>
      ${comparison.notes.map(note)}
    `,
  };
}

/** Datasets, with their metrics below. */
function tableHead(columns: readonly Column[]): Html {
  const datasets = [...Map.groupBy(columns, ({ dataset }) => dataset)].map(([dataset, of]) =>
    html`<th scope="colgroup" class="group" colspan="${of.length}">${dataset}</th>`
  );
  const metrics = columns.map((column) =>
    html`<th scope="col" class="number">${metricLabel(column).label}</th>`
  );
  return html`
    <tr><th rowspan="2" scope="col">configuration</th>${datasets}</tr>
    <tr>${metrics}</tr>
  `;
}

function tableRow(
  { name, cells, runs: paths }: Row,
  columns: readonly Column[],
  runs: readonly SweepRun[],
): Html {
  const first = runs.findIndex(({ path }) => path === paths[0]);
  return html`
    <tr>
      <th scope="row"><a href="#${anchor(first)}">${name}</a></th>
      ${cells.map((cell, i) => tableCell(cell, columns[i]))}
    </tr>
  `;
}

function tableCell(cell: Cell | null, column: Column | undefined): Html {
  if (!cell || !column) return html`<td class="number">–</td>`;
  const { own, change, paper } = unbroken(cellText(cell, column));
  const more = [change, paper === null ? null : `[${paper}]`].filter((text) => text !== null)
    .map((text) => html`<br><span class="faint">${text}</span>`);
  const figure = cell.best ? html`<strong>${own}</strong>` : own;
  return html`<td class="number">${figure}${more}</td>`;
}

/** A cell's pieces, with line breaks only between the value and its error. */
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
      const { half } = cell;
      return [{
        name,
        value: cell.mean * times,
        error: half === null ? null : half * times,
        paper: cell.paper === null ? null : cell.paper * times,
        best: cell.best,
      }];
    });
    if (figures.length < 2) return [];
    const words = `${column.dataset}, ${label}`;
    const plot = figuresPlot(words, figures);
    return [html`<figure>${plot}<figcaption>${words}</figcaption></figure>`];
  });
  return {
    id: "figures",
    heading: "Scores side by side",
    body: html`
      <p class="faint">
        A point and its interval, as in the table; a ring is the paper's figure. Bold is best.
      </p>
      <div class="multiples">${plots}</div>
    `,
  };
}

/** The runs on one dataset; `number` distinguishes the section from the others. */
function runsSection(
  group: readonly SweepRun[],
  runs: readonly SweepRun[],
  number: string,
): Section {
  const dataset = group[0]?.spec.dataset ?? "";
  const scale = lossScale(group.map(({ losses }) => losses));
  const background = `losses-${number}`;
  const paths = group.map(({ losses }) => scale ? lossPath(losses, scale) : "");
  const cards = group.map((run, i) => {
    const path = paths[i];
    const loss = scale && path ? lossMultiple(path, scale, background) : null;
    return html`
      <article id="${anchor(runs.indexOf(run))}">
        <h3><a href="${run.href}">${run.name}</a></h3>
        ${loss} ${samplesOf(run)}
        ${run.classes && html`<p class="faint">classes in turn: ${classesText(run.classes)}</p>`}
        <p class="faint">${scoresOf(run)}</p>
      </article>
    `;
  });
  return {
    id: `runs-${number}`,
    heading: `Runs on ${dataset}`,
    body: html`
      <p class="faint">
        Each heading opens the run's own report. Loss: its moving average, on the same axes, the
        other runs' behind it.
      </p>
      ${scale && lossBackground(background, paths.filter(Boolean))}
      <div class="multiples">${cards}</div>
    `,
  };
}

/** The most images in a row of a card; page.css has a width for each count. */
const across = 8;

/** The first samples as one picture, and the first of them at each angle. */
function samplesOf({ samples, name }: SweepRun): Html[] {
  const upright = samples.get(0) ?? [...samples.values()][0];
  if (!upright) return [];
  const some = allPictures(upright).slice(0, 2 * across);
  const made = [sheet(some, `${some.length} samples of ${name}`)];
  if (samples.size > 1) {
    const chosen = chosenAngles([...samples.keys()].sort((a, b) => a - b));
    const turned = chosen.flatMap((angle) => {
      const pictures = samples.get(angle);
      return pictures ? [pictureAt(pictures, 0)] : [];
    });
    const words = chosen.map(angleText).join(", ");
    made.push(
      sheet(turned, `The first sample of ${name}, turned by ${words}`),
      html`<p class="faint">${words}</p>`,
    );
  }
  return made;
}

/** At most {@link across} of the angles, evenly chosen, including the first and the last. */
function chosenAngles(angles: readonly number[]): number[] {
  if (angles.length <= across) return [...angles];
  const every = (angles.length - 1) / (across - 1);
  return angles.filter((_, i) =>
    Array.from({ length: across }, (_, k) => Math.round(k * every)).includes(i)
  );
}

/** Images edge to edge as one picture, as wide as its columns' share of a card. */
function sheet(images: Image[], alt: string): Html {
  const columns = Math.min(across, images.length);
  const picture = tiled(images, columns);
  return html`
    <img class="sheet of-${columns}" src="${pngSource(encodePng(picture))}" width="${picture.width}"
      height="${picture.height}" alt="${alt}">
  `;
}

function scoresOf({ evaluation }: SweepRun): string {
  const scores = (evaluation?.scores ?? []).map(scoreText).map(({ label, text }) =>
    `${label} ${text}`
  );
  return scores.length > 0 ? scores.join("; ") : "no scores";
}
