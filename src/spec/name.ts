/** The paper's names for its configurations. */
import type { ResolvedSpec } from "./resolved.ts";

/**
 * The paper's name for a resolved spec: letter, Kaiser beta, and N if normalized (`A`, `B-0`,
 * `D-2N`, `D-2N-norm`).
 */
export function specName(resolved: ResolvedSpec): string {
  const { architecture, kaiserBeta, normalized, normInside } = resolved;
  if (architecture === "A") return "A";
  return `${architecture}-${kaiserBeta}${normalized ? "N" : ""}${normInside ? "-norm" : ""}`;
}
