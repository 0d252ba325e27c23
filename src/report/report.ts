/**
 * The report of a bundle, made from the bundle's own files: while it is written, or of a finished
 * one.
 */
import { basename, resolve } from "@std/path";
import { meaningOf } from "../bundle/layout.ts";
import { isSafeName, parseManifest } from "../bundle/manifest.ts";
import { type BundleFiles, openBundle } from "../bundle/open.ts";
import {
  type ReadableBundle,
  readAllSamples,
  readBundleDigests,
  readBundleSpec,
  readLosses,
  readMetrics,
} from "../bundle/read.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { plainOf } from "../formats/markdown.ts";
import { sha256 } from "../formats/sha256.ts";
import { reportHtml } from "./html.ts";
import type { ReportInput } from "./input.ts";

/** A text file of a bundle, or null where there is none of this name. */
function textOf(bundle: BundleFiles, name: string): string | null {
  return bundle.has(name) ? bundle.text(name) : null;
}

/** Pictures that the report shows as they are: file (under data/, previews apart), heading, alternative text, caption. */
const shown: [
  file: string,
  kind: ReportInput["pictures"][number]["kind"],
  alt: string,
  caption: string,
][] = [
  [
    "denoising.png",
    "denoising",
    "Images at several timesteps, from pure noise to the finished image",
    "The first images on their way from noise (left) to the end (right).",
  ],
  [
    "noising.png",
    "denoising",
    "Training images at nine timesteps, from the image to pure noise",
    "The other way round: training images become noise.",
  ],
  [
    "previews.png",
    "training",
    "Rows of samples, one for each preview while training",
    "Samples drawn in the course of the training.",
  ],
  ...["", "-down", "-up"].flatMap((suffix): [string, "filter", string, string][] => {
    const which = suffix === "" ? "" : suffix === "-up" ? " of upsampling" : " of downsampling";
    return [
      [
        `filter${suffix}.png`,
        "filter",
        `Heat map of the low-pass kernel's coefficients${which}`,
        `The low-pass kernel${which}. Exact numbers: data/filter${suffix}.csv.`,
      ],
      [
        `response${suffix}.png`,
        "filter",
        `Frequency response of the low-pass kernel${which} in decibels, and its sections along an axis and a diagonal`,
        `What it does to each frequency${which}. Exact numbers: data/response${suffix}.csv.`,
      ],
    ];
  }),
  [
    "resampling.png",
    "filter",
    "An image, and its down- and upsampling with and without the filter",
    "A training image, resampled with and without the filter.",
  ],
];

/** The films: file, where they belong, what they show, caption. */
const filmed: [
  stem: string,
  kind: ReportInput["films"][number]["kind"],
  label: string,
  caption: string,
][] = [
  [
    "rotation",
    "rotation",
    "Film: generated images at one angle after the other, there and back",
    "Film: the first images, angle by angle and back.",
  ],
  [
    "denoising",
    "denoising",
    "Film: images on their way from pure noise to the finished image",
    "Film: from noise to the images, timestep by timestep.",
  ],
];

/**
 * Bytes of a film that the page takes up at most; those of ordinary runs have less than one
 * million.
 */
const filmLimit = 4_000_000;

/** A file of the bundle, or null where it has none of this name. */
function bytesOf(bundle: BundleFiles, name: string): Uint8Array | null {
  return bundle.has(name) ? bundle.bytes(name) : null;
}

/** A JSON file's plain values as names and words. */
function plainValues(text: string | null): [string, string][] {
  if (text === null) return [];
  const words = (key: string) =>
    key.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
  return Object.entries(JSON.parse(text) as Record<string, unknown>).flatMap(
    ([key, value]): [string, string][] => {
      if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return [];
      if (typeof value === "number") return [[words(key), +value.toPrecision(4) + ""]];
      if (typeof value === "string") return [[words(key), value]];
      if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
        return [[words(key), value.join("; ")]];
      }
      return [];
    },
  );
}

