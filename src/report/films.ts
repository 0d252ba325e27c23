/** The animations of a run: images rotating with the angle, and images emerging from noise. */
import type { Image } from "../formats/image.ts";
import { gifAnimation, mp4Animation, type Timing } from "./animation.ts";
import { allPictures, angleText, type Pictures } from "./sheet.ts";
import { type Block, drawSheet } from "./sheet_layout.ts";

/** One animation in both formats. */
export interface Film {
  gif: Uint8Array<ArrayBuffer>;
  mp4: Uint8Array<ArrayBuffer>;
}

/** The images drawn at one angle. */
export interface Turned {
  /** Counter-clockwise, over the whole sampling run. */
  angleDegrees: number;
  pictures: Pictures;
}

/** A model's samples, drawn from the same noise at each angle. */
export interface ModelSamples {
  /** The model's name, such as "D-2N". */
  model: string;
  sets: Turned[];
}

/** The number of images in each frame. */
const shown = 8;

/** The first images in rows of four. */
function blockOf(pictures: Pictures, title?: string): Block {
  const images = allPictures(pictures).slice(0, shown);
  const rows = Array.from(
    { length: Math.ceil(images.length / 4) },
    (_, row) => images.slice(4 * row, 4 * row + 4),
  );
  return { title, cells: rows };
}

/** Models side by side under a title, as one frame. */
function frame(blocks: Block[], title: string, imageSize: number): Promise<Image> {
  return drawSheet(blocks, { title, scale: Math.max(1, Math.round(96 / imageSize)) });
}

async function film(frames: Image[], timing: Timing): Promise<Film> {
  const alike = ofOneSize(frames);
  return { gif: gifAnimation(alike, timing), mp4: await mp4Animation(alike, timing) };
}

/**
 * Pads frames with white on the right and at the bottom: with few images, the titles decide the
 * width.
 */
function ofOneSize(frames: readonly Image[]): Image[] {
  const wide = Math.max(...frames.map(({ width }) => width));
  const high = Math.max(...frames.map(({ height }) => height));
  return frames.map((frame) => {
    const { width, height, channels, data } = frame;
    if (width === wide && height === high) return frame;
    const padded = new Uint8Array(wide * high * channels).fill(255);
    for (let y = 0; y < height; y++) {
      const row = data.subarray(y * width * channels, (y + 1) * width * channels);
      padded.set(row, y * wide * channels);
    }
    return { width: wide, height: high, channels, data: padded };
  });
}

/**
 * The images rotate from the smallest angle to the largest and back. Several models appear side by
 * side under their names.
 *
 * @param models their images at the same angles, in any order, drawn from the same noise
 */
export async function rotationFilm(models: readonly ModelSamples[]): Promise<Film> {
  const angles = models[0]!.sets.map(({ angleDegrees }) => angleDegrees).sort((a, b) => a - b);
  const forth = await Promise.all(angles.map((angle) => {
    const at = models.map(({ model, sets }) => {
      const { pictures } = sets.find(({ angleDegrees }) => angleDegrees === angle)!;
      return { pictures, block: blockOf(pictures, models.length > 1 ? model : undefined) };
    });
    return frame(
      at.map(({ block }) => block),
      `turned by ${angleText(angle)}`,
      at[0]!.pictures.imageSize,
    );
  }));
  return await film([...forth, ...forth.slice(1, -1).reverse()], {
    frameMs: angles.length > 5 ? 200 : 500,
  });
}

/**
 * The images emerge from noise; the last frame stays for a while.
 *
 * @param moments the images at each timestep, in sampling order
 */
export async function denoisingFilm(
  moments: { timestep: number; pictures: Pictures }[],
): Promise<Film> {
  const frames = await Promise.all(
    moments.map(({ timestep, pictures }) =>
      frame([blockOf(pictures)], `t = ${timestep}`, pictures.imageSize)
    ),
  );
  return await film(frames, { frameMs: 100, lastMs: 1600 });
}
