/**
 * The report of a bundle, made from the bundle's own files, while it is being written or when it is
 * finished.
 */
import { basename, join, resolve } from "@std/path";
import { describeFile } from "../bundle/layout.ts";
import { isSafeName, parseManifest } from "../bundle/manifest.ts";
import { type BundleFiles, openBundle } from "../bundle/open.ts";
import {
  type ReadableBundle,
  readAllSamples,
  readBundleDigests,
  readBundleSpec,
  readClassNames,
  readEnvironment,
  readLosses,
  readMetrics,
  readProvenance,
} from "../bundle/read.ts";
import type { Provenance } from "../bundle/schemas.ts";
import { parseSpectrum, type SpectrumRow } from "../evaluation/sample_spectrum.ts";
import { plainOf } from "../formats/markdown.ts";
import { drawnClasses } from "../spec/labels.ts";
import { sha256 } from "../formats/sha256.ts";
import { parseDiary } from "../bundle/diary.ts";
import { scoreCurves } from "../bundle/score_curves.ts";
import { firstClasses, shownFilms, shownPictures } from "./captions.ts";
import { reportHtml } from "./html.ts";

/** A text file of a bundle, or null if it does not exist. */
function textOf(bundle: BundleFiles, name: string): string | null {
  return bundle.has(name) ? bundle.text(name) : null;
}

/**
 * The largest film, in bytes, that the page includes; films of ordinary runs have less than one
 * million.
 */
const filmLimit = 4_000_000;

/** A file of the bundle, or null if it does not exist. */
function bytesOf(bundle: BundleFiles, name: string): Uint8Array | null {
  return bundle.has(name) ? bundle.bytes(name) : null;
}

/** The rows of spectrum.csv; null if the bundle has none. */
function spectrumOf(bundle: BundleFiles): SpectrumRow[] | null {
  const name = "spectrum.csv";
  return bundle.has(name) ? parseSpectrum(bundle.text(name), join(bundle.path, name)) : null;
}

/** The plain values of a JSON file, as names and texts. */
function plainValues(of: object | null): [string, string][] {
  const words = (key: string) =>
    key.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
  return Object.entries(of ?? {}).flatMap(([key, value]): [string, string][] => {
    if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return [];
    if (typeof value === "number") return [[words(key), +value.toPrecision(4) + ""]];
    if (typeof value === "string") return [[words(key), value]];
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
      return [[words(key), value.join("; ")]];
    }
    return [];
  });
}

/** provenance.json in a few lines. */
function provenanceLines(provenance: Provenance | null): [string, string][] {
  if (provenance === null) return [];
  const { buildDefinition, runDetails } = provenance.predicate;
  const [project, ...others] = buildDefinition.resolvedDependencies;
  const clean = project?.annotations?.cleanWorkingTree;
  const commit = project?.digest?.["gitCommit"];
  const why = project?.annotations?.commitUnknown;
  const libraries = others.filter(({ uri }) => uri?.startsWith("pkg:generic/"));
  const packages = others.filter(({ uri }) => uri?.startsWith("pkg:npm/"));
  const data = others.find(({ annotations }) => annotations?.kind === "dataset");
  return [
    [
      "project",
      commit
        ? `commit ${commit}${clean ? "" : ", with changes"}`
        : `${project?.uri ?? "project"}, commit unknown${why ? `: ${why}` : ""}`,
    ],
    ["runtime", `Deno ${runDetails.builder.version.deno}, ${runDetails.builder.version.platform}`],
    ...libraries.map((
      { name, uri = "" },
    ): [string, string] => [name ?? "library", decoded(uri.split("@")[1] ?? "")]),
    ["packages", `${packages.length} npm packages with digests, in provenance.json`],
    ...(data?.annotations?.source ? [["data", data.annotations.source] as [string, string]] : []),
    ...(runDetails.byproducts ?? []).map((
      { annotations },
    ): [string, string] => ["note", annotations.note]),
  ];
}

/** A part of a package URL as text; unchanged if it cannot be decoded. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * What a report needs to know that the folder does not contain yet, because the bundle is still
 * being written.
 */
export interface ReportContext {
  /** The bundle's name. Default: that of the folder. */
  name?: string | undefined;
  /** One sentence about what was run. */
  summary?: string | undefined;
  /** Name and SHA-256 of each payload file. Default: read from the manifest. */
  payload?: { name: string; sha256: string }[] | undefined;
  /** The bundle's digest. Default: that of the manifest. */
  digest?: string | undefined;
}

/**
 * The report of a bundle as one HTML file. Reads only the bundle's files; needs no engine and no
 * network.
 *
 * @param bundle the folder of a complete bundle, or the files of one that is being written
 * @throws UserError if the folder is not a bundle, or contains files that cannot be read
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
  const spec = readBundleSpec(folder);
  const classes = drawnClasses(spec, readClassNames(folder));
  const first = firstClasses(classes, spec.sampling.count);
  const name = context.name ?? basename(resolve(folder.path));
  return reportHtml({
    folder: isSafeName(name) ? name : null,
    name: name.replace(/-[0-9a-f]{12}(-\d+)?$/, ""),
    summary: context.summary ?? plainOf(readme ?? ""),
    digest: context.digest ?? sha256(manifest),
    digests,
    spec,
    losses: readLosses(folder),
    environment: plainValues(readEnvironment(folder)),
    samples: [...await readAllSamples(folder)].map(([angleDegrees, pictures]) => ({
      angleDegrees,
      pictures,
    })),
    classes,
    pictures: shownPictures.flatMap(([file, kind, alt, caption]) => {
      const png = bytesOf(folder, file === "previews.png" ? file : `data/${file}`);
      const words = file === "denoising.png" ? caption + first : caption;
      return png ? [{ kind, alt, caption: words, png }] : [];
    }),
    films: shownFilms.flatMap(([stem, kind, label, caption]) => {
      const file = `data/${stem}.mp4`;
      const mp4 = bytesOf(folder, file);
      const film = { kind, file, label, caption: caption + first };
      return mp4 ? [{ ...film, mp4: mp4.length <= filmLimit ? mp4 : null }] : [];
    }),
    metrics: readMetrics(folder),
    scoreCurves: scoreCurves(parseDiary(textOf(folder, "progress.jsonl") ?? "")),
    spectrum: spectrumOf(folder),
    files: payload.map(({ name, sha256 }) => ({ name, sha256, meaning: describeFile(name) })),
    provenance: provenanceLines(readProvenance(folder)),
  });
}
