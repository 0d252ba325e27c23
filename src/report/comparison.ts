/** The figure of the comparison: every configuration's scores with their intervals. */
import { type Comparison, metricLabel } from "../evaluation/table.ts";
import { intervalNote, markOf, uncertaintyOf } from "../tables/table.ts";
import { colours, palette, textWidth } from "./plots.ts";
import type { ScatterPlot, ScatterPoint } from "./scatter.ts";

/** The height of a configuration's row. */
const rowHeight = 26;

/** The longest name that is written in full. */
const longestName = 36;

/**
 * The figure's content: a panel per dataset and metric, a row per configuration. The best of a
 * panel is orange, and grey rings are the paper's figures.
 */
export function comparisonContent({ columns, rows }: Comparison): ScatterPlot {
  const names = rows.map(({ name, cells }) => {
    const marks = new Set(cells.flatMap((cell) => cell ? markOf(figureOf(cell)) || [] : []));
    return [shortened(name), ...marks].join(" ");
  });
  const place = (row: number) => rows.length - 1 - row;
  const panels = columns.map((column, c) => {
    const { label, times } = metricLabel(column);
    const points = rows.flatMap(({ cells }, r): ScatterPoint[] => {
      const cell = cells[c];
      if (!cell) return [];
      const common = { name: "", y: place(r), halfY: null };
      const paper = cell.paper === null ? [] : [{
        ...common,
        x: cell.paper * times,
        halfX: null,
        colour: colours.faint,
        isRing: true,
      }];
      const own = {
        ...common,
        x: cell.mean * times,
        halfX: cell.half === null ? null : cell.half * times,
        colour: (cell.best ? palette[1] : palette[0]) ?? colours.ink,
      };
      return [...paper, own];
    });
    return { x: `${column.dataset}: ${label}`, points };
  });
  const figures = rows.flatMap(({ cells }) => cells.flatMap((cell) => cell ? figureOf(cell) : []));
  const hasPaper = rows.some(({ cells }) => cells.some((cell) => cell?.paper != null));
  const note = [
    intervalNote("bars", uncertaintyOf(figures)),
    ...(hasPaper ? ["rings: the paper's figures"] : []),
    "orange: the best",
  ];
  return {
    title: "Scores by configuration",
    note: note.filter(Boolean).join("; "),
    y: {
      name: "",
      min: -1,
      max: rows.length,
      ticks: { every: 1, text: (value) => names[place(value)] ?? "" },
    },
    left: 34 + Math.max(...names.map(textWidth)),
    panels,
    across: 3,
    height: rowHeight * (rows.length + 1),
    hasLabels: false,
  };
}

/** What is known of a cell's uncertainty. */
function figureOf({ mean, half, seeds }: { mean: number; half: number | null; seeds: number[] }) {
  return { value: mean, half, trainings: seeds.length };
}

function shortened(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;
}
