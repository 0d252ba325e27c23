/** The paper's names of its configurations. */
import type { ResolvedSpec } from "./resolved.ts";

/**
 * The paper's name of a resolved spec: letter, Kaiser beta, N when normalized (`A`, `B-0`, `D-2N`,
 * `D-2N-norm`).
 */
export function specName(resolved: ResolvedSpec): string {
  const { architecture, kaiserBeta, normalized, normInside } = resolved;
  if (architecture === "A") return "A";
  return `${architecture}-${kaiserBeta}${normalized ? "N" : ""}${normInside ? "-norm" : ""}`;
}
