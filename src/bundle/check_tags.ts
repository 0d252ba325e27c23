/**
 * Checks that a bundle's tag files agree with the rest: README.md, provenance.json,
 * environment.json and the spec as written. Files that follow from others are recreated and
 * compared.
 */
import { parseSpectrum, sampleSpectrum } from "../evaluation/sample_spectrum.ts";
import { drawnClasses } from "../spec/labels.ts";
import { canonicalJson, parseSpec, resolveSpec, specDigest, specName } from "../spec/mod.ts";
import { plainOf } from "../formats/markdown.ts";
import { bundleName, parseBagInfo } from "./bag.ts";
import { checkDerived, checkFile, type RunContext } from "./checking.ts";
import { bundleReadme } from "./layout.ts";
import { checkedOutCommit } from "../files/commit.ts";
import { projectVersion } from "./provenance.ts";
import { bagFiles } from "./names.ts";
import type { Fault } from "./problem.ts";
import { readAllSamples, readEnvironment, readLosses, readProvenance } from "./read.ts";
import type { Environment, Provenance, SamplingEnvironment } from "./schemas.ts";
import { runSummary, samplesSummary } from "./summary.ts";

/** The name that the bundle's folder had when it was written; null if unknown. */
export function nameWhenWritten({ bundle }: Pick<RunContext, "bundle">): string | null {
  const info = bundle.has("bag-info.txt") ? bundle.text("bag-info.txt") : "";
  return parseBagInfo(info)?.name ?? null;
}

/**
 * The release or commit that wrote a bundle, according to the bundle, if it differs from this one.
 * Its texts and drawings may then differ.
 */
export function otherRelease({ bundle, digests }: RunContext): string | null {
  if (digests.parent !== undefined) return null; // Bundles of samples do not record it.
  const { buildDefinition, runDetails } = readProvenance(bundle)?.predicate ?? {};
  const release = runDetails?.builder.version["alias-free-diffusion"] ?? null;
  if (release === null || release !== projectVersion()) return release;
  const commit = buildDefinition?.resolvedDependencies[0]?.digest?.["gitCommit"];
  const here = checkedOutCommit();
  if (commit === undefined || here === null || commit === here) return null;
  return `${release} at commit ${commit.slice(0, 12)}`;
}

/** Checks the tag files, except the report. */
export async function checkTags(run: RunContext): Promise<void> {
  const environment = await checkFile(
    run,
    "environment.json",
    () => readEnvironment(run.bundle),
  );
  if (run.digests.parent !== undefined) return await checkReadme(run, environment);
  const provenance = await checkFile(run, "provenance.json", (fault) => {
    const provenance = readProvenance(run.bundle);
    if (provenance !== null) checkProvenance(run, provenance, environment, fault);
    return provenance;
  });
  if (provenance !== null) await checkReadme(run, environment);
  if (run.digestOf.has("spec-as-written.yaml")) await checkWritten(run);
  if (run.digestOf.has("spectrum.csv")) await checkSpectrum(run);
}

