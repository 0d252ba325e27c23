/**
 * From a checked spec to the resolved one: fills in every default, and the fields that follow from
 * others.
 */
import { UserError } from "../messages/errors.ts";
import { schemaComplaints } from "./check.ts";
import { choices, mergeSpecs } from "./merge.ts";
import { parseOverride, splitOverride } from "./overrides.ts";
import type { DatasetName, ResolvedSpec, Spec } from "./resolved.ts";
import { labelList, ruleComplaints } from "./rules.ts";
import { datasetFacts, specSchema, type SpecWithDefaults } from "./schema.ts";
import { complain, remember, sourcesOf } from "./source.ts";
import { type Tree, withExtensions, withoutExtensions } from "./tree.ts";

/**
 * The spec with overrides such as `training.epochs=3` on top. Overrides that decide what other
 * fields mean (the dataset, the architecture) are applied first, whatever their position.
 */
export function withOverrides(spec: Spec, overrides: readonly string[]): Spec {
  const isChoice = (override: string) => choices.has(splitOverride(override).field);
  const inOrder = [
    ...overrides.filter(isChoice),
    ...overrides.filter((override) => !isChoice(override)),
  ];
  return inOrder.map(parseOverride).reduce(
    (base, over) => remember(mergeSpecs(base, over), [...sourcesOf(base), ...sourcesOf(over)]),
    spec,
  );
}

/**
 * Angles in degrees from any form in which a spec writes them; a range becomes equally spaced
 * angles including both ends.
 */
function angles(rotation: SpecWithDefaults["sampling"]["rotation"] = 0): number[] {
  const list = typeof rotation === "number"
    ? [rotation]
    : Array.isArray(rotation)
    ? rotation
    : Array.from({ length: rotation.count }, (_, i) => {
      const { from, to, count } = rotation;
      return count === 1 ? from : from + ((to - from) * i) / (count - 1);
    });
  return list.map((angle) => angle === 0 ? 0 : angle); // No -0.
}

/** A section with its fields in the schema's order, the order for readers. */
function inOrder<T extends object>(section: T, { shape }: { shape: object }): T {
  const fields = Object.keys(shape).map((key) => [key, section[key as keyof T]]);
  // Leaves out an unset field without a default: it was added later, and must not change a digest.
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as T;
}

/**
 * Half the width of a sinc's transition band in radians: StyleGAN3's (sqrt 2 - 1) of the Nyquist
 * frequency of the smaller image.
 */
const sincTransition = (Math.SQRT2 - 1) * Math.PI / 2;

/** What the rules guarantee. */
type Whole = SpecWithDefaults & { architecture: "A" | "B" | "C" | "D" | "E"; dataset: DatasetName };

type FilterFields = Pick<
  ResolvedSpec,
  "kaiserBeta" | "normalized" | "normInside" | "kernelSize" | "gain" | "cutoff" | "filter"
>;

/** The fields of the filters: null where there is none, or where its kind has no such field. */
function filterFields(spec: Whole): FilterFields {
  const filtered = spec.architecture !== "A";
  const kind = spec.filter?.kind ?? "jinc";
  const bypass = spec.filter?.bypass ? { bypass: true } : {};
  const isJinc = filtered && kind === "jinc";
  const hasTaps = filtered && kind !== "ideal";
  return {
    kaiserBeta: isJinc ? spec.kaiserBeta ?? 2 : null,
    normalized: isJinc ? spec.normalized ?? true : null,
    normInside: spec.normInside,
    kernelSize: hasTaps ? spec.kernelSize ?? (isJinc ? 3 : 12) : null,
    gain: isJinc ? spec.gain ?? 1 : null,
    cutoff: hasTaps
      ? { down: spec.cutoff?.down ?? Math.PI / 2, up: spec.cutoff?.up ?? Math.PI / 2 }
      : null,
    ...(kind === "sinc"
      ? { filter: { kind, transition: spec.filter?.transition ?? sincTransition, ...bypass } }
      : kind === "ideal" || spec.filter?.bypass
      ? { filter: { kind, ...bypass } }
      : {}),
  };
}

