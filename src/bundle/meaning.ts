/**
 * What a bundle's files say against each other: names, spec, digests, network, losses, samples and
 * scores. No engine is needed.
 */
import { areNumbers, toFloat32 } from "../formats/tensors.ts";
import { sha256 } from "../formats/sha256.ts";
import {
  parseSpec,
  type ResolvedSpec,
  resolveSpec,
  runDigest,
  specDigest,
  trainingDigest,
} from "../spec/mod.ts";
import { trainingPlan } from "../training/plan.ts";
import { networkPlan } from "../unet/plan.ts";
import { summarize } from "../unet/summary.ts";
import { judge, judgeDerived, type Judging, type JudgingRun } from "./judging.ts";
import { files } from "./layout.ts";
import { bagFiles, bundleNames } from "./names.ts";
import type { Fault } from "./problem.ts";
import { readAllSamples, readEnvironment, readLosses } from "./read.ts";
import { digestsForm, metricsForm, parseForm } from "./schemas.ts";

const data = (file: string) => `data/${file}`;

/**
 * Tells a bundle's own contradictions, once its bytes are known to be those of its manifests.
 *
 * @returns what the bundle is judged by; null where spec or digests cannot be read
 */
export async function judgeMeaning(judging: Judging): Promise<JudgingRun | null> {
  const { bundle } = judging;
  const spec = await judge(
    judging,
    data(files.spec),
    () => resolveSpec(parseSpec(bundle.text(data(files.spec)), { path: data(files.spec) })),
  );
  const digests = await judge(
    judging,
    data(files.digests),
    () => parseForm(digestsForm, bundle.text(data(files.digests)), data(files.digests)),
  );
  if (spec === null || digests === null) return null;
  const run = { ...judging, spec, digests };
  judgeNames(run);
  judgeDigests(run);
  await judgeSamples(run);
  await judgeMetrics(run);
  if (digests.parent !== undefined) return run;
  await judgeTensors(run);
  await judgeLosses(run);
  await judgeDerived(
    run,
    data(files.network),
    summarize(networkPlan(spec)) + "\n",
    "the spec's network",
  );
  return run;
}

/** Each file that a run writes is there, and no other. */
function judgeNames({ spec, digests, digestOf, problems }: JudgingRun): void {
  const { needed, optional } = bundleNames(spec, digests.parent !== undefined);
  const known = new Set<string>([...needed, ...optional, ...bagFiles]);
  for (const file of digestOf.keys()) {
    if (!known.has(file)) {
      problems.push({ file, what: "no run of this spec writes a file of this name" });
    }
  }
  const judgedElsewhere: string[] = [files.spec, files.digests, files.samples, files.metrics];
  for (const file of needed) {
    if (!digestOf.has(file) && !judgedElsewhere.map(data).includes(file)) {
      problems.push({ file, what: "missing" });
    }
  }
}

function judgeDigests({ spec, digests, problems }: JudgingRun): void {
  const own = specDigest(spec);
  if (own !== digests.spec) {
    problems.push({
      file: data(files.spec),
      what: `its digest is ${own}, and digests.json says another`,
    });
  }
  const file = data(files.digests);
  const model = digests.parent ?? digests.from;
  if (runDigest(digests.spec, digests.data, digests.method, model) !== digests.run) {
    problems.push({
      file,
      what: "the run digest is not that of the spec, data and method digests",
    });
  }
  if (digests.parent === undefined && (spec.training.from ?? undefined) !== digests.from) {
    problems.push({ file, what: "its parent is not the one that the spec's training.from names" });
  }
  const training = runDigest(trainingDigest(spec), digests.data, digests.method, digests.from);
  const expected = digests.parent === undefined ? training : undefined;
  if (digests.training !== expected) {
    problems.push({ file, what: "the training digest is not that of what training saw" });
  }
}

/** The tensors of model, average and optimizer are those of the spec's network. */
async function judgeTensors(run: JudgingRun): Promise<void> {
  const { spec } = run;
  const kept: [file: string, prefixes: string[]][] = [
    [files.model, [""]],
    [files.optimizer, ["mean/", "square/"]],
    ...(spec.training.emaDecay === null ? [] : [[files.average, [""]] as [string, string[]]]),
  ];
  for (const [file, prefixes] of kept) {
    if (!run.digestOf.has(data(file))) continue; // Told by its name.
    await judge(run, data(file), (fault) => judgeWeights(run, data(file), prefixes, fault));
  }
}

