/** The pictures of a run's samples, each as the file that goes into the bundle. */
import { denoisingFilm, type Film, type ModelSamples, rotationFilm, type Turned } from "./films.ts";
import { className, classOfImage, type DrawnClasses } from "../spec/labels.ts";
import {
  allPictures,
  collages,
  imageGrid,
  pictureRange,
  type Pictures,
  rotationSheet,
  strip,
} from "./sheet.ts";
import { labelSize, sheetPng, textWidth } from "./sheet_layout.ts";

/** A picture's name and bytes. */
export type PictureFile = [name: string, bytes: Uint8Array];

/** What the sheets of samples are made of. */
export interface SampledSheets extends ModelSamples {
  /** The classes that the images go round; null of a model that knows none. */
  labels: readonly number[] | null;
}

/** What the pictures are made of. */
export interface SampledPictures extends SampledSheets {
  /** The first images on their way out of noise, timesteps falling. */
  denoising: { timestep: number; pictures: Pictures }[];
  /** The timesteps that stand in the strip; the film shows all. */
  stripTimesteps: ReadonlySet<number>;
}

/** Images in the grid at most. */
const gridCount = 100;

/** Columns of a sheet with a class a column, at most. */
const mostColumns = 20;

/**
 * How many columns put each class into one of its own, as the images go round them; null where it
 * would be one, or too many.
 */
export function classColumns(labels: readonly number[] | null): number | null {
  return labels && labels.length > 1 && labels.length <= mostColumns ? labels.length : null;
}

/** The images that are not turned, or the first ones. */
export function uprightOf(sets: readonly Turned[]): Turned {
  return sets.find(({ angleDegrees }) => angleDegrees === 0) ?? sets[0]!;
}

/** The files of a run's samples; the same samples give the same bytes. */
export async function samplePictures(
  { denoising, stripTimesteps, ...sheets }: SampledPictures,
): Promise<PictureFile[]> {
  const moments = denoising.filter(({ timestep }) => stripTimesteps.has(timestep));
  return [
    ...await sheetFiles(sheets),
    [
      "denoising.png",
      await strip({
        title: "From noise to images",
        moments: moments.map(({ timestep, pictures }) => ({ label: `t = ${timestep}`, pictures })),
      }),
    ],
    ...filmFiles("denoising", await denoisingFilm(denoising)),
  ];
}

/** Those of them that are made of the finished samples alone. */
export async function sheetFiles({ model, sets, labels }: SampledSheets): Promise<PictureFile[]> {
  const upright = uprightOf(sets);
  const turned = sets.length > 1 || upright.angleDegrees !== 0;
  const columns = classColumns(labels);
  return [
    [
      "grid.png",
      await imageGrid(
        pictureRange(upright.pictures, 0, gridCount),
        columns === null ? {} : { columns },
      ),
    ],
    ...collageFiles(upright),
    ...(turned ? [["rotation.png", await turnedSheet([{ model, sets }])] as PictureFile] : []),
    ...(sets.length > 1 ? filmFiles("rotation", await rotationFilm([{ model, sets }])) : []),
  ];
}

/** The published collages of one angle's images, 400 each: collage-45-1.png, ... */
export function collageFiles({ angleDegrees, pictures }: Turned): PictureFile[] {
  return collages(pictures).map((png, i) => [`collage-${angleDegrees}-${i + 1}.png`, png]);
}

/**
 * The samples with a class a column under its name, as a file; nothing where the classes are too
 * many, or only one.
 */
export async function classFiles(
  pictures: Pictures,
  classes: DrawnClasses,
): Promise<PictureFile[]> {
  const columns = classColumns(classes.labels);
  if (columns === null) return [];
  const names = classes.labels.map((label) => shortName(className(label, classes.names)));
  const widest = Math.max(64, ...names.map((name) => textWidth(name, labelSize)));
  const some = allPictures(pictureRange(pictures, 0, gridCount));
  const rows = Array.from(
    { length: Math.ceil(some.length / columns) },
    (_, row) => some.slice(row * columns, (row + 1) * columns),
  );
  const sheet = await sheetPng([{ cells: rows, columnLabels: names }], {
    title: "The samples, a class a column",
    scale: Math.ceil(widest / pictures.imageSize),
  });
  return [["classes.png", sheet]];
}

/** A name that a column has room for. */
export function shortName(name: string): string {
  return name.length > 16 ? `${name.slice(0, 15)}…` : name;
}

/**
 * The rotation sheet and film of models side by side, at the angles that all were drawn at.
 *
 * @param models the reference first
 * @param classes of the images, where they are those of all models
 * @returns nothing where they have no angle in common, and no film where they have only one
 */
export async function besideFiles(
  models: readonly ModelSamples[],
  classes: DrawnClasses | null = null,
): Promise<PictureFile[]> {
  const common = models[0]!.sets.map(({ angleDegrees }) => angleDegrees)
    .filter((angle) =>
      models.every(({ sets }) => sets.some(({ angleDegrees }) => angleDegrees === angle))
    )
    .sort((a, b) => a - b);
  if (common.length === 0) return [];
  const alike = models.map(({ model, sets }) => ({
    model,
    sets: common.map((angle) => sets.find(({ angleDegrees }) => angleDegrees === angle)!),
  }));
  return [
    ["rotation-beside.png", await turnedSheet(alike, classes)],
    ...(common.length > 1 ? filmFiles("rotation-beside", await rotationFilm(alike)) : []),
  ];
}

/** Rows of a sheet of turned images. */
const turnedRows = 8;

/** Models side by side, which have the same angles. */
function turnedSheet(
  models: readonly ModelSamples[],
  classes: DrawnClasses | null = null,
): Promise<Uint8Array> {
  const names = classes && {
    rowLabels: Array.from({ length: turnedRows }, (_, i) => shortName(classOfImage(classes, i))),
    rowLabelsTitle: "class",
  };
  return rotationSheet({
    angles: models[0]!.sets.map(({ angleDegrees }) => angleDegrees),
    models: models.map(({ model, sets }) => ({
      model,
      images: sets.map(({ pictures }) => pictures),
    })),
    rows: turnedRows,
    note: "degrees of rotation over the whole of the sampling; each row starts from the same noise",
    ...names,
  });
}

function filmFiles(stem: string, { gif, mp4 }: Film): PictureFile[] {
  return [[`${stem}.gif`, gif], [`${stem}.mp4`, mp4]];
}
