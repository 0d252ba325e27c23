/** `deno task show`: the pictures of a bundle, and those that are made on request. */
import { join, resolve } from "@std/path";
import { refuseLink } from "../files/create.ts";
import { writeResults } from "../files/results.ts";
import { meaningOf } from "../bundle/layout.ts";
import { requireBundle } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { parseOptions } from "./options.ts";
import { explainInputError } from "../formats/input.ts";
import type { DrawnClasses } from "../spec/labels.ts";
import type { ModelSamples } from "../report/films.ts";
import type { PictureFile } from "../report/pictures.ts";
import { line, print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Lists the pictures of a bundle, and draws those that do not lie in it: report.html anew, collages
of 400 images for each angle, the samples with a class a column under its name, and with a second
bundle the rotation of both models side by side as a sheet, GIF and MP4. The bundles themselves are
not changed.

Usage: deno task show BUNDLE [REFERENCE] [--out FOLDER]

  REFERENCE      a bundle to stand beside, drawn at the same angles: architecture A, for example
  --out FOLDER   where to draw (default: next to the bundle, its name with -pictures added)`;

/** Lists and draws. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [bundle, reference, ...more] = words;
  if (bundle === undefined || more.length > 0) {
    throw new UserError(
      `show takes one bundle, and one to compare with; got ${words.length}\n\n${help}`,
    );
  }
  for (const path of words) requireBundle(path, "show");
  let names: string[];
  try {
    names = [...Deno.readDirSync(join(bundle, "data"))].map(({ name }) => name).sort();
  } catch (error) {
    throw explainInputError(error, join(bundle, "data"));
  }
  const target = values.out ?? `${resolve(bundle)}-pictures`;
  if (values.out === undefined) refuseLink(target, "choose another folder with --out FOLDER");
  const made = await drawings(bundle, reference);
  writeResults(target, made);
  const lines = [
    ...names.filter((name) => /\.(png|svg|gif|mp4)$/.test(name)).map((name) =>
      [join(bundle, "data"), name] as const
    ),
    ...made.map(([name]) => [target, name] as const),
  ];
  for (const [folder, name] of lines) {
    const words = meaningOf(name) || meaningOf(`data/${name}`);
    print(line`${join(folder, name)}  ${words.replaceAll("**", "")}`);
  }
  return 0;
}

async function drawings(bundle: string, reference: string | undefined): Promise<PictureFile[]> {
  const { bundleReport } = await import("../report/report.ts");
  const { besideFiles, classFiles, collageFiles, uprightOf } = await import(
    "../report/pictures.ts"
  );
  const own = await samplesOf(bundle);
  const made: PictureFile[] = [
    ["report.html", new TextEncoder().encode(await bundleReport(bundle))],
    ...own.sets.flatMap(collageFiles),
  ];
  if (own.classes && own.sets.length > 0) {
    made.push(...await classFiles(uprightOf(own.sets).pictures, own.classes));
  }
  if (reference === undefined) return made;
  const other = await samplesOf(reference);
  const alike = JSON.stringify(own.classes?.labels) === JSON.stringify(other.classes?.labels);
  const beside = await besideFiles([other, own], alike ? own.classes : null);
  if (beside.length === 0) {
    throw new UserError(`${reference}: drawn at no angle at which ${bundle} was, too`);
  }
  return [...made, ...beside];
}

/** A bundle's samples, and the classes that they go round. */
type BundleModel = ModelSamples & { classes: DrawnClasses | null };

async function samplesOf(path: string): Promise<BundleModel> {
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