async function judgeWeights(
  { bundle, spec }: JudgingRun,
  file: string,
  prefixes: readonly string[],
  fault: Fault,
): Promise<void> {
  const { parameters } = networkPlan(spec);
  const expected = new Map(
    prefixes.flatMap((prefix) => parameters.map(({ name, shape }) => [prefix + name, shape])),
  );
  const found = await bundle.tensors(file);
  for (const [name, shape] of expected) {
    const tensor = found.get(name);
    if (!tensor) fault(`the spec's network has ${name} [${shape}], which is missing`);
    else if (tensor.shape.join() !== shape.join()) {
      fault(`${name} is [${tensor.shape}], and in the spec's network [${shape}]`);
    } else if (!areNumbers(toFloat32(tensor))) fault(`${name} holds NaN or infinity`);
  }
  for (const name of found.keys()) {
    if (!expected.has(name)) fault(`the spec's network has no ${name.slice(0, 200)}`);
  }
}

/** A line for each step of the training, as long as the spec and the images make it. */
async function judgeLosses(run: JudgingRun): Promise<void> {
  const { bundle, spec, digests, notes } = run;
  if (!run.digestOf.has(data(files.losses))) return; // Told by its name.
  await judge(run, data(files.losses), (fault) => {
    const losses = readLosses(bundle);
    const images = imagesOf(run);
    if (images === null) return;
    const { steps } = trainingPlan(spec.training, images);
    if (digests.from !== undefined) {
      if (losses.length < steps) fault(`${losses.length} steps, and the spec's training has more`);
      notes.push("how long the training was that this one goes on from");
    } else if (losses.length !== steps) {
      fault(`${losses.length} steps, and the spec's training of ${images} images has ${steps}`);
    }
  });
}

/** How many images there were, as environment.json says; null where it cannot be read. */
function imagesOf({ bundle, digestOf }: JudgingRun): number | null {
  if (!digestOf.has("environment.json")) return null;
  try {
    const told = readEnvironment(bundle);
    return told !== null && "trainedOn" in told ? told.data.images : null;
  } catch {
    return null; // A problem of environment.json, which is told there.
  }
}

async function judgeSamples(run: JudgingRun): Promise<void> {
  await judge(run, data(files.samples), async (fault) => {
    const { imageSize, channels, sampling } = run.spec;
    const found = await readAllSamples(run.bundle);
    const shape = [sampling.count, imageSize, imageSize, channels].join();
    for (const [angle, is] of found) {
      const own = [is.count, is.imageSize, is.imageSize, is.channels].join();
      if (own !== shape) fault(`${angle} is U8 [${own}], and by the spec U8 [${shape}]`);
      if (!sampling.rotation.includes(angle)) fault(`the spec has no angle ${angle}`);
    }
    for (const angle of sampling.rotation) {
      if (!found.has(angle)) fault(`the angle ${angle} is missing`);
    }
  });
}

/** The scores are of these samples and images, and those that the spec asks for. */
async function judgeMetrics(run: JudgingRun): Promise<void> {
  const name = data(files.metrics);
  const { needed } = bundleNames(run.spec, run.digests.parent !== undefined);
  if (!needed.includes(name)) return;
  await judge(run, name, async (fault) => {
    const told = parseForm(metricsForm, run.bundle.text(name), name);
    const own = run.digestOf.get(data(files.samples));
    if (told.samples !== own) {
      fault(`its scores are of other samples (${told.samples}) than samples.safetensors`);
    }
    if (told.reference.digest !== run.digests.data) {
      fault("its scores are against other images than those of the training");
    }
    const upright = (await readAllSamples(run.bundle)).get(0);
    if (upright && sha256(upright.images) !== told.generated.digest) {
      fault("its scores are of other images than the unturned samples");
    }
    if (told.generated.count !== run.spec.sampling.count) {
      fault(`its scores are of ${told.generated.count} images, and the spec draws others`);
    }
    judgeScores(run.spec, told.scores.map(({ metric }) => metric), fault);
  });
}

function judgeScores(spec: ResolvedSpec, scored: readonly string[], fault: Fault): void {
  if (scored.length === 0) return; // Too few images, or no network to look at them: its notes say.
  const short = scored.map((metric) => metric.replace("classifier-", ""));
  const { metrics } = spec.evaluation;
  if (short.join() !== metrics.join()) {
    fault(`its scores are ${scored.join(", ")}, and the spec asks for ${metrics.join(", ")}`);
  }
}
