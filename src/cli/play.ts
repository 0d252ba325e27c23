/** `deno task play`: a page that draws with a bundle's model in anybody's browser. */
import { basename, dirname, join, resolve } from "@std/path";
import { requireBundle } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { refuseLink, writeFileAtomic } from "../files/create.ts";
import { explainFolder } from "../files/results.ts";
import { line, print } from "../messages/terminal.ts";
import { parseOptions } from "./options.ts";

/** What `--help` prints. */
export const help = `Writes one HTML file that draws with a bundle's model in any browser, offline.

Usage: deno task play BUNDLE [BUNDLE] [--out FILE]

  BUNDLE       a bundle with a model; with two, both draw from the same noise, side by side
  --out FILE   the page (default: beside the bundle, its name with -play.html added)

The page needs nothing but itself: send it, or open it from the disk. From 64 pixels on it is a
folder, for the weights of so large a model make one file slow to open. It draws on the GPU by WebGPU
where the browser has a hardware one, else on the CPU by WebAssembly. The first use fetches esbuild
from npm, which bundles the page's program.

Examples:
  deno task play out/quickstart-0123456789ab
  deno task play out/a-0123456789ab out/d-2n-0123456789ab --out a-beside-d.html`;

/** Writes the page. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [first] = words;
  if (first === undefined || words.length > 2) {
    throw new UserError(`play takes one bundle, or two; got ${words.length}\n\n${help}`);
  }
  for (const path of words) requireBundle(path, "play", 2);
  const { prepareModel } = await import("../web/play/model.ts");
  const { playFiles } = await import("../web/play/page.ts");
  const { wasmProgram, workerProgram } = await import("../web/play/bundle.ts");
  const models = [];
  for (const path of words) models.push(await prepareModel(path));
  const made = playFiles({ models, worker: await workerProgram(), wasm: wasmProgram() });
  const target = values.out ?? defaultTarget(words);
  if (values.out === undefined) refuseLink(target, "choose another file with --out FILE");
  const [page, ...beside] = pathsOf(made, target);
  if (page === undefined) throw new Error("a playground without a page");
  try {
    if (beside.length > 0) Deno.mkdirSync(dirname(page.path), { recursive: true });
    for (const { path, bytes } of [page, ...beside]) writeFileAtomic(path, bytes);
  } catch (error) {
    throw explainFolder(error, dirname(page.path));
  }
  const size = [page, ...beside].reduce((sum, { bytes }) => sum + bytes.length, 0);
  print(line`${page.path}  ${(size / 1e6).toFixed(1)} MB; open it in a browser`);
  if (beside.length > 0) print(line`Send the folder ${dirname(page.path)} as a whole.`);
  return 0;
}

/** Where the files go: one page to the target itself, several into a folder of its name. */
function pathsOf(
  made: readonly (readonly [name: string, text: string])[],
  target: string,
): { path: string; bytes: Uint8Array }[] {
  const folder = target.replace(/\.html$/, "");
  return made.map(([name, text]) => ({
    path: made.length === 1 ? target : join(folder, name),
    bytes: new TextEncoder().encode(text),
  }));
}

/** Beside the first bundle: inside it, verify would call the page an added file. */
function defaultTarget(bundles: readonly string[]): string {
  const [first = ""] = bundles;
  const names = bundles.map((path) => basename(resolve(path)));
  return join(dirname(resolve(first)), `${names.join("-beside-")}-play.html`);
}
