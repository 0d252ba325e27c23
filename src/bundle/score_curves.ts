/** The scores while training that a diary tells, as curves. */
import { type DiaryLine, linesOf } from "./diary.ts";

/** A score over the course of a training. */
export interface ScoreCurve {
  metric: string;
  /** Of what it is. */
  of: string;
  points: [step: number, value: number][];
}

/** At most so many curves are made of a diary, which may be a stranger's. */
const mostCurves = 8;
/** Letters of a metric's name, and of what it is of, that are shown. */
const shown = { metric: 40, of: 200 };

/** A curve for each metric. */
export function scoreCurves(lines: readonly DiaryLine[]): ScoreCurve[] {
  const curves = new Map<string, { metric: string; of: string; steps: Map<number, number> }>();
  for (const { metric, of, step, value } of linesOf(lines, "score")) {
    if (of === undefined) continue;
    const key = `${metric} ${of}`;
    const curve = curves.get(key) ?? { metric, of, steps: new Map<number, number>() };
    if (!curves.has(key) && curves.size === mostCurves) continue;
    curves.set(key, curve);
    curve.steps.set(step, value);
  }
  return [...curves.values()].map(({ metric, of, steps }) => ({
    metric: metric.slice(0, shown.metric),
    of: of.slice(0, shown.of),
    points: [...steps].sort(([a], [b]) => a - b),
  }));
}
