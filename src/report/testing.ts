/** Input for a report with every kind of content, and texts that try to be more than text. */
import { examplePayload, exampleSpec } from "../bundle/testing.ts";
import { denoisingFilm, rotationFilm } from "./films.ts";
import type { ReportInput } from "./input.ts";
import { imageGrid } from "./sheet.ts";

/** Input for a report. */
export async function exampleReport(): Promise<ReportInput> {
  const pictures = {
    images: new Uint8Array(5 * 64).map((_, i) => i % 251),
    count: 5,
    imageSize: 8,
    channels: 1 as const,
  };
  return {
    name: `odd <name> & "quotes"`,
    folder: null,
    summary: "Summary & more <b>",
    digest: "d".repeat(64),
    digests: { spec: "1".repeat(64), data: "2".repeat(64), run: "3".repeat(64), method: 1 },
    spec: { ...exampleSpec(), seed: 7 },
    losses: Array.from({ length: 50 }, (_, i) => ({ step: i + 1, loss: 1 / (i + 1) })),
    environment: [["engine", "tensor<flow>"]],
    samples: [-45, 0, 45].map((angleDegrees) => ({ angleDegrees, pictures })),
    classes: null,
    pictures: [{
      kind: "denoising",
      png: await imageGrid(pictures),
      alt: 'alt "text"',
      caption: "caption",
    }],
    films: [
      {
        kind: "rotation",
        mp4: (await rotationFilm([{
          model: "D",
          sets: [0, 45].map((angleDegrees) => ({ angleDegrees, pictures })),
        }])).mp4,
        file: "data/rotation.mp4",
        label: 'a "turning" film',
        caption: "Turning.",
      },
      {
        kind: "denoising",
        mp4: (await denoisingFilm([{ timestep: 0, pictures }])).mp4,
        file: "data/denoising.mp4",
        label: "a film",
        caption: "Clearing.",
      },
    ],
    scoreCurves: [{ metric: "a <b>score", of: "64 <i>images", points: [[1, 2], [2, -1]] }],
    spectrum: [0, 1, 2, 3].map((radius) => ({ radius, samples: 2 / (radius + 1), data: 1 })),
    metrics: JSON.parse(String(examplePayload().get("metrics.json"))),
    files: [{ name: "data/loss.csv", sha256: "4".repeat(64), meaning: "losses" }],
    provenance: [["project", "commit"]],
  };
}

/** Any of the {@link hostileTexts} that runs sets this in the page's window. */
export const ranMark = "hostileTextRan";

const run = `window.${ranMark}=1`;

/** Texts of the kinds that have been used to attack pages. */
export const hostileTexts: readonly string[] = [
  `<img src=x onerror="${run}">`,
  `"><img src=x onerror=${run}>`,
  `'><svg onload=${run}>`,
  `</title></style></script><script>${run}</script>`,
  `<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/left">`,
  `" onfocus="${run}" autofocus tabindex="1`,
  `javascript:${run}`,
  `--><iframe srcdoc="<script>parent.${ranMark}=1</script>"></iframe>`,
  `<base href="http://127.0.0.1:9/"><link rel="stylesheet" href="http://127.0.0.1:9/a.css">`,
  `<a href="javascript:${run}" autofocus>a</a><form action="http://127.0.0.1:9/"><button>`,
  `&lt;script&gt;${run}&lt;/script&gt;\u202e{{${run}}}`,
];

/**
 * The value with every text replaced by a hostile one, cycling through the kinds.
 *
 * @param keep names of fields that stay as they are
 */
export function forged<T>(value: T, keep: readonly string[] = []): T {
  let next = 0;
  const forge = (one: unknown, key: string): unknown => {
    if (keep.includes(key)) return one;
    if (typeof one === "string") return hostileTexts[next++ % hostileTexts.length];
    if (Array.isArray(one)) return one.map((inner) => forge(inner, key));
    if (
      typeof one !== "object" || one === null || Object.getPrototypeOf(one) !== Object.prototype
    ) {
      return one;
    }
    return Object.fromEntries(
      Object.entries(one).map(([name, inner]) => [name, forge(inner, name)]),
    );
  };
  return forge(value, "") as T; // The same shape, with other texts.
}
