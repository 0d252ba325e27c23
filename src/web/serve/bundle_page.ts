/** The pages of a finished bundle and of several bundles side by side. */
import { type BundleFiles, bundleFiles } from "../../bundle/open.ts";
import { readBundleSpec, readLosses, readMetrics } from "../../bundle/read.ts";
import type { Verification } from "../../bundle/verify.ts";
import { UserError } from "../../messages/errors.ts";
import { scoreText } from "../../evaluation/table_text.ts";
import { type Section, sectionHtml } from "../../report/frame.ts";
import { type Html, html } from "../../report/markup.ts";
import { diagram, scroller, table } from "../../report/parts.ts";
import { smoothedLoss } from "../../report/losses.ts";
import { curveSvg } from "../../report/plots.ts";
import { specDifferences } from "../../spec/differences.ts";
import { specName } from "../../spec/mod.ts";
import type { Finished } from "./folder.ts";

/** The pictures on a bundle's page, if the bundle has them. */
const shownPictures: readonly [file: string, caption: string][] = [
  ["data/grid.png", "Samples"],
  ["data/rotation.png", "The same images at each angle"],
  ["data/denoising.png", "From noise to images"],
  ["previews.png", "Samples during training"],
];

/** The main part of a bundle's page. */
export function bundleMain({ folder, status }: Finished, files: BundleFiles): Html {
  const pictures = shownPictures.filter(([file]) => files.has(file));
  return html`
    <p>${status.model} on ${status.dataset}. ${status.reason}</p>
    <p class="actions">
      <a href="${folder}/report">Report</a>
      <a href="${folder}/verify">Verify all files</a>
      <code>deno task play ${status.path}</code>
    </p>
    <div class="pictures">
      ${pictures.map(([file, caption]) => pictureButton(folder, file, caption))}
    </div>
  `;
}

/**
 * A picture of a bundle, which opens at full size.
 *
 * @param bundle the bundle's address, relative to the page
 */
function pictureButton(bundle: string, file: string, caption: string): Html {
  const address = `${bundle}/file/${file}`;
  return html`
    <button type="button" class="picture">
      <img src="${address}" alt="${caption}" loading="lazy">
    </button>
  `;
}

/** The main part of the page with the result of verifying a bundle. */
export function verifyMain({ ok, files, bytes, digest, problems }: Verification): Html {
  const size = `${files} files, ${(bytes / 1e6).toFixed(1)} MB`;
  return html`
    <p><strong>${ok ? "Verified" : "Not verified"}</strong>: ${size}.</p>
    ${digest !== null && html`<p>Digest <code>${digest}</code></p>`}
    <ul>${problems.map(({ file, what }) => html`<li>${file || "the bundle"}: ${what}</li>`)}</ul>
  `;
}

/** The main part of a page with bundles side by side. */
export function compareMain(selected: readonly Finished[]): Html {
  const readable = selected.filter(({ status }) => status.state === "finished");
  const sections: Section[] = [
    { id: "loss", heading: "Loss", body: lossesPart(readable) },
    { id: "scores", heading: "Scores", body: scoresPart(readable) },
    { id: "spec", heading: "Spec", body: specPart(readable) },
    { id: "samples", heading: "Samples with the same indices", body: samplesPart(readable) },
  ];
  return html`${sections.map(sectionHtml)}`;
}

function samplesPart(selected: readonly Finished[]): Html {
  const pictures = shownPictures.slice(0, 2);
  const columns = selected.map(({ folder, status }) => {
    const files = bundleFiles(status.path);
    const buttons = pictures.filter(([file]) => files.has(file)).map(([file, caption]) =>
      pictureButton(`bundle/${folder}`, file, `${caption} of ${folder}`)
    );
    return html`
      <div>
        <h3>${folder} (${status.model})</h3>
        ${buttons}
      </div>
    `;
  });
  return html`<div class="side-by-side">${columns}</div>`;
}

function lossesPart(selected: readonly Finished[]): Html {
  const curves = selected.flatMap(({ folder, status }) => {
    const losses = attempt(() => readLosses(bundleFiles(status.path))) ?? [];
    const points = smoothedLoss(losses).map(({ step, loss }): [number, number] => [step, loss]);
    return points.length === 0 ? [] : [{ name: folder, points }];
  });
  if (curves.length === 0) return html`<p class="faint">No losses.</p>`;
  const svg = curveSvg(
    { title: "", x: { name: "step" }, y: { name: "loss", log: true }, curves },
    760,
    340,
    "losses",
  );
  return scroller("losses", diagram(svg, "Diagram: the losses over the steps"), "wide");
}

function scoresPart(selected: readonly Finished[]): Html {
  const all = selected.map(({ status }) =>
    attempt(() => readMetrics(bundleFiles(status.path)))?.scores ?? []
  );
  const metrics = [...new Set(all.flat().map((score) => scoreText(score).label))];
  if (metrics.length === 0) return html`<p class="faint">No scores.</p>`;
  const rows = metrics.map((metric) => [
    metric,
    ...all.map((scores) => {
      const score = scores.find((one) => scoreText(one).label === metric);
      return score ? scoreText(score).text : "";
    }),
  ]);
  return table(["score", ...selected.map(({ folder }) => folder)], rows);
}

function specPart(selected: readonly Finished[]): Html {
  const specs = selected.flatMap(({ folder, status }) => {
    const spec = attempt(() => readBundleSpec(bundleFiles(status.path)));
    return spec ? [{ folder, spec }] : [];
  });
  const [first, ...others] = specs;
  if (!first || others.length === 0) return html`<p class="faint">Select at least two bundles.</p>`;
  return html`${
    others.map(({ folder, spec }) => {
      const rows = specDifferences(first.spec, spec).map(({ path, a, b }) => [
        path,
        JSON.stringify(a) ?? "",
        JSON.stringify(b) ?? "",
      ]);
      const head = [
        "field",
        `${first.folder} (${specName(first.spec)})`,
        `${folder} (${specName(spec)})`,
      ];
      return rows.length === 0
        ? html`<p>${folder}: the same spec as ${first.folder}.</p>`
        : table(head, rows);
    })
  }`;
}

/** The result of reading from a bundle; null if it cannot be read. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
