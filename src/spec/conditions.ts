/**
 * Which fields apply only under a certain choice of another field. Writing such a field where it
 * does not apply is an error. If a later layer (an override, or a spec that extends another) makes
 * the choice, the field is dropped. In a resolved spec it has its neutral value.
 */
import type { ResolvedSpec, Spec } from "./resolved.ts";
import { pathOf, type Tree, valueAt, withValue } from "./tree.ts";

interface Condition {
  /** The dotted field that decides, or several. */
  selector: string | readonly string[];
  fields: string[];
  applies(spec: Spec): boolean;
  /** Where the fields apply, in words for people. */
  where: string;
  /** The value of a field that does not apply; null by default. */
  neutral?: unknown;
}

const hasClasses = (spec: Spec) => typeof spec.classes === "number";
type Metric = ResolvedSpec["evaluation"]["metrics"][number];
const scores = (metric: Metric) => (spec: Spec) =>
  spec.evaluation?.metrics?.includes(metric) ?? true;
const filtered = (spec: Spec) => spec.architecture !== "A";
function moves({ sampling }: Spec): boolean {
  const { rotation = 0, shift } = sampling ?? {};
  const angles = typeof rotation === "number"
    ? [rotation]
    : Array.isArray(rotation)
    ? rotation
    : [rotation.from, rotation.to];
  return angles.some((angle) => angle !== 0) || Boolean(shift?.columns || shift?.rows);
}
/** The kind of filter; A has none, which its own conditions say. */
const kindOf = (spec: Spec) => filtered(spec) ? spec.filter?.kind ?? "jinc" : "jinc";

