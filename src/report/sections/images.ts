/** The report's images: samples, rotation, denoising, filter plots. */
import { counted } from "../../messages/counted.ts";
import { classesText, className, classOfImage, type DrawnClasses } from "../../spec/labels.ts";
import type { Image } from "../../formats/image.ts";
import type { ReportInput, ShownFilm, ShownPicture } from "../input.ts";
import { type Html, html } from "../markup.ts";
import type { Section } from "../frame.ts";
import { code, filmFigure, gallery, imageColumns, pictureFigure } from "../parts.ts";
import { classColumns } from "../pictures.ts";
import { allPictures, angleText } from "../sheet.ts";

/** The most samples shown, and the most at each angle. */
const shown = { upright: 64, turned: 16 };

/** The unrotated samples, or those of the first angle. */
export function samplesSection({ samples, spec, classes }: ReportInput): Section | null {
  const upright = samples.find(({ angleDegrees }) => angleDegrees === 0) ?? samples[0];
  if (!upright) return null;
  const { angleDegrees, pictures } = upright;
  const count = Math.min(shown.upright, pictures.count);
  const turned = angleDegrees === 0 ? "" : `, turned by ${angleText(angleDegrees)} while drawn`;
  const { sampler, steps } = spec.sampling;
  const inTurn = classes ? `; classes in turn: ${classesText(classes)}` : "";
  const caption = `The first ${count} of ${pictures.count}${turned}; ` +
    `${sampler} sampler, ${counted(steps, "step")}${inTurn}.`;
  const label = `${count} generated images${turned}${inTurn}`;
  const images = samplesGallery(allPictures(pictures).slice(0, count), classes, label);
  return {
    id: "samples",
    heading: "Samples",
    body: html`<figure>${images}<figcaption>${caption}</figcaption></figure>`,
  };
}

/** One column per class if there are few, otherwise a class name under each image. */
function samplesGallery(images: Image[], classes: DrawnClasses | null, label: string): Html {
  if (classes === null) return gallery(images, { label, size: "small" });
  const { labels, names } = classes;
  if (classColumns(labels) !== null) {
    return imageColumns(images, labels.map((one) => className(one, names)), label);
  }
  return gallery(images, { label, size: "small", names: namesOf(images, classes) });
}

function namesOf(images: readonly Image[], classes: DrawnClasses | null): string[] | null {
  return classes && images.map((_, i) => classOfImage(classes, i));
}

/** The same images at every angle; a slider selects one, see page.js. */
export function rotationSection({ samples, films, classes }: ReportInput): Section | null {
  if (samples.length < 2) return null;
  const frames = samples.toSorted((a, b) => a.angleDegrees - b.angleDegrees);
  const start = Math.max(0, frames.findIndex(({ angleDegrees }) => angleDegrees === 0));
  const figures = frames.map(({ angleDegrees, pictures }) => {
    const count = Math.min(shown.turned, pictures.count);
    const angle = angleText(angleDegrees);
    const label = `${count} generated images, turned by ${angle}`;
    const some = allPictures(pictures).slice(0, count);
    const images = gallery(some, { label, size: "large", names: namesOf(some, classes) });
    return html`
      <figure data-label="${angle}">${images}<figcaption>turned by ${angle}</figcaption></figure>
    `;
  });
  const controls = slider(frames.length, start);
  return {
    id: "rotation",
    heading: "Rotation while sampling",
    body: html`
      <p>
        Each image starts from the same noise for every angle, and turns a little in each step. An
        alias-free network draws the same image, turned.
      </p>
      ${controls}
      <div class="player">${figures}</div>
      ${filmsOf(films, "rotation")}
    `,
  };
}

function slider(frames: number, start: number): Html {
  return html`
    <div class="controls" hidden data-ms="${frames > 5 ? 250 : 700}">
      <button type="button">Play</button><label for="angle">Angle</label>
      <input id="angle" type="range" min="0" max="${frames - 1}" value="${start}" step="1">
      <output for="angle"></output>
    </div>
  `;
}

/** From noise to images and back. */
export function denoisingSection({ pictures, films }: ReportInput): Section | null {
  const parts = [...figuresOf(pictures, "denoising"), ...filmsOf(films, "denoising")];
  return parts.length === 0
    ? null
    : { id: "denoising", heading: "Out of noise", body: html`${parts}` };
}

/** The low-pass filter, its response, and what it does to an image. */
export function filterSection({ pictures }: ReportInput): Section | null {
  const parts = figuresOf(pictures, "filter");
  return parts.length === 0
    ? null
    : { id: "filter", heading: "The low-pass filter", body: html`${parts}` };
}

/** The pictures of one kind, each with its caption. */
export function figuresOf(pictures: readonly ShownPicture[], kind: ShownPicture["kind"]): Html[] {
  // Plots are drawn at twice their size.
  const scale = kind === "filter" ? 1 / 2 : 1;
  return pictures.filter((picture) => picture.kind === kind).map(({ png, alt, caption }) =>
    pictureFigure(png, { alt, caption, scale })
  );
}

function filmsOf(films: readonly ShownFilm[], kind: ShownFilm["kind"]): Html[] {
  return films.filter((film) => film.kind === kind).map(({ mp4, file, label, caption }) =>
    mp4
      ? filmFigure(mp4, label, html`${caption} Also as the file ${code(file)}.`)
      : html`<p>${caption} It is too large for this page: see ${code(file)}.</p>`
  );
}
