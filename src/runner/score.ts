/** The scoring phase of a run. */
import type { Dataset } from "../datasets/mod.ts";
import type { Engine } from "../engines/mod.ts";
import { evaluateSamples, type Evaluation, fewImagesWarning } from "../evaluation/evaluate.ts";
import { scoreHalf } from "../evaluation/table.ts";
import type { FindWeightsOptions } from "../evaluation/inception_weights.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import type { Progress } from "../messages/progress.ts";

/** What the scoring phase needs. */
export interface ScorePhaseOptions {
  engine: Engine;
  spec: ResolvedSpec;
  dataset: Dataset;
  /** The unrotated samples: uint8 [count, size, size, channels]. */
  upright: TensorData | undefined;
  /** The folder of weights and caches; default `data`. */
  dataRoot?: string | undefined;
  /** Where to look for the Inception weights; tests set it. */
  weights?: FindWeightsOptions | undefined;
  progress: Progress;
  /** Number of steps that the network was trained for. */
  steps: number;
}

/** Scores the unrotated samples, if the spec asks for scores. */
export async function scorePhase(
  { engine, spec, dataset, upright, dataRoot, weights, progress, steps }: ScorePhaseOptions,
): Promise<Evaluation | null> {
  if (spec.evaluation.metrics.length === 0 || !upright) return null;
  const images = upright.data as Uint8Array; // Samples are bytes.
  const { imageSize, channels, evaluation, seed } = spec;
  const found = await evaluateSamples({
    engine,
    samples: {
      images,
      count: upright.shape[0] ?? 0,
      imageSize,
      channels,
      digest: sha256(images),
    },
    dataset,
    evaluation,
    seed,
    dataRoot,
    progress,
    ...(weights ? { weights } : {}),
  });
  progress.done();
  for (const score of found.scores) {
    const { metric, value, standardError } = score;
    const half = scoreHalf(score);
    progress.message(
      `${metric}: ${value.toPrecision(5)}${half === null ? "" : ` ± ${half.toPrecision(2)}`}`,
    );
    progress.record?.({ event: "score", metric, value, standardError, step: steps });
  }
  for (const note of found.notes) progress.message(note);
  const warning = fewImagesWarning(found.generated.count, dataset.count);
  if (warning && found.scores.length > 0) progress.message(warning);
  return found;
}