/**
 * The options of training that were added later. At their defaults, and where they would do nothing,
 * they are left out, so that they change no digest.
 */
function laterTraining(
  { accumulate = 1, clipNorm, dropout, augment, equivariance }: SpecWithDefaults["training"],
) {
  return {
    accumulate: accumulate > 1 ? accumulate : undefined,
    clipNorm: clipNorm ?? undefined,
    dropout: dropout || undefined,
    augment: augment?.shift || augment?.turn ? augment : undefined,
    equivariance: equivariance?.weight ? equivariance : undefined,
  };
}

function fill(spec: Whole): ResolvedSpec {
  const { architecture, dataset, data, imageSize, classes, noise } = spec;
  const { training, sampling, evaluation, padding = "zero", position = "none" } = spec;
  const facts = datasetFacts[dataset];
  const { shape } = specSchema;
  return {
    architecture: architecture === "E" ? "D" : architecture,
    ...filterFields(spec),
    // Added later, like the filter: at their defaults they are left out.
    ...(padding === "zero" ? {} : { padding }),
    ...(position === "none" ? {} : { position }),
    dataset,
    data: inOrder(
      { ...data, limit: data.limit === undefined ? facts.limit : data.limit },
      shape.data.unwrap(),
    ),
    imageSize,
    channels: spec.channels ?? facts.channels,
    baseWidth: spec.baseWidth ?? imageSize,
    classes,
    seed: spec.seed,
    noise,
    precision: spec.precision,
    training: inOrder({
      ...training,
      epochs: training.images === null ? training.epochs ?? 100 : null,
      decayFraction: training.decay === "none" ? null : training.decayFraction ?? 1,
      labelDropout: classes === null ? null : training.labelDropout ?? 0.1,
      ...laterTraining(training),
    }, shape.training.unwrap()),
    sampling: inOrder({
      ...sampling,
      steps: sampling.steps ?? noise.steps - 1,
      eta: sampling.sampler === "ddim" ? sampling.eta ?? 0 : null,
      variance: sampling.sampler === "ancestral" ? sampling.variance ?? "beta" : null,
      labels: labelList(sampling.labels),
      rotation: angles(sampling.rotation),
      // Added later: at their defaults they are left out, so that they change no digest.
      motion: sampling.motion === "state" ? undefined : sampling.motion,
      noise: sampling.noise === "fixed" ? undefined : sampling.noise,
    }, shape.sampling.unwrap()),
    evaluation: inOrder({
      ...evaluation,
      // Added later: at their defaults they are left out, so that they change no digest.
      everyEpochs: evaluation.everyEpochs ?? undefined,
      equivariance: evaluation.equivariance || undefined,
    }, shape.evaluation.unwrap()),
  };
}

/**
 * The spec with every default filled in. Resolving a resolved spec again changes nothing.
 *
 * @param overrides such as `training.epochs=3`, as on the command line; their values are YAML
 * @throws UserError if the spec or an override is wrong, if it extends another spec (`loadSpec`
 * reads those), or if it is a sweep
 */
export function resolveSpec(spec: Spec, overrides: readonly string[] = []): ResolvedSpec {
  const whole = withOverrides(spec, overrides);
  const bare = withoutExtensions(whole) as Spec;
  if (bare.extends !== undefined) {
    throw new UserError(`the spec extends ${bare.extends}; read it with loadSpec`);
  }
  if (bare.sweep !== undefined) {
    throw new UserError(
      "the spec is a sweep of several runs; start it with `deno task sweep SPEC`",
    );
  }
  const found = schemaComplaints(bare);
  const complaints = found.length > 0 ? found : ruleComplaints(bare);
  if (complaints.length > 0) throw complain(complaints, sourcesOf(whole));
  const resolved = fill(specSchema.parse(bare) as Whole);
  return withExtensions(resolved as unknown as Tree, whole as Tree) as unknown as ResolvedSpec;
}
