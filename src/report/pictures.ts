/** The pictures of a run's samples, each as the file that goes into the bundle. */
import { denoisingFilm, type Film, type ModelSamples, rotationFilm, type Turned } from "./films.ts";
import { collages, imageGrid, pictureRange, type Pictures, rotationSheet, strip } from "./sheet.ts";

/** A picture's name and bytes. */
export type PictureFile = [name: string, bytes: Uint8Array];

/** What the pictures are made of. */
export interface SampledPictures extends ModelSamples {
  /** Of a class-conditional model, else null. */
  classes: number | null;
  /** The first images on their way out of noise, timesteps falling. */
  denoising: { timestep: number; pictures: Pictures }[];
  /** The timesteps that stand in the strip; the film shows all. */
  stripTimesteps: ReadonlySet<number>;
}

/** Images in the grid at most. */
const gridCount = 100;

/** The images that are not turned, or the first ones. */
export function uprightOf(sets: readonly Turned[]): Turned {
  return sets.find(({ angleDegrees }) => angleDegrees === 0) ?? sets[0]!;
}

/** The files of a run's samples; the same samples give the same bytes. */
export async function samplePictures(
  { model, sets, classes, denoising, stripTimesteps }: SampledPictures,
): Promise<PictureFile[]> {
  const upright = uprightOf(sets);
  const turned = sets.length > 1 || upright.angleDegrees !== 0;
  const moments = denoising.filter(({ timestep }) => stripTimesteps.has(timestep));
  return [
    // Classes are drawn in turn, so that a row of them all puts each into a column of its own.
    [
      "grid.png",
      await imageGrid(
        pictureRange(upright.pictures, 0, gridCount),
        classes !== null && classes <= 20 ? { columns: classes } : {},
      ),
    ],
    ...collageFiles(upright),
    ...(turned ? [["rotation.png", await turnedSheet([{ model, sets }])] as PictureFile] : []),
    ...(sets.length > 1 ? filmFiles("rotation", await rotationFilm([{ model, sets }])) : []),
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

/** The published collages of one angle's images, 400 each: collage-45-1.png, ... */
export function collageFiles({ angleDegrees, pictures }: Turned): PictureFile[] {
  return collages(pictures).map((png, i) => [`collage-${angleDegrees}-${i + 1}.png`, png]);
}

/**
 * The rotation sheet and film of models side by side, at the angles that all were drawn at.
 *
 * @param models the reference first
 * @returns nothing where they have no angle in common, and no film where they have only one
 */
export async function besideFiles(models: readonly ModelSamples[]): Promise<PictureFile[]> {
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
    ["rotation-beside.png", await turnedSheet(alike)],
    ...(common.length > 1 ? filmFiles("rotation-beside", await rotationFilm(alike)) : []),
  ];
}

/** Models side by side, which have the same angles. */
function turnedSheet(models: readonly ModelSamples[]): Promise<Uint8Array> {
  return rotationSheet({
    angles: models[0]!.sets.map(({ angleDegrees }) => angleDegrees),
    models: models.map(({ model, sets }) => ({
      model,
      images: sets.map(({ pictures }) => pictures),
    })),
    rows: 8,
    note: "degrees of rotation over the whole of the sampling; each row starts from the same noise",
  });
}

function filmFiles(stem: string, { gif, mp4 }: Film): PictureFile[] {
  return [[`${stem}.gif`, gif], [`${stem}.mp4`, mp4]];
}
