/**
 * What a bundle's tag files say of the rest: README.md, provenance.json, environment.json and the
 * spec as it was written. What follows from other files is made again and compared.
 */
import { parseSpectrum, sampleSpectrum } from "../evaluation/sample_spectrum.ts";
import { drawnClasses } from "../spec/labels.ts";
import { canonicalJson, parseSpec, resolveSpec, specDigest, specName } from "../spec/mod.ts";
import { plainOf } from "../formats/markdown.ts";
import { bundleName, parseBagInfo } from "./bag.ts";
import { judge, judgeDerived, type JudgingRun } from "./judging.ts";
import { bundleReadme } from "./layout.ts";
import { checkedOutCommit } from "../files/commit.ts";
import { projectVersion } from "./provenance.ts";
import { bagFiles } from "./names.ts";
import type { Fault } from "./problem.ts";
import { readAllSamples, readEnvironment, readLosses, readProvenance } from "./read.ts";
import type { Environment, Provenance, SamplingEnvironment } from "./schemas.ts";
import { runSummary, samplesSummary } from "./summary.ts";

/** The name that the bundle's folder had when it was written; null where it does not say. */
export function nameWhenWritten({ bundle }: Pick<JudgingRun, "bundle">): string | null {
  const info = bundle.has("bag-info.txt") ? bundle.text("bag-info.txt") : "";
  return parseBagInfo(info)?.name ?? null;
}

/**
 * The release or commit that wrote a bundle, if it is another than this one, whose words and
 * drawings may differ; as the bundle says it.
 */
export function otherRelease({ bundle, digests }: JudgingRun): string | null {
  if (digests.parent !== undefined) return null; // Such bundles do not say.
  const { buildDefinition, runDetails } = readProvenance(bundle)?.predicate ?? {};
  const release = runDetails?.builder.version["alias-free-diffusion"] ?? null;
  if (release === null || release !== projectVersion()) return release;
  const commit = buildDefinition?.resolvedDependencies[0]?.digest?.["gitCommit"];
  const here = checkedOutCommit();
  if (commit === undefined || here === null || commit === here) return null;
  return `${release} at commit ${commit.slice(0, 12)}`;
}

/** Judges the tag files, the report apart. */
export async function judgeTags(run: JudgingRun): Promise<void> {
  const environment = await judge(
    run,
    "environment.json",
    () => readEnvironment(run.bundle),
  );
  if (run.digests.parent !== undefined) return await judgeReadme(run, environment);
  const provenance = await judge(run, "provenance.json", (fault) => {
    const told = readProvenance(run.bundle);
    if (told !== null) judgeProvenance(run, told, environment, fault);
    return told;
  });
  if (provenance !== null) await judgeReadme(run, environment);
  if (run.digestOf.has("spec-as-written.yaml")) await judgeWritten(run);
  if (run.digestOf.has("spectrum.csv")) await judgeSpectrum(run);
}

