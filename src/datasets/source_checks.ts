/** Checks for sources of any format: image sizes, classes, and the user's choice of labels. */
import { UserError } from "../messages/errors.ts";
import { publishedClasses } from "./class_names.ts";
import { firstNames } from "./notes.ts";
import type { LabelChoice, Sample, Source } from "./source.ts";

/** The image sizes of datasets with a fixed size. */
const sidesOf: Record<string, readonly number[]> = {
  "mnist": [28, 32],
  "mnist-m": [28, 32],
  "cifar-10": [32],
};

/** The source, with images of any other size reported as bad. */
export function withSides({ samples, ...source }: Source, dataset: string): Source {
  const sides = sidesOf[dataset];
  if (!sides) return { samples, ...source };
  const expected = sides.map((side) => `${side}x${side}`).join(" or ");
  async function* checked(): AsyncGenerator<Sample> {
    for await (const sample of samples) {
      const read = () => {
        const image = sample.read();
        const { width, height } = image;
        if (width === height && sides?.includes(width)) return image;
        throw new UserError(
          `${sample.name}: ${width}x${height} pixels instead of this dataset's ${expected}`,
        );
      };
      yield { ...sample, read };
    }
  }
  return { ...source, samples: checked() };
}

/** A note if class names differ only in case, as when two people wrote them. */
function alikeNames(classNames: readonly string[]): string | null {
  const byLower = Map.groupBy(classNames, (name) => name.toLowerCase());
  const alike = [...byLower.values()].filter((names) => names.length > 1).flat();
  return alike.length === 0
    ? null
    : `warning: names of classes differ only in case: ${firstNames(alike)}`;
}

/**
 * Refuses more classes than a published dataset has.
 *
 * @returns a note if the classes have other names than the published ones, or are nearly alike
 */
export function checkClasses(dataset: string, { classNames, description }: Source): string | null {
  const published = publishedClasses[dataset];
  if (!classNames) return null;
  if (!published) return alikeNames(classNames);
  if (classNames.length > published.length) {
    throw new UserError(
      `dataset ${dataset}: ${description} has ${classNames.length} classes ` +
        `(${firstNames(classNames)}), but ${dataset} has ${published.length}. ` +
        "If these are other images, set `dataset: folder` and their path",
    );
  }
  const others = classNames.filter((name) => !published.includes(name));
  if (others.length === 0) return null;
  return `classes: numbered by the names found (${firstNames(classNames)}), which are not those ` +
    `of ${dataset} (${firstNames(published)})`;
}

/** The source without classes, if the user wants none. */
export function withoutLabels(source: Source, choice: LabelChoice | undefined): Source {
  if (choice !== "none" || source.classNames === null) return source;
  const { samples } = source;
  async function* unlabelled(): AsyncGenerator<Sample> {
    for await (const sample of samples) yield { ...sample, label: null };
  }
  return { ...source, classNames: null, samples: unlabelled() };
}
