/** A complete bundle for tests: a very small run on the engine that is always available. */
import { join } from "@std/path";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { runExperiment } from "./run.ts";

/** The spec of {@link wholeBundle}, as written. */
export const wholeSpec = `# a whole run
architecture: D
dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 16 }
training: { images: 8, batchSize: 4, emaDecay: 0.9, previewEveryEpochs: null }
sampling: { steps: 2, count: 4, batchSize: 4, rotation: [-22.5, 0, 45] }
evaluation: { metrics: [] }
`;

/**
 * Runs an experiment that takes seconds.
 *
 * @param folder in which `out` with the bundle will be
 * @param text the spec
 * @returns the bundle's folder
 */
export async function wholeBundle(folder: string, text: string = wholeSpec): Promise<string> {
  const { path } = await runExperiment(resolveSpec(parseSpec(text)), {
    engine: "cpu",
    out: join(folder, "out"),
    dataRoot: join(folder, "data"),
    source: { path: "whole.yaml", text },
  });
  return path;
}

/** Copies a bundle's files. */
export function copyBundle(from: string, to: string): string {
  const visit = (folder: string) => {
    Deno.mkdirSync(join(to, folder), { recursive: true });
    for (const { name, isDirectory } of Deno.readDirSync(join(from, folder))) {
      if (isDirectory) visit(join(folder, name));
      else Deno.copyFileSync(join(from, folder, name), join(to, folder, name));
    }
  };
  visit("");
  return to;
}
