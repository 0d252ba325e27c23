/** `deno task play`: writes a page that draws with a bundle's model in any browser. */
import { basename, dirname, join, resolve } from "@std/path";
import { requireBundle } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { refuseLink, writeFileAtomic } from "../files/create.ts";
import { explainFolder } from "../files/results.ts";
import { line, print } from "../messages/terminal.ts";
import { siblingPath } from "./folders.ts";
import { parseOptions } from "./options.ts";

/** What `--help` prints. */
export const help = `Write one HTML file that draws with a bundle's model in any browser, offline.

Usage: deno task play BUNDLE [BUNDLE] [--out FILE]

  BUNDLE      a bundle with a model; two bundles draw side by side, from the same
              noise

Options:
  --out FILE  the page (default: next to the bundle, its name with -play.html added)

The page is self-contained: send it, or open it from the disk. Models of 64 pixels
and more get a folder instead, because a file with so many weights opens slowly. The
page draws on the GPU (WebGPU) if the browser has one, otherwise on the CPU
(WebAssembly). The first use downloads esbuild from npm, which bundles the page's
program.

Examples:
  deno task play out/quickstart-0123456789ab
  deno task play out/a-0123456789ab out/d-2n-0123456789ab --out a-beside-d.html`;

/** Writes the page. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [first] = words;
  if (first === undefined || words.length > 2) {
    throw new UserError(`play takes one or two bundles; got ${words.length}\n\n${help}`);
  }
  for (const path of words) requireBundle(path, "play", 2);

  const { prepareModel } = await import("../web/play/model.ts");
  const { playFiles } = await import("../web/play/page.ts");
  const { wasmProgram, workerProgram } = await import("../web/play/bundle.ts");
  const models = [];
  for (const path of words) models.push(await prepareModel(path));
  const contents = playFiles({ models, worker: await workerProgram(), wasm: wasmProgram() });

  const target = values.out ?? defaultTarget(words);
  if (values.out === undefined) refuseLink(target, "choose another file with --out FILE");
  const [page, ...others] = filesAt(target, contents);
  if (page === undefined) throw new Error("a playground without a page");
  try {
    if (others.length > 0) Deno.mkdirSync(dirname(page.path), { recursive: true });
    for (const { path, bytes } of [page, ...others]) writeFileAtomic(path, bytes);
  } catch (error) {
    throw explainFolder(error, dirname(page.path));
  }
  const size = [page, ...others].reduce((sum, { bytes }) => sum + bytes.length, 0);
  print(line`${page.path}  ${(size / 1e6).toFixed(1)} MB; open it in a browser`);
  if (others.length > 0) print(line`To share it, send the whole folder ${dirname(page.path)}`);
  return 0;
}

/** The files to write: a single page at the target, or several files in a folder of its name. */
function filesAt(
  target: string,
  contents: readonly (readonly [name: string, text: string])[],
): { path: string; bytes: Uint8Array }[] {
  const folder = target.replace(/\.html$/, "");
  return contents.map(([name, text]) => ({
    path: contents.length === 1 ? target : join(folder, name),
    bytes: new TextEncoder().encode(text),
  }));
}

/** A path next to the first bundle. Inside it, `verify` would report the page as an extra file. */
function defaultTarget([first = "", second]: readonly string[]): string {
  const suffix = second === undefined ? "" : `-beside-${basename(resolve(second))}`;
  return siblingPath(first, `${suffix}-play.html`);
}
