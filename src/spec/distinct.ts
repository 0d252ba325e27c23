/** Names that tell specs apart. */
import { specDifferences } from "./differences.ts";
import { specName } from "./name.ts";
import type { ResolvedSpec } from "./resolved.ts";
import { pathOf, type Tree, valueAt } from "./tree.ts";

/**
 * The paper's name of each spec; where several share it, followed by the fields in which they
 * differ: `D-2N, kernelSize 6`.
 *
 * @param ignored fields that do not count with what is in them, such as the seed
 */
export function distinctNames(
  specs: readonly ResolvedSpec[],
  ignored: readonly string[],
): string[] {
  const counts = (path: string) =>
    !ignored.some((field) => path === field || path.startsWith(`${field}.`)) &&
    !path.includes("x-");
  return specs.map((spec) => {
    const name = specName(spec);
    const namesakes = specs.filter((other) => specName(other) === name);
    const paths = new Set(
      namesakes.flatMap((other) => specDifferences(spec, other)).map(({ path }) => path),
    );
    const fields = [...paths].filter(counts).map((path) =>
      `${path} ${JSON.stringify(valueAt(spec as unknown as Tree, pathOf(path)))}`
    );
    return [name, ...fields].join(", ");
  });
}
