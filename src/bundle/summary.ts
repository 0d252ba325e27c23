/**
 * Summaries of bundles, made from their other files. `verify` compares them, also in bundles of
 * other releases, so their wording must not change.
 */
import { counted } from "../messages/counted.ts";
import { describeDataset } from "../datasets/dataset.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";

/** The facts in the summary of a run. */
export interface RunSummary {
  spec: ResolvedSpec;
  /** The training images. */
  data: { count: number; source: string; skipped: string[] };
  /** Number of training steps. */
  steps: number;
}

/** The summary of a run, for its README and its report. */
export function runSummary({ spec, data, steps }: RunSummary): string {
  const batchSize = Math.min(spec.training.batchSize, data.count);
  return `${specName(spec)} on ${describeDataset(data)}. ` +
    `${counted(steps, "step")} of ${counted(batchSize, "image")}` +
    `${data.count % batchSize === 0 ? "; " : ", fewer in an epoch's last; "}` +
    `${counted(spec.sampling.count, "image")} drawn at ${anglesText(spec)}.`;
}

/**
 * The summary of a bundle of additional samples.
 *
 * @param parent name and digest of the bundle with the model
 */
export function samplesSummary(
  spec: ResolvedSpec,
  parent: { name: string; digest: string },
): string {
  return `${counted(spec.sampling.count, "image")} drawn at ${
    anglesText(spec)
  } from the model of ` +
    `the bundle ${parent.name}, whose digest is ${parent.digest}. deno task sample draws them ` +
    "again from it.";
}

function anglesText({ sampling }: ResolvedSpec): string {
  return sampling.rotation.map((angle) => `${angle}°`).join(", ");
}