/** Checks title and summary of README.md, and recreates the rest from them. */
async function checkReadme(
  run: RunContext,
  environment: Environment | SamplingEnvironment | null,
): Promise<void> {
  const { spec, digests, digest, digestOf, bundle } = run;
  await checkFile(run, "README.md", async (fault) => {
    const [first = "", , third = ""] = bundle.text("README.md").split("\n");
    const title = plainOf(first.replace(/^# /, ""));
    const summary = plainOf(third);
    if (!isOwnTitle(run, title)) {
      return fault("its title belongs to another run");
    }
    if (!isOwnSummary(run, environment, summary)) {
      return fault("its first lines describe another run");
    }
    const names = [...digestOf.keys()].filter((name) => !bagFiles.some((own) => own === name));
    const release = otherRelease(run);
    if (release !== null) {
      run.notes.push(`README.md after its first lines, written by release ${release}`);
      return;
    }
    const about = environment?.data;
    const classes = drawnClasses(spec, about?.classNames ?? null);
    const notes = about !== undefined && "notes" in about ? about.notes ?? [] : [];
    const text = bundleReadme({ title, summary, digest, digests, names, classes, notes });
    await checkDerived(run, "README.md", text, "the files beside it");
  });
}

function isOwnTitle(run: RunContext, title: string): boolean {
  const { spec, digests } = run;
  if (digests.parent !== undefined) return title === `Samples of ${specName(spec)}`;
  const end = `, ${specName(spec)}`;
  if (!title.endsWith(end)) return false;
  // The folder was named after the spec's file, or after the model if there was no file. A repeated
  // run has a number at the end.
  const stem = title.slice(0, -end.length);
  const written = (nameWhenWritten(run) ?? "").replace(/(-[0-9a-f]{12})-\d+$/, "$1");
  return bundleName(`${stem}.yaml`, digests.run) === written ||
    stem === "experiment" && bundleName(specName(spec), digests.run) === written;
}

function isOwnSummary(
  { spec, digests, bundle }: RunContext,
  environment: Environment | SamplingEnvironment | null,
  summary: string,
): boolean {
  if (digests.parent !== undefined) {
    const [, name = ""] = summary.match(/ from the model of the bundle (\S{1,200}), whose /) ?? [];
    return summary === samplesSummary(spec, { name, digest: digests.parent });
  }
  // An unreadable environment.json has been reported already.
  if (environment === null || !("trainedOn" in environment)) return true;
  const { images: count, source, skipped } = environment.data;
  const steps = readLosses(bundle).length;
  // The summary is one line of Markdown, so line breaks in a source's name are not compared.
  const plain = (text: string) => text.replace(/\s+/g, " ");
  return plain(summary) === plain(runSummary({ spec, data: { count, source, skipped }, steps }));
}

function checkProvenance(
  { digestOf, digests, spec }: RunContext,
  { subject, predicate: { buildDefinition, runDetails } }: Provenance,
  environment: Environment | SamplingEnvironment | null,
  fault: Fault,
): void {
  const subjects = subject.map(({ name, digest }) => `${digest.sha256}  ${name}`);
  const own = [...digestOf].filter(([name]) => name.startsWith("data/"))
    .map(([name, digest]) => `${digest}  ${name}`);
  if (subjects.toSorted().join() !== own.toSorted().join()) {
    fault("its subjects are not the files under data/");
  }
  const { externalParameters, internalParameters, resolvedDependencies } = buildDefinition;
  if (externalParameters.name !== specName(spec)) fault("it names another model");
  if (canonicalJson(externalParameters.spec) !== canonicalJson(spec)) {
    fault("its spec differs from data/spec.yaml");
  }
  if (canonicalJson(internalParameters.digests) !== canonicalJson(digests)) {
    fault("its digests differ from data/digests.json");
  }
  if (runDetails.metadata.invocationId !== digests.run) fault("it belongs to another run");
  const dataset = resolvedDependencies.find(({ annotations }) => annotations?.kind === "dataset");
  if (dataset?.digest?.["sha256"] !== digests.data) fault("it names other training images");
  if (environment === null) return;
  const { name, description, device, threads, processor } = internalParameters.engine;
  const { place, engine, startedAt, finishedAt } = environment;
  const here = [place.engine, engine, place.device, place.threads, place.processor];
  if (here.join() !== [name, description, device, threads, processor].join()) {
    fault("its engine differs from environment.json");
  }
  const { startedOn, finishedOn } = runDetails.metadata;
  if (startedOn !== startedAt || finishedOn !== finishedAt) {
    fault("its times differ from environment.json");
  }
}

/** Checks that the spec as written resolves to the bundle's spec. */
async function checkWritten(run: RunContext): Promise<void> {
  const name = "spec-as-written.yaml";
  await checkFile(run, name, (fault) => {
    // A run writes overrides, a sweep member's values and the specs it extends into this file.
    const spec = parseSpec(run.bundle.text(name), { path: name });
    if (spec.extends !== undefined || spec.sweep !== undefined) {
      return fault("it has `extends` or `sweep`, which a run resolves before writing it");
    }
    const written = specDigest(resolveSpec(spec));
    if (written !== run.digests.spec) fault("it differs from data/spec.yaml");
  });
}

/** Checks the samples' column of spectrum.csv; the other one belongs to the training images. */
async function checkSpectrum(run: RunContext): Promise<void> {
  const name = "spectrum.csv";
  await checkFile(run, name, async (fault) => {
    const upright = (await readAllSamples(run.bundle)).get(0);
    const rows = parseSpectrum(run.bundle.text(name), name);
    if (upright === undefined) return fault("it is of unrotated samples, but there are none");
    const own = sampleSpectrum(upright, upright);
    const isOwn = rows.length === own.length &&
      rows.every(({ samples }, i) => samples === own[i]?.samples);
    if (!isOwn) fault("its powers do not match the samples");
  });
}
