/** `deno task sample`: more images from a trained model. */
import { join } from "@std/path";
import { requireBundle } from "../bundle/read.ts";
import { createProgress } from "./progress.ts";
import { runArguments, stoppable } from "./run_options.ts";
import { print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Draws more images from a trained bundle, and writes them as a small bundle that names the other.

Usage: deno task sample BUNDLE [field=value ...] [options]

  BUNDLE               a bundle with a model
  field=value          other sampling: count=200, rotation=30, sampler=ddim, steps=50, ... (\`sampling.\` may be said);
                       labels=cat,dog draws those classes, by name or number; seed=7 draws from other noise
  --engine NAME        auto (default), tensorflow, webgpu, wasm, cpu
  --threads N          of the engine tensorflow on the CPU (default: all cores)
  --out FOLDER         where the bundle is written (default: out)
  --quiet              say nothing but where the bundle is

What is not said stays as the bundle's spec has it. Stopped, the same command goes on where it was.

Examples:
  deno task sample out/quickstart-0123456789ab count=256
  deno task sample out/quickstart-0123456789ab 'rotation={from: -90, to: 90, count: 9}' count=8`;

/** Draws the images. */
export async function run(args: string[]): Promise<number> {
  const missing =
    "which bundle? For example: deno task sample out/quickstart-0123456789ab count=256";
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
