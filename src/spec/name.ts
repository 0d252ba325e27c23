/** The paper's names for its configurations. */
import type { ResolvedSpec } from "./resolved.ts";

/**
 * The paper's name for a resolved spec: letter, Kaiser beta, and N if normalized (`A`, `B-0`,
 * `D-2N`, `D-2N-norm`). What the paper does not have goes on in the same way: another filter stands
 * in the place of beta, and padding, bypass and position follow (`D-ideal-circular-bypass`).
 */
export function specName(resolved: ResolvedSpec): string {
  const { architecture, kaiserBeta, normalized, normInside, filter, padding, position } = resolved;
  const kind = filter && filter.kind !== "jinc"
    ? filter.kind
    : `${kaiserBeta}${normalized ? "N" : ""}`;
  const parts = [
    architecture,
    architecture !== "A" && kind,
    normInside && "norm",
    padding,
    filter?.bypass && "bypass",
    position,
  ];
  return parts.filter(Boolean).join("-");
}
