/** `deno task sample`: more images from a trained model. */
import { join } from "@std/path";
import { requireBundle } from "../bundle/read.ts";
import { createProgress } from "./progress.ts";
import { runArguments, stoppable } from "./run_options.ts";
import { print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Draw more images from a trained bundle, and write them as a small bundle that
names the first one. If it was stopped, the same command resumes.

Usage: deno task sample BUNDLE [field=value ...] [options]

  BUNDLE         a bundle with a model
  field=value    change the sampling: count=200, rotation=30, sampler=ddim,
                 steps=50, ... (with or without \`sampling.\`); labels=cat,dog draws
                 these classes, by name or number; seed=7 draws other images

Options:
  --engine NAME  auto (default), tensorflow, webgpu, wasm, cpu
  --threads N    threads of TensorFlow on the CPU (default: all cores)
  --out FOLDER   where to write the new bundle (default: out)
  --quiet        print only the bundle's path and digest

Other fields keep the values of the bundle's spec.

Examples:
  deno task sample out/quickstart-0123456789ab count=256
  deno task sample out/quickstart-0123456789ab \\
    'rotation={from: -90, to: 90, count: 9}' count=8`;

/** Draws the images. */
export async function run(args: string[]): Promise<number> {
  const missing =
    "sample needs a bundle. For example: deno task sample out/quickstart-0123456789ab count=256";
  const { path, overrides, engine, threads, out, quiet } = runArguments(args, missing);
  requireBundle(path, "sample");
  const progress = createProgress({ quiet });
  const { sampleBundle } = await import("../runner/sample.ts");
  return await stoppable(progress, async (signal) => {
    const bundle = await sampleBundle(path, overrides, { engine, threads, out, progress, signal });
    print(`bundle:      ${bundle.path}`);
    print(`digest:      ${bundle.digest}`);
    print(`open first:  ${join(bundle.path, "data", "grid.png")}`);
    return 0;
  });
}