/** All conditions. */
export const conditions: readonly Condition[] = [
  {
    selector: "architecture",
    fields: ["kaiserBeta", "normalized", "kernelSize", "gain", "cutoff"],
    applies: filtered,
    where: "the filtered architectures B, C, D and E; A has no filter",
  },
  {
    selector: "architecture",
    fields: ["normInside"],
    applies: (spec) => filtered(spec) && spec.architecture !== "B",
    where: "the architectures C, D and E, whose nonlinearities are filtered",
    neutral: false,
  },
  {
    selector: "architecture",
    fields: ["filter"],
    applies: filtered,
    where: "the filtered architectures B, C, D and E; A has no filter",
  },
  {
    selector: "architecture",
    fields: ["filter.bypass"],
    applies: (spec) => spec.architecture !== "B",
    where: "the architectures C, D and E, whose nonlinearities are filtered",
    neutral: false,
  },
  {
    selector: "filter.kind",
    fields: ["kaiserBeta", "normalized", "gain"],
    applies: (spec) => kindOf(spec) === "jinc",
    where: "filter.kind jinc",
  },
  {
    selector: "filter.kind",
    fields: ["kernelSize", "cutoff"],
    applies: (spec) => kindOf(spec) !== "ideal",
    where: "filter.kind jinc and sinc",
  },
  {
    selector: "filter.kind",
    fields: ["filter.transition"],
    applies: (spec) => kindOf(spec) === "sinc",
    where: "filter.kind sinc",
  },
  {
    selector: "filter.kind",
    fields: ["normInside"],
    applies: (spec) => kindOf(spec) === "jinc",
    where: "filter.kind jinc",
    neutral: false,
  },
  {
    selector: "filter.bypass",
    fields: ["normInside"],
    applies: (spec) => spec.filter?.bypass !== true,
    where: "filters without a bypass",
    neutral: false,
  },
  {
    selector: "padding",
    fields: ["position"],
    applies: ({ position, padding = "zero" }) => position !== "border" || padding !== "zero",
    where: "padding circular and reflect, if it is border",
    neutral: "none",
  },
  {
    selector: "noise.schedule",
    fields: ["noise.start"],
    applies: (spec) => spec.noise?.schedule !== "cosine",
    where: "the linear schedule",
    neutral: 1e-4,
  },
  {
    selector: "noise.schedule",
    fields: ["noise.end"],
    applies: (spec) => spec.noise?.schedule !== "cosine",
    where: "the linear schedule",
    neutral: 0.02,
  },
  {
    selector: "training.images",
    fields: ["training.epochs"],
    applies: (spec) => typeof spec.training?.images !== "number",
    where: "a training without training.images",
  },
  {
    selector: "training.decay",
    fields: ["training.decayFraction"],
    applies: (spec) => (spec.training?.decay ?? "none") !== "none",
    where: "training.decay linear and cosine",
  },
  {
    selector: "training.previewEveryEpochs",
    fields: ["training.previewSampler"],
    applies: (spec) => spec.training?.previewEveryEpochs !== null,
    where: "a training with previews",
    neutral: "fast",
  },
  {
    selector: "training.equivariance.weight",
    fields: ["training.equivariance.shift", "training.equivariance.turn"],
    applies: ({ training }) => Boolean(training?.equivariance?.weight),
    where: "a loss with a weight (training.equivariance.weight above 0)",
    neutral: 0,
  },
  {
    selector: "sampling.sampler",
    fields: ["sampling.eta"],
    applies: (spec) => spec.sampling?.sampler === "ddim",
    where: "the sampler ddim",
  },
  {
    selector: "sampling.sampler",
    fields: ["sampling.variance"],
    applies: (spec) => (spec.sampling?.sampler ?? "ancestral") === "ancestral",
    where: "the sampler ancestral",
  },
  {
    selector: "classes",
    fields: ["training.labelDropout", "sampling.guidance", "sampling.labels"],
    applies: hasClasses,
    where: "class-conditional networks (classes: a number)",
  },
  {
    selector: "sampling.shift",
    fields: ["sampling.shift.rule"],
    applies: ({ sampling }) => Boolean(sampling?.shift?.columns || sampling?.shift?.rows),
    where: "a shift of columns or rows",
    neutral: "spread",
  },
  {
    selector: ["sampling.rotation", "sampling.shift"],
    fields: ["sampling.motion"],
    applies: moves,
    where: "a rotation or a shift",
    neutral: "state",
  },
  {
    // Not eta, which rules.ts looks at: dropping the field would depend on the order of overrides.
    selector: ["sampling.rotation", "sampling.shift", "sampling.sampler"],
    fields: ["sampling.noise"],
    applies: (spec) => moves(spec) && spec.sampling?.sampler !== "dpm-solver++",
    where: "a rotation or a shift with a sampler that draws noise: ancestral, or ddim with eta",
    neutral: "fixed",
  },
  {
    selector: "evaluation.metrics",
    fields: ["evaluation.kidSubsets"],
    applies: scores("kid"),
    where: "evaluation.metrics that include kid",
    neutral: 100,
  },
  {
    selector: "evaluation.metrics",
    fields: ["evaluation.kidSubsetSize"],
    applies: scores("kid"),
    where: "evaluation.metrics that include kid",
    neutral: 1000,
  },
  {
    selector: "evaluation.metrics",
    fields: ["evaluation.isSplits"],
    applies: scores("is"),
    where: "evaluation.metrics that include is",
    neutral: 10,
  },
  {
    // Not the metrics: dropping them would depend on the order of overrides.
    selector: "evaluation.equivariance",
    fields: ["evaluation.everyEpochs"],
    applies: ({ evaluation }) =>
      evaluation?.metrics?.length !== 0 || evaluation.equivariance === true,
    where: "evaluation.metrics with at least one metric, or evaluation.equivariance: true",
  },
  {
    selector: "evaluation.everyEpochs",
    fields: ["evaluation.equivariance"],
    applies: ({ evaluation }) => typeof evaluation?.everyEpochs === "number",
    where: "scores while training (evaluation.everyEpochs: a number)",
    neutral: false,
  },
];

/** The fields that are written although they do not apply, each with the reason. */
export function inapplicable(spec: Spec): { field: string; where: string }[] {
  return conditions.filter((condition) => !condition.applies(spec)).flatMap((
    { fields, where, neutral = null },
  ) =>
    fields.filter((field) => {
      const value = valueAt(spec, pathOf(field));
      return value !== undefined && value !== neutral;
    }).map((field) => ({ field, where }))
  );
}

/** The spec without the fields that do not apply. */
export function withoutInapplicable(spec: Spec): Spec {
  return inapplicable(spec).reduce(
    (tree, { field }) => withValue(tree, pathOf(field), undefined),
    spec as Tree,
  ) as Spec;
}