/** README.md is made again, of the title and the summary that stand in it; these are judged, too. */
async function judgeReadme(
  run: JudgingRun,
  environment: Environment | SamplingEnvironment | null,
): Promise<void> {
  const { spec, digests, digest, digestOf, bundle } = run;
  await judge(run, "README.md", async (fault) => {
    const [first = "", , third = ""] = bundle.text("README.md").split("\n");
    const title = plainOf(first.replace(/^# /, ""));
    const summary = plainOf(third);
    if (!isOwnTitle(run, title)) {
      return fault("its title is not that of this run");
    }
    if (!isOwnSummary(run, environment, summary)) {
      return fault("its first lines tell of another run");
    }
    const names = [...digestOf.keys()].filter((name) => !bagFiles.some((own) => own === name));
    const release = otherRelease(run);
    if (release !== null) {
      run.notes.push(`README.md below its first lines, written by release ${release}`);
      return;
    }
    const about = environment?.data;
    const classes = drawnClasses(spec, about?.classNames ?? null);
    const notes = about !== undefined && "notes" in about ? about.notes ?? [] : [];
    const text = bundleReadme({ title, summary, digest, digests, names, classes, notes });
    await judgeDerived(run, "README.md", text, "the files beside it");
  });
}

function isOwnTitle(run: JudgingRun, title: string): boolean {
  const { spec, digests } = run;
  if (digests.parent !== undefined) return title === `Samples of ${specName(spec)}`;
  const end = `, ${specName(spec)}`;
  if (!title.endsWith(end)) return false;
  // The folder was called as the spec's file, or the model where there was none, with a number
  // where it was run again.
  const stem = title.slice(0, -end.length);
  const written = (nameWhenWritten(run) ?? "").replace(/(-[0-9a-f]{12})-\d+$/, "$1");
  return bundleName(`${stem}.yaml`, digests.run) === written ||
    stem === "experiment" && bundleName(specName(spec), digests.run) === written;
}

function isOwnSummary(
  { spec, digests, bundle }: JudgingRun,
  environment: Environment | SamplingEnvironment | null,
  summary: string,
): boolean {
  if (digests.parent !== undefined) {
    const [, name = ""] = summary.match(/ from the model of the bundle (\S{1,200}), whose /) ?? [];
    return summary === samplesSummary(spec, { name, digest: digests.parent });
  }
  if (environment === null || !("trainedOn" in environment)) return true; // Told there.
  const { images: count, source, skipped } = environment.data;
  const steps = readLosses(bundle).length;
  // Markdown is one line: what breaks lines in a source's name is not compared.
  const plain = (text: string) => text.replace(/\s+/g, " ");
  return plain(summary) === plain(runSummary({ spec, data: { count, source, skipped }, steps }));
}

function judgeProvenance(
  { digestOf, digests, spec }: JudgingRun,
  { subject, predicate: { buildDefinition, runDetails } }: Provenance,
  environment: Environment | SamplingEnvironment | null,
  fault: Fault,
): void {
  const told = subject.map(({ name, digest }) => `${digest.sha256}  ${name}`);
  const own = [...digestOf].filter(([name]) => name.startsWith("data/"))
    .map(([name, digest]) => `${digest}  ${name}`);
  if (told.toSorted().join() !== own.toSorted().join()) {
    fault("its subjects are not the files under data/");
  }
  const { externalParameters, internalParameters, resolvedDependencies } = buildDefinition;
  if (externalParameters.name !== specName(spec)) fault("it names another model");
  if (canonicalJson(externalParameters.spec) !== canonicalJson(spec)) {
    fault("its spec is not that of data/spec.yaml");
  }
  if (canonicalJson(internalParameters.digests) !== canonicalJson(digests)) {
    fault("its digests are not those of data/digests.json");
  }
  if (runDetails.metadata.invocationId !== digests.run) fault("it is of another run");
  const dataset = resolvedDependencies.find(({ annotations }) => annotations?.kind === "dataset");
  if (dataset?.digest?.["sha256"] !== digests.data) fault("it names other training images");
  if (environment === null) return;
  const { name, description, device, threads, processor } = internalParameters.engine;
  const { place, engine, startedAt, finishedAt } = environment;
  const here = [place.engine, engine, place.device, place.threads, place.processor];
  if (here.join() !== [name, description, device, threads, processor].join()) {
    fault("it names another engine than environment.json");
  }
  const { startedOn, finishedOn } = runDetails.metadata;
  if (startedOn !== startedAt || finishedOn !== finishedAt) {
    fault("it tells of other times than environment.json");
  }
}

/** The spec as it was written resolves to the spec. */
async function judgeWritten(run: JudgingRun): Promise<void> {
  const name = "spec-as-written.yaml";
  await judge(run, name, (fault) => {
    // Overrides, a sweep member's values and what the spec extends are written into it.
    const spec = parseSpec(run.bundle.text(name), { path: name });
    if (spec.extends !== undefined || spec.sweep !== undefined) {
      return fault("it does not say all by itself, as a run writes it");
    }
    const written = specDigest(resolveSpec(spec));
    if (written !== run.digests.spec) fault("it is another spec than data/spec.yaml");
  });
}

/** The samples' column of spectrum.csv; the other one is of the training images. */
async function judgeSpectrum(run: JudgingRun): Promise<void> {
  const name = "spectrum.csv";
  await judge(run, name, async (fault) => {
    const upright = (await readAllSamples(run.bundle)).get(0);
    const rows = parseSpectrum(run.bundle.text(name), name);
    if (upright === undefined) return fault("it is of unturned samples, and there are none");
    const own = sampleSpectrum(upright, upright);
    const isOwn = rows.length === own.length &&
      rows.every(({ samples }, i) => samples === own[i]?.samples);
    if (!isOwn) fault("its powers are not those of the samples");
  });
}
