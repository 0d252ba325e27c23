/** The interim scores in a diary, as curves. */
import { type DiaryLine, linesOf } from "./diary.ts";

/** An interim score over the training steps. */
export interface ScoreCurve {
  metric: string;
  /** What was scored. */
  of: string;
  points: [step: number, value: number][];
}

/** Maximum number of curves, because the diary may be somebody else's. */
const maxCurves = 8;
/** Maximum number of characters shown of each text. */
const maxLength = { metric: 40, of: 200 };

/** Makes one curve per metric. */
export function scoreCurves(lines: readonly DiaryLine[]): ScoreCurve[] {
  const curves = new Map<string, { metric: string; of: string; steps: Map<number, number> }>();
  for (const { metric, of, step, value } of linesOf(lines, "score")) {
    if (of === undefined) continue;
    const key = `${metric} ${of}`;
    const curve = curves.get(key) ?? { metric, of, steps: new Map<number, number>() };
    if (!curves.has(key) && curves.size === maxCurves) continue;
    curves.set(key, curve);
    curve.steps.set(step, value);
  }
  return [...curves.values()].map(({ metric, of, steps }) => ({
    metric: metric.slice(0, maxLength.metric),
    of: of.slice(0, maxLength.of),
    points: [...steps].sort(([a], [b]) => a - b),
  }));
}
