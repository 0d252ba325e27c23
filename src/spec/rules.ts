/**
 * Checks that involve several fields: fields that are missing, that contradict each other, or that
 * do not apply.
 */
import { inapplicable } from "./conditions.ts";
import type { Spec } from "./resolved.ts";
import { datasetFacts } from "./schema.ts";
import type { Complaint } from "./source.ts";
import { pathOf } from "./tree.ts";

/** The labels of a spec as a list. */
export function labelList(labels: number | number[] | null | undefined): number[] | null {
  return typeof labels === "number" ? [labels] : labels ?? null;
}

/** The complaints about a complete spec, one that neither extends another nor is a sweep. */
export function ruleComplaints(spec: Spec): Complaint[] {
  return [...missingFields(spec), ...contradictions(spec)];
}

/** The fields that a complete spec lacks. */
function missingFields({ architecture, dataset, data, training, sampling }: Spec): Complaint[] {
  const complaints: Complaint[] = [];
  const complain = (path: string, message: string) =>
    complaints.push({ path: pathOf(path), message });
  if (!architecture) complain("architecture", "missing; one of A, B, C, D, E");
  if (!dataset) complain("dataset", `missing; one of ${Object.keys(datasetFacts).join(", ")}`);
  if (architecture === "E" && sampling?.rotation === undefined) {
    complain(
      "sampling.rotation",
      "missing; E is D sampled with a rotation: set an angle in degrees",
    );
  }
  const { weight, shift, turn } = training?.equivariance ?? {};
  if (weight && !shift && !turn) {
    complain(
      "training.equivariance",
      "nothing moves; set shift (pixels), turn (degrees) or both",
    );
  }
  // A bundle's own spec says null: it identifies images by what they are, not by their location.
  if (dataset === "folder" && data?.path === undefined) {
    complain("data.path", "missing; the dataset `folder` needs the path of its images");
  }
  return complaints;
}

/** The fields that the filters of a spec need, as far as it says which filters they are. */
function filterFields({ architecture, filter }: Spec) {
  if (!architecture || architecture === "A" || filter?.kind === "ideal") return [];
  const both = ["kernelSize", "cutoff"] as const;
  return filter?.kind === "sinc" ? both : (["kaiserBeta", "normalized", ...both, "gain"] as const);
}

/** Contradictions in a spec, also in one that other specs will extend. */
export function contradictions(spec: Spec): Complaint[] {
  const complaints: Complaint[] = inapplicable(spec).map(({ field, where }) => ({
    path: pathOf(field),
    message: `applies only to ${where}; leave it out`,
    at: "key",
  }));
  const complain = (path: string, message: string, at: "key" | "value" = "value") =>
    complaints.push({ path: pathOf(path), message, at });
  const { dataset, data, classes = null, channels, noise, training, sampling } = spec;

  for (const field of filterFields(spec)) {
    if (spec[field] === null) {
      complain(field, "null is only for architecture A; set a value, or leave it out");
    }
  }
  if (spec.filter?.kind === "sinc" && (spec.kernelSize ?? 12) % 2 !== 0) {
    complain(
      "kernelSize",
      `must be even for filter.kind sinc, whose centre lies between two pixels, not ${spec.kernelSize}`,
    );
  }
  for (
    const [field, path] of [["data.path", data?.path], ["training.from", training?.from]] as const
  ) {
    if (typeof path === "string" && /^~[/\\]/.test(path)) {
      complain(
        field,
        `~ works only on the command line: write the full path, or pass ${field}=${path} there`,
      );
    }
  }
  if (dataset && dataset !== "folder") {
    const facts = datasetFacts[dataset];
    if (channels !== undefined && channels !== facts.channels) {
      complain(
        "channels",
        `must be ${facts.channels} for the dataset ${dataset}; you can leave it out`,
      );
    }
    if (classes !== null && classes !== facts.classes) {
      complain(
        "classes",
        `must be ${facts.classes} or null for the dataset ${dataset}, not ${classes}`,
      );
    }
  }
  if (training?.epochs === null && typeof training.images !== "number") {
    complain("training.epochs", "must be a number unless training.images is set");
  }
  if (classes !== null) {
    const outside = labelList(sampling?.labels)?.find((label) => label >= classes);
    if (outside !== undefined) {
      complain("sampling.labels", `must be from 0 to ${classes - 1}, not ${outside}`);
    }
    if (
      typeof sampling?.guidance === "number" && sampling.guidance !== 1 &&
      training?.labelDropout === 0
    ) {
      complain(
        "sampling.guidance",
        "needs training.labelDropout above 0, so that the network also learns without labels",
      );
    }
  }
  const batchSize = training?.batchSize ?? 16;
  if (training?.accumulate !== undefined && training.accumulate > batchSize) {
    complain(
      "training.accumulate",
      `must be at most training.batchSize = ${batchSize}, not ${training.accumulate}`,
    );
  }
  const timesteps = noise?.steps ?? 1000;
  if (sampling?.steps !== undefined && sampling.steps > timesteps - 1) {
    complain(
      "sampling.steps",
      `must be at most noise.steps - 1 = ${timesteps - 1}, not ${sampling.steps}`,
    );
  }
  if (sampling?.noise === "carried" && sampling.sampler === "ddim" && !sampling.eta) {
    complain("sampling.noise", "ddim draws no noise without sampling.eta above 0; leave it out");
  }
  const { start = 1e-4, end = 0.02 } = noise ?? {};
  if (start > end) complain("noise.start", `must be at most noise.end = ${end}, not ${start}`);
  const metrics = spec.evaluation?.metrics ?? [];
  if (new Set(metrics).size < metrics.length) {
    complain("evaluation.metrics", "lists a metric twice");
  }
  return complaints;
}
