/**
 * Checks that a bundle's payload files agree with each other: names, spec, digests, network,
 * losses, samples and scores. Needs no engine.
 */
import { areNumbers, toFloat32 } from "../formats/tensors.ts";
import { sha256 } from "../formats/sha256.ts";
import { drawnAngles } from "../spec/angles.ts";
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
import { type CheckContext, checkDerived, checkFile, type RunContext } from "./checking.ts";
import { files } from "./layout.ts";
import { bagFiles, bundleNames } from "./names.ts";
import type { Fault } from "./problem.ts";
import { readAllSamples, readEnvironment, readLosses } from "./read.ts";
import { digestsForm, metricsForm, parseForm } from "./schemas.ts";

const data = (file: string) => `data/${file}`;

/**
 * Finds contradictions in a bundle whose bytes match its manifests.
 *
 * @returns the context for further checks; null if spec or digests cannot be read
 */
export async function checkContent(context: CheckContext): Promise<RunContext | null> {
  const { bundle } = context;
  const spec = await checkFile(
    context,
    data(files.spec),
    () => resolveSpec(parseSpec(bundle.text(data(files.spec)), { path: data(files.spec) })),
  );
  const digests = await checkFile(
    context,
    data(files.digests),
    () => parseForm(digestsForm, bundle.text(data(files.digests)), data(files.digests)),
  );
  if (spec === null || digests === null) return null;
  const run = { ...context, spec, digests };
  checkNames(run);
  checkDigests(run);
  await checkSamples(run);
  await checkMetrics(run);
  if (digests.parent !== undefined) return run;
  await checkTensors(run);
  await checkLosses(run);
  await checkDerived(
    run,
    data(files.network),
    summarize(networkPlan(spec)) + "\n",
    "the spec's network",
  );
  return run;
}

/** Checks that the bundle has each file that its run writes, and no other. */
function checkNames({ spec, digests, digestOf, problems }: RunContext): void {
  const { needed, optional } = bundleNames(spec, digests.parent !== undefined);
  const known = new Set<string>([...needed, ...optional, ...bagFiles]);
  for (const file of digestOf.keys()) {
    if (!known.has(file)) {
      problems.push({ file, what: "no run of this spec writes a file with this name" });
    }
  }
  const checkedElsewhere: string[] = [files.spec, files.digests, files.samples, files.metrics];
  for (const file of needed) {
    if (!digestOf.has(file) && !checkedElsewhere.map(data).includes(file)) {
      problems.push({ file, what: "missing" });
    }
  }
}

function checkDigests({ spec, digests, problems }: RunContext): void {
  const own = specDigest(spec);
  if (own !== digests.spec) {
    problems.push({
      file: data(files.spec),
      what: `its digest is ${own}, but digests.json has another one`,
    });
  }
  const file = data(files.digests);
  const model = digests.parent ?? digests.from;
  if (runDigest(digests.spec, digests.data, digests.method, model) !== digests.run) {
    problems.push({
      file,
      what: "the run digest does not follow from spec, data and method",
    });
  }
  if (digests.parent === undefined && (spec.training.from ?? undefined) !== digests.from) {
    problems.push({ file, what: "its parent differs from the spec's training.from" });
  }
  const training = runDigest(trainingDigest(spec), digests.data, digests.method, digests.from);
  const expected = digests.parent === undefined ? training : undefined;
  if (digests.training !== expected) {
    problems.push({ file, what: "the training digest does not follow from spec, data and method" });
  }
}

/** Checks that the tensors of model, average and optimizer fit the spec's network. */
async function checkTensors(run: RunContext): Promise<void> {
  const { spec } = run;
  const expected: [file: string, prefixes: string[]][] = [
    [files.model, [""]],
    [files.optimizer, ["mean/", "square/"]],
    ...(spec.training.emaDecay === null ? [] : [[files.average, [""]] as [string, string[]]]),
  ];
  for (const [file, prefixes] of expected) {
    if (!run.digestOf.has(data(file))) continue; // checkNames has reported it.
    await checkFile(run, data(file), (fault) => checkWeights(run, data(file), prefixes, fault));
  }
}

