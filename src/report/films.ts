/** The animations of a run: images turning with the angle, images coming out of noise. */
import type { Image } from "../formats/image.ts";
import { gifAnimation, mp4Animation, type Timing } from "./animation.ts";
import { allPictures, angleText, drawSheet, type Pictures } from "./sheet.ts";

/** One animation in both its forms. */
export interface Film {
  gif: Uint8Array<ArrayBuffer>;
  mp4: Uint8Array<ArrayBuffer>;
}

/** The first images in rows of four, under a title, as a frame. */
function frame(pictures: Pictures, title: string, count: number): Promise<Image> {
  const images = allPictures(pictures).slice(0, count);
  const cells = Array.from({ length: Math.ceil(images.length / 4) }, (_, row) => images.slice(4 * row, 4 * row + 4));
  return drawSheet([{ cells }], { title, scale: Math.max(1, Math.round(96 / pictures.imageSize)) });
}

async function film(frames: Image[], timing: Timing): Promise<Film> {
  return { gif: gifAnimation(frames, timing), mp4: await mp4Animation(frames, timing) };
}

/**
 * The images turn from the smallest angle to the largest and back.
 *
 * @param sets the images at each angle in degrees, drawn from the same noise, in any order
 * @param count at most so many images
 */
export async function rotationFilm(
  sets: { angleDegrees: number; pictures: Pictures }[],
  count = 8,
): Promise<Film> {
  const ordered = sets.toSorted((a, b) => a.angleDegrees - b.angleDegrees);
  const forth = await Promise.all(
    ordered.map(({ angleDegrees, pictures }) => frame(pictures, `turned by ${angleText(angleDegrees)}`, count)),
  );
  return await film([...forth, ...forth.slice(1, -1).reverse()], { frameMs: ordered.length > 5 ? 200 : 500 });
}

/**
 * The images come out of noise; the last frame stands for a while.
 *
 * @param moments what the images looked like at each timestep, in the order of the sampling
 */
export async function denoisingFilm(
  moments: { timestep: number; pictures: Pictures }[],
  count = 8,
): Promise<Film> {
  const frames = await Promise.all(
    moments.map(({ timestep, pictures }) => frame(pictures, `t = ${timestep}`, count)),
  );
  return await film(frames, { frameMs: 200, lastMs: 1600 });
}
