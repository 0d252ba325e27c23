/** A scored run for tests of the comparison. */
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import type { Score } from "./evaluate.ts";
import type { ScoredRun } from "./table.ts";

/**
 * A run of a spec with scores: metric, value and standard error.
 *
 * @param notes of its evaluation
 */
export function scoredRun(
  spec: string,
  scores: [Score["metric"], number, number | null][],
  notes: string[] = [],
): ScoredRun {
  return {
    path: "out/some",
    resolved: resolveSpec(parseSpec(spec)),
    evaluation: {
      scores: scores.map(([metric, value, standardError]) => ({
        metric,
        value,
        standardError,
        better: metric.endsWith("is") ? "higher" as const : "lower" as const,
      })),
      extractor: { name: "inception", digest: "1".repeat(64) },
      generated: { count: 2000, digest: "2".repeat(64) },
      reference: { name: "mnist-m", count: 6000, digest: "3".repeat(64) },
      notes,
    },
  };
}
