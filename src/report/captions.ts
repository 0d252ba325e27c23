/** The report's captions for the pictures and films of a bundle. */
import { classOfImage, type DrawnClasses } from "../spec/labels.ts";
import type { ShownFilm, ShownPicture } from "./input.ts";

/**
 * Pictures that the report shows as they are: file (under data/, except previews), heading,
 * alternative text, caption.
 */
export const shownPictures: [
  file: string,
  kind: ShownPicture["kind"],
  alt: string,
  caption: string,
][] = [
  [
    "denoising.png",
    "denoising",
    "Images at several timesteps, from pure noise to the finished image",
    "The first images on their way from noise (left) to the end (right).",
  ],
  [
    "noising.png",
    "denoising",
    "Training images at nine timesteps, from the image to pure noise",
    "The other way round: training images become noise.",
  ],
  [
    "previews.png",
    "training",
    "Rows of samples, one for each preview while training",
    "Samples drawn during the training.",
  ],
  ...["", "-down", "-up"].flatMap((suffix): [string, "filter", string, string][] => {
    const which = suffix === "" ? "" : suffix === "-up" ? " of upsampling" : " of downsampling";
    return [
      [
        `filter${suffix}.png`,
        "filter",
        `Heat map of the low-pass kernel's coefficients${which}`,
        `The low-pass kernel${which}. Exact numbers: data/filter${suffix}.csv.`,
      ],
      [
        `response${suffix}.png`,
        "filter",
        `Frequency response of the low-pass kernel${which} in decibels, and its sections along ` +
        "an axis and a diagonal",
        `What it does to each frequency${which}. Exact numbers: data/response${suffix}.csv.`,
      ],
    ];
  }),
  [
    "resampling.png",
    "filter",
    "An image, and its down- and upsampling with and without the filter",
    "A training image, resampled with and without the filter.",
  ],
];

/** The films: file, section, what they show, caption. */
export const shownFilms: [
  stem: string,
  kind: ShownFilm["kind"],
  label: string,
  caption: string,
][] = [
  [
    "rotation",
    "rotation",
    "Film: generated images at one angle after the other, there and back",
    "Film: the first images, angle by angle and back.",
  ],
  [
    "denoising",
    "denoising",
    "Film: images on their way from pure noise to the finished image",
    "Film: from noise to the images, timestep by timestep.",
  ],
];

/** The most images that films and the denoising strip show. */
const firstShown = 8;

/**
 * The classes of the images in films and in the denoising strip, as a sentence with a leading
 * space; "" for a model without classes.
 */
export function firstClasses(classes: DrawnClasses | null, count: number): string {
  if (classes === null) return "";
  const length = Math.min(firstShown, count);
  const names = Array.from({ length }, (_, i) => classOfImage(classes, i));
  return ` Their classes, in order: ${names.join(", ")}.`;
}
