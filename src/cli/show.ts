/** `deno task show`: the pictures of a bundle, and those that are made on request. */
import { basename, join, resolve } from "@std/path";
import { writeFileAtomic } from "../bundle/atomic.ts";
import { meaningOf } from "../bundle/layout.ts";
import { UserError } from "../errors.ts";
import { explainInputError } from "../formats/input.ts";

/** What `--help` prints. */
export const help =
  `Lists the pictures of a bundle, and draws those that are too large to lie in each: a report.html, collages
of 400 images for each angle, the turning images as GIF and MP4. The bundle itself is not changed.

Usage: deno task show BUNDLE [FOLDER]

FOLDER is by default the bundle's name with -pictures behind it, beside it.`;

/** A file that is drawn on request. */
type Drawing = [name: string, bytes: Uint8Array];

async function drawings(bundle: string): Promise<Drawing[]> {
  const { readAllSamples } = await import("../bundle/read.ts");
  const { bundleReport } = await import("../report/report.ts");
  const { rotationFilm } = await import("../report/films.ts");
  const { collages } = await import("../report/sheet.ts");
  const made: Drawing[] = [["report.html", new TextEncoder().encode(await bundleReport(bundle))]];
  const sets = [...await readAllSamples(bundle)].map(([angleDegrees, pictures]) => ({ angleDegrees, pictures }));
  for (const { angleDegrees, pictures } of sets) {
    collages(pictures).forEach((png, i) => made.push([`collage-${angleDegrees}-${i + 1}.png`, png]));
  }
  if (sets.length > 1) {
    const { gif, mp4 } = await rotationFilm(sets);
    made.push(["rotation.gif", gif], ["rotation.mp4", mp4]);
  }
  return made;
}

/** Lists and draws. */
export async function run(args: string[]): Promise<number> {
  const [bundle, folder, ...more] = args;
  if (bundle === undefined || more.length > 0 || args.some((arg) => arg.startsWith("-"))) throw new UserError(help);
  let names: string[];
  try {
    names = [...Deno.readDirSync(join(bundle, "data"))].map(({ name }) => name).sort();
  } catch (error) {
    throw explainInputError(error, join(bundle, "data"));
  }
  const target = folder ?? `${resolve(bundle)}-pictures`;
  const made = await drawings(bundle);
  Deno.mkdirSync(target, { recursive: true });
  for (const [name, bytes] of made) writeFileAtomic(join(target, name), bytes);
  const lines = [
    ...names.filter((name) => /\.(png|svg|gif|mp4)$/.test(name)).map((name) => [bundle, `data/${name}`] as const),
    ...made.map(([name]) => [target, name] as const),
  ];
  for (const [where, name] of lines) {
    const words = meaningOf(name) || meaningOf(`data/${basename(name)}`);
    console.log(`${join(where, name)}  ${words.replaceAll("**", "")}`);
  }
  return 0;
}
