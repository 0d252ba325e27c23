/** Equivariance scores of several networks: tables, CSV of every score, and curves by angle. */
import { csvText } from "../formats/csv.ts";
import {
  type Figure,
  intervalNote,
  markOf,
  type Table,
  type TableColumn,
  type TableRow,
  uncertaintyOf,
} from "../tables/table.ts";
import { anchors, anchorsSentence } from "./anchors.ts";
import { type Measure, measures } from "./equivariance.ts";
import type { EquivarianceScore } from "./equivariance_study.ts";
import {
  type Configuration,
  configurationsOf,
  differenceFigure,
  figureOf,
  sampleOf,
  type StudiedNetwork,
} from "./trainings.ts";

type Of = EquivarianceScore["of"];

/** The scores that tables average: predictions over all noise levels, runs over all angles. */
export function isInTable(of: Of, measure: Measure): (score: EquivarianceScore) => boolean {
  // A prediction's curve has chosen angles; its EQ-R uses random ones.
  return (score) =>
    score.of === of && score.measure === measure && (of === "run" || score.degrees === null);
}

const keys = ["network", "of"];

const columns: TableColumn[] = measures.map((measure) => ({
  group: null,
  heading: `${measure} (dB)`,
  keys: { measure },
  times: 1,
}));

const title = "Equivariance to shifts (EQ-T, EQ-T_frac, shift PSNR) and rotations (EQ-R) in " +
  "decibels, higher is better: of a prediction, averaged over noise levels, and of whole " +
  "sampling runs.";

/**
 * The tables of networks: their scores, with published ones of other networks below, and, for
 * several networks on the same data, how each differs from the first A, or else from the first. A
 * seed gives every network the same images, noise and transformations, so that intervals of
 * differences are narrower than those of the scores.
 */
export function equivarianceTables(networks: readonly StudiedNetwork[]): Table[] {
  const configurations = configurationsOf(networks);
  const common = { keys, columns, notes: [] };
  const scores: Table = {
    ...common,
    name: "equivariance-table",
    title,
    rows: [...rowsOf(configurations, scoreFigure), ...anchorRows()],
    legend: [anchorsSentence],
  };
  const references = referencesOf(configurations);
  const rows = rowsOf(
    configurations.filter((configuration) => references.get(configuration) !== configuration),
    (configuration, of, measure) => {
      const reference = references.get(configuration);
      const sample = sampleOf(configuration, isInTable(of, measure));
      const base = reference && sampleOf(reference, isInTable(of, measure));
      return sample && base ? differenceFigure(sample, base) : null;
    },
  );
  if (rows.length === 0) return [scores];
  const labels = new Set([...references.values()].map(({ label }) => label));
  const differences: Table = {
    ...common,
    name: "equivariance-differences",
    title: `Equivariance less that of ${
      [...labels].join(" or ")
    } in decibels: above zero is better.`,
    rows,
    isSigned: true,
    legend: [
      "Differences are taken by seed where both have the same seeds; otherwise the interval is Welch's.",
    ],
  };
  return [scores, differences];
}

function scoreFigure(configuration: Configuration, of: Of, measure: Measure): Figure | null {
  const sample = sampleOf(configuration, isInTable(of, measure));
  return sample && figureOf(sample);
}

/** What each network is compared with: the first A on its data, or else the first. */
function referencesOf(configurations: readonly Configuration[]): Map<Configuration, Configuration> {
  const groups = Map.groupBy(configurations, ({ networks: [first] }) => first?.data);
  return new Map(
    [...groups.values()].flatMap((some) => {
      const reference = some.find(({ label }) => /^A\b(?!-)/.test(label)) ?? some[0];
      return reference
        ? some.map((configuration): [Configuration, Configuration] => [configuration, reference])
        : [];
    }),
  );
}

/** Two rows per network, without those that have no score. */
function rowsOf(
  configurations: readonly Configuration[],
  figure: (configuration: Configuration, of: Of, measure: Measure) => Figure | null,
): TableRow[] {
  return configurations.flatMap((configuration) =>
    (["prediction", "run"] as const).map((of) => ({
      keys: [configuration.label, of],
      figures: measures.map((measure) => figure(configuration, of, measure)),
    }))
  ).filter(({ figures }) => figures.some((one) => one !== null));
}

function anchorRows(): TableRow[] {
  return anchors.map(({ name, of, decibels }, i) => ({
    keys: [name, of],
    figures: measures.map((measure) => {
      const value = decibels[measure];
      return value === undefined ? null : { value, half: null, trainings: null };
    }),
    ruleAbove: i === 0,
  }));
}

/** One row per score and seed. */
export function scoresCsv(networks: readonly StudiedNetwork[]): string {
  const rows = networks.flatMap(({ name, bundle, scores }) =>
    scores.flatMap(({ of, measure, timestep, degrees, decibels }) =>
      decibels.map((value, seed) => [name, bundle, of, measure, timestep, degrees, seed, value])
    )
  );
  const head = ["name", "bundle", "of", "measure", "timestep", "degrees", "seed", "decibels"];
  return csvText([head, ...rows]);
}

/** A network's EQ-R by angle. */
export interface AngleCurve {
  /** With the mark of an interval over one training or two. */
  name: string;
  points: [degrees: number, decibels: number | null][];
  /** Half the interval at each point. */
  spread: number[];
}

/**
 * EQ-R by angle, averaged over the noise levels: one curve per network, with half the interval at
 * each point, and a note about the bands. There is a gap at 0 degrees, where nothing rotates and
 * the decibels are unbounded.
 */
export function curvesOf(
  networks: readonly StudiedNetwork[],
  of: Of,
): { curves: AngleCurve[]; note: string } {
  const found = configurationsOf(networks).flatMap((configuration) => {
    const figures = byAngle(configuration, of);
    return figures.length > 0 ? [{ configuration, figures }] : [];
  });
  const curves = found.map(({ configuration, figures }): AngleCurve => {
    const points = figures.map(({ angle, value }): AngleCurve["points"][number] => [angle, value]);
    const spread = figures.map(({ half }) => half ?? 0);
    const positive = figures.findIndex(({ angle }) => angle > 0);
    if (positive > 0) {
      points.splice(positive, 0, [0, null]);
      spread.splice(positive, 0, 0);
    }
    const marks = new Set(figures.map(markOf).filter(Boolean));
    return { name: [configuration.label, ...marks].join(" "), points, spread };
  });
  const all = found.flatMap(({ figures }) => figures);
  return { curves, note: intervalNote("bands", uncertaintyOf(all)) };
}

/** A network's EQ-R at each angle of its curve, in ascending order. */
function byAngle(configuration: Configuration, of: Of): (Figure & { angle: number })[] {
  const isOnCurve = (score: EquivarianceScore) => score.of === of && score.measure === "EQ-R";
  const angles = new Set(
    configuration.networks.flatMap(({ scores }) =>
      scores.filter(isOnCurve).flatMap(({ degrees }) => degrees ?? [])
    ),
  );
  return [...angles].sort((a, b) => a - b).flatMap((angle) => {
    const sample = sampleOf(configuration, (score) => isOnCurve(score) && score.degrees === angle);
    return sample ? [{ angle, ...figureOf(sample) }] : [];
  });
}