/** What provenance.json says in a few lines. */
function provenanceLines(text: string | null): [string, string][] {
  if (text === null) return [];
  const { buildDefinition, runDetails } = JSON.parse(text).predicate;
  const [project, ...others] = buildDefinition.resolvedDependencies as {
    name?: string;
    uri?: string;
    digest?: Record<string, string>;
    annotations?: { kind?: string; source?: string; cleanWorkingTree?: boolean | null };
  }[];
  const clean = project!.annotations?.cleanWorkingTree;
  const commit = project!.digest?.["gitCommit"];
  const libraries = others.filter(({ uri }) => uri?.startsWith("pkg:generic/"));
  const packages = others.filter(({ uri }) => uri?.startsWith("pkg:npm/"));
  const data = others.find(({ annotations }) => annotations?.kind === "dataset");
  return [
    [
      "project",
      commit
        ? `commit ${commit}${clean ? "" : ", with changes"}`
        : `${project!.uri}, commit unknown`,
    ],
    ["runtime", `Deno ${runDetails.builder.version.deno}, ${runDetails.builder.version.platform}`],
    ...libraries.map((
      { name, uri },
    ): [string, string] => [name ?? "library", decodeURIComponent(uri!.split("@")[1]!)]),
    ["packages", `${packages.length} npm packages with digests, in provenance.json`],
    ...(data?.annotations?.source ? [["data", data.annotations.source] as [string, string]] : []),
    ...((runDetails.byproducts ?? []) as { annotations: { note: string } }[]).map((
      { annotations },
    ): [string, string] => [
      "note",
      annotations.note,
    ]),
  ];
}

/**
 * What a report may be told that the folder does not say yet, because the bundle is still being
 * written.
 */
export interface ReportContext {
  /** The bundle's name; default: the folder's. */
  name?: string | undefined;
  /** A sentence on what was run. */
  summary?: string | undefined;
  /** Name and SHA-256 of each payload file; default: read from the manifest. */
  payload?: { name: string; sha256: string }[] | undefined;
  /** The bundle's digest; default: that of the manifest. */
  digest?: string | undefined;
}

/**
 * The report of a bundle as one HTML file. Reads only the bundle's files; needs no engine and no
 * network.
 *
 * @param bundle the bundle's folder, which must be whole, or the files of one that is being written
 * @throws UserError where the folder is no bundle, or holds files that cannot be read
 */
export async function bundleReport(
  bundle: ReadableBundle,
  context: ReportContext = {},
): Promise<string> {
  const folder = typeof bundle === "string" ? openBundle(bundle) : bundle;
  const digests = readBundleDigests(folder);
  const manifest = textOf(folder, "manifest-sha256.txt") ?? "";
  const payload = context.payload ??
    [...parseManifest(manifest, () => {})].map(([name, sha256]) => ({ name, sha256 }));
  const readme = textOf(folder, "README.md")?.split("\n")[2];
  const environment = textOf(folder, "environment.json");
  const name = context.name ?? basename(resolve(folder.path));
  return reportHtml({
    folder: isSafeName(name) ? name : null,
    name: name.replace(/-[0-9a-f]{12}(-\d+)?$/, ""),
    summary: context.summary ?? plainOf(readme ?? ""),
    digest: context.digest ?? sha256(manifest),
    digests,
    spec: readBundleSpec(folder),
    losses: readLosses(folder).filter(({ loss }) => Number.isFinite(loss)),
    environment: plainValues(environment),
    samples: [...await readAllSamples(folder)].map(([angleDegrees, pictures]) => ({
      angleDegrees,
      pictures,
    })),
    pictures: shown.flatMap(([file, kind, alt, caption]) => {
      const png = bytesOf(folder, file === "previews.png" ? file : `data/${file}`);
      return png ? [{ kind, alt, caption, png }] : [];
    }),
    films: filmed.flatMap(([stem, kind, label, caption]) => {
      const file = `data/${stem}.mp4`;
      const mp4 = bytesOf(folder, file);
      return mp4 ? [{ kind, file, label, caption, mp4: mp4.length <= filmLimit ? mp4 : null }] : [];
    }),
    metrics: readMetrics(folder) as Evaluation | null,
    files: payload.map(({ name, sha256 }) => ({ name, sha256, meaning: meaningOf(name) })),
    provenance: provenanceLines(textOf(folder, "provenance.json")),
  });
}