async function checkWeights(
  { bundle, spec }: RunContext,
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
    if (!tensor) fault(`${name} [${shape}] of the spec's network is missing`);
    else if (tensor.shape.join() !== shape.join()) {
      fault(`${name} is [${tensor.shape}], but [${shape}] in the spec's network`);
    } else if (!areNumbers(toFloat32(tensor))) fault(`${name} contains NaN or Infinity`);
  }
  for (const name of found.keys()) {
    if (!expected.has(name)) fault(`the spec's network has no ${name.slice(0, 200)}`);
  }
}

/** Checks that there is a loss for each step that the spec and the number of images imply. */
async function checkLosses(run: RunContext): Promise<void> {
  const { bundle, spec, digests, notes } = run;
  if (!run.digestOf.has(data(files.losses))) return; // checkNames has reported it.
  await checkFile(run, data(files.losses), (fault) => {
    const losses = readLosses(bundle);
    const images = imagesOf(run);
    if (images === null) return;
    const { steps } = trainingPlan(spec.training, images);
    if (digests.from !== undefined) {
      if (losses.length < steps) fault(`${losses.length} steps, but the spec's training has more`);
      notes.push("the number of steps of the training that this one continues");
    } else if (losses.length !== steps) {
      fault(`${losses.length} steps, but the spec's training of ${images} images has ${steps}`);
    }
  });
}

/** The number of training images in environment.json; null if it cannot be read. */
function imagesOf({ bundle, digestOf }: RunContext): number | null {
  if (!digestOf.has("environment.json")) return null;
  try {
    const environment = readEnvironment(bundle);
    return environment !== null && "trainedOn" in environment ? environment.data.images : null;
  } catch {
    return null; // checkTags reports what is wrong with environment.json.
  }
}

async function checkSamples(run: RunContext): Promise<void> {
  await checkFile(run, data(files.samples), async (fault) => {
    const { imageSize, channels, sampling } = run.spec;
    const angles = drawnAngles(run.spec);
    const found = await readAllSamples(run.bundle);
    const shape = [sampling.count, imageSize, imageSize, channels].join();
    for (const [angle, samples] of found) {
      const { count, imageSize: size, channels: depth } = samples;
      const own = [count, size, size, depth].join();
      if (own !== shape) fault(`${angle} is U8 [${own}], but U8 [${shape}] in the spec`);
      if (!angles.includes(angle)) fault(`the spec has no angle ${angle}`);
    }
    for (const angle of angles) {
      if (!found.has(angle)) fault(`the angle ${angle} is missing`);
    }
  });
}

/** Checks that the scores belong to these samples and images, and are those in the spec. */
async function checkMetrics(run: RunContext): Promise<void> {
  const name = data(files.metrics);
  const { needed } = bundleNames(run.spec, run.digests.parent !== undefined);
  if (!needed.includes(name)) return;
  await checkFile(run, name, async (fault) => {
    const metrics = parseForm(metricsForm, run.bundle.text(name), name);
    const own = run.digestOf.get(data(files.samples));
    if (metrics.samples !== own) {
      fault(`its scores are of other samples (${metrics.samples}) than samples.safetensors`);
    }
    if (metrics.reference.digest !== run.digests.data) {
      fault("its scores are against other images than those of the training");
    }
    const upright = (await readAllSamples(run.bundle)).get(0);
    if (upright && sha256(upright.images) !== metrics.generated.digest) {
      fault("its scores are of other images than the unrotated samples");
    }
    const { count } = metrics.generated;
    if (count !== run.spec.sampling.count) {
      fault(`its scores are of ${count} images, but the spec draws ${run.spec.sampling.count}`);
    }
    checkScores(run.spec, metrics.scores.map(({ metric }) => metric), fault);
  });
}

function checkScores(spec: ResolvedSpec, scored: readonly string[], fault: Fault): void {
  if (scored.length === 0) return; // Too few images, or no extractor; the notes of the file say so.
  const short = scored.map((metric) => metric.replace("classifier-", ""));
  const { metrics } = spec.evaluation;
  if (short.join() !== metrics.join()) {
    fault(`its scores are ${scored.join(", ")}, but the spec asks for ${metrics.join(", ")}`);
  }
}
