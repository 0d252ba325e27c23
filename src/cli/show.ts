/** `deno task show`: lists a bundle's pictures, and draws more of them. */
import { join } from "@std/path";
import { refuseLink } from "../files/create.ts";
import { writeResults } from "../files/results.ts";
import { describeFile } from "../bundle/layout.ts";
import { requireBundle } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { siblingPath } from "./folders.ts";
import { parseOptions } from "./options.ts";
import { explainInputError } from "../formats/input.ts";
import type { DrawnClasses } from "../spec/labels.ts";
import type { ModelSamples } from "../report/films.ts";
import type { PictureFile } from "../report/pictures.ts";
import { line, print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `List a bundle's pictures, and draw more: report.html, collages of 400 images for
each angle, and, for models with classes, the samples with one column per class. With
a second bundle, also draw the rotation of both models side by side, as a sheet, GIF
and MP4. The bundles themselves do not change.

Usage: deno task show BUNDLE [REFERENCE] [--out FOLDER]

  REFERENCE     a bundle to compare with, drawn at the same angles, such as one of
                architecture A

Options:
  --out FOLDER  where to draw (default: next to the bundle, its name with -pictures
                added)`;

/** Lists and draws the pictures. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [bundle, reference, ...more] = words;
  if (bundle === undefined || more.length > 0) {
    throw new UserError(
      `show takes one bundle, and one to compare with; got ${words.length}\n\n${help}`,
    );
  }
  for (const path of words) requireBundle(path, "show");
  const names = namesIn(join(bundle, "data"));
  const target = values.out ?? siblingPath(bundle, "-pictures");
  if (values.out === undefined) refuseLink(target, "choose another folder with --out FOLDER");

  const drawn = await drawPictures(bundle, reference);
  writeResults(target, drawn);
  const pictures = [
    ...names.filter((name) => /\.(png|svg|gif|mp4)$/.test(name)).map((name) =>
      [join(bundle, "data"), name] as const
    ),
    ...drawn.map(([name]) => [target, name] as const),
  ];
  for (const [folder, name] of pictures) {
    const meaning = describeFile(name) || describeFile(`data/${name}`);
    print(line`${join(folder, name)}  ${meaning.replaceAll("**", "")}`);
  }
  return 0;
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    throw explainInputError(error, folder);
  }
}

async function drawPictures(bundle: string, reference: string | undefined): Promise<PictureFile[]> {
  const { bundleReport } = await import("../report/report.ts");
  const { besideFiles, classFiles, collageFiles, uprightOf } = await import(
    "../report/pictures.ts"
  );
  const own = await readModelSamples(bundle);
  const files: PictureFile[] = [
    ["report.html", new TextEncoder().encode(await bundleReport(bundle))],
    ...own.sets.flatMap(collageFiles),
  ];
  if (own.classes && own.sets.length > 0) {
    files.push(...await classFiles(uprightOf(own.sets).pictures, own.classes));
  }
  if (reference === undefined) return files;

  const other = await readModelSamples(reference);
  const isAlike = JSON.stringify(own.classes?.labels) === JSON.stringify(other.classes?.labels);
  const beside = await besideFiles([other, own], isAlike ? own.classes : null);
  if (beside.length === 0) {
    throw new UserError(
      `${reference} and ${bundle}: no angle in common; draw one at the other's angles with ` +
        "deno task sample",
    );
  }
  return [...files, ...beside];
}

/** A bundle's samples, and the classes that they cycle through. */
type BundleModel = ModelSamples & { classes: DrawnClasses | null };

async function readModelSamples(path: string): Promise<BundleModel> {
  const { openBundle } = await import("../bundle/open.ts");
  const { readAllSamples, readBundleSpec, readClassNames } = await import("../bundle/read.ts");
  const { drawnClasses } = await import("../spec/labels.ts");
  const { specName } = await import("../spec/mod.ts");
  const bundle = openBundle(path);
  const sets = [...await readAllSamples(bundle)].map(([angleDegrees, pictures]) => ({
    angleDegrees,
    pictures,
  }));
  const spec = readBundleSpec(bundle);
  const classes = drawnClasses(spec, readClassNames(bundle));
  return { model: specName(spec), sets, classes };
}
