/** The page of a finished bundle, and that of several side by side. */
import { type BundleFiles, bundleFiles } from "../../bundle/open.ts";
import { readBundleSpec, readLosses, readMetrics } from "../../bundle/read.ts";
import type { Verification } from "../../bundle/verify.ts";
import { UserError } from "../../messages/errors.ts";
import { scoreText } from "../../evaluation/table_text.ts";
import { type Html, html } from "../../report/markup.ts";
import { diagram, scroller, table } from "../../report/parts.ts";
import { smoothedLoss } from "../../report/losses.ts";
import { curveSvg } from "../../report/plots.ts";
import { specDifferences } from "../../spec/differences.ts";
import { specName } from "../../spec/mod.ts";
import type { Finished } from "./folder.ts";

/** Pictures of a bundle that its page shows, where it has them. */
const shownPictures: readonly [file: string, words: string][] = [
  ["data/grid.png", "The samples"],
  ["data/rotation.png", "The same images at each angle"],
  ["data/denoising.png", "Images coming out of noise"],
  ["previews.png", "Samples drawn while training"],
];

/** The body of a bundle's page. */
export function bundleBody({ folder, status }: Finished, files: BundleFiles): Html {
  const pictures = shownPictures.filter(([file]) => files.has(file));
  return html`
    <p>${status.model} on ${status.dataset}. ${status.reason}</p>
    <p class="actions">
      <a href="${folder}/report">Report</a>
      <a href="${folder}/verify">Verify every byte</a>
      <code>deno task play ${status.path}</code>
    </p>
    <div class="pictures">
      ${pictures.map(([file, words]) => pictureButton(folder, file, words))}
    </div>
  `;
}

/** A picture of a bundle; `at` leads from the page to the bundle's address. */
function pictureButton(at: string, file: string, words: string): Html {
  const address = `${at}/file/${file}`;
  return html`
    <button type="button" class="picture">
      <img src="${address}" alt="${words}" loading="lazy">
    </button>
  `;
}

/** What verifying found. */
export function verifyBody({ ok, files, bytes, digest, problems }: Verification): Html {
  const size = `${files} files, ${(bytes / 1e6).toFixed(1)} MB`;
  return html`
    <p><strong>${ok ? "Verified" : "Not verified"}</strong>: ${size}.</p>
    ${digest !== null && html`<p>Digest <code>${digest}</code></p>`}
    <ul>${problems.map(({ file, what }) => html`<li>${file || "the bundle"}: ${what}</li>`)}</ul>
  `;
}

/** The body of a page with bundles side by side. */
export function compareBody(chosen: readonly Finished[]): Html {
  const readable = chosen.filter(({ status }) => status.state === "finished");
  return html`
    <section aria-labelledby="loss-h">
      <h2 id="loss-h">Loss</h2>
      ${lossesPart(readable)}
    </section>
    <section aria-labelledby="scores-h">
      <h2 id="scores-h">Scores</h2>
      ${scoresPart(readable)}
    </section>
    <section aria-labelledby="spec-h">
      <h2 id="spec-h">Spec</h2>
      ${specPart(readable)}
    </section>
    <section aria-labelledby="samples-h">
      <h2 id="samples-h">Samples, the same indices</h2>
      <div class="beside">
        ${readable.map(({ folder, status }) =>
          html`
            <div>
              <h3>${folder} (${status.model})</h3>
              ${shownPictures.slice(0, 2).filter(([file]) => bundleFiles(status.path).has(file))
                .map(([file, words]) =>
                  pictureButton(`bundle/${folder}`, file, `${words} of ${folder}`)
                )}
            </div>
          `
        )}
      </div>
    </section>
  `;
}

function lossesPart(chosen: readonly Finished[]): Html {
  const curves = chosen.flatMap(({ folder, status }) => {
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

function scoresPart(chosen: readonly Finished[]): Html {
  const all = chosen.map(({ status }) =>
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
  return table(["score", ...chosen.map(({ folder }) => folder)], rows);
}

function specPart(chosen: readonly Finished[]): Html {
  const specs = chosen.flatMap(({ folder, status }) => {
    const spec = attempt(() => readBundleSpec(bundleFiles(status.path)));
    return spec ? [{ folder, spec }] : [];
  });
  const [first, ...others] = specs;
  if (!first || others.length === 0) return html`<p class="faint">Choose two bundles or more.</p>`;
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

/** What a bundle says, or null where it cannot be read. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
