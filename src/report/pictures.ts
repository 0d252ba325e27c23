/** The pictures of a run's samples, each as a file for the bundle. */
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

/** The input for the sheets of samples. */
export interface SampledSheets extends ModelSamples {
  /** The classes that the images cycle through; null for a model without classes. */
  labels: readonly number[] | null;
}

/** The input for the pictures. */
export interface SampledPictures extends SampledSheets {
  /** The first images while they emerge from noise, with falling timesteps. */
  denoising: { timestep: number; pictures: Pictures }[];
  /** The timesteps in the strip; the film shows all. */
  stripTimesteps: ReadonlySet<number>;
}

/** The most images in the grid. */
const gridCount = 100;

/** The most columns of a sheet with one column per class. */
const maxColumns = 20;

/**
 * The number of columns that gives each class its own, as the images cycle through the classes;
 * null if it would be one or too many.
 */
export function classColumns(labels: readonly number[] | null): number | null {
  return labels && labels.length > 1 && labels.length <= maxColumns ? labels.length : null;
}

/** The unrotated images, or those of the first angle. */
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

/** The files that need only the finished samples. */
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
 * A file with the samples of each class in a column under its name; nothing if there are too many
 * classes, or only one.
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

/** A name short enough for a column. */
export function shortName(name: string): string {
  return name.length > 16 ? `${name.slice(0, 15)}…` : name;
}

/**
 * The rotation sheet and film of models side by side, at the angles that they have in common.
 *
 * @param models the reference first
 * @param classes of the images, if they are the same for all models
 * @returns nothing without a common angle, and no film with only one
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

/** Rows of a sheet of rotated images. */
const turnedRows = 8;

/** Models with the same angles, side by side. */
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
