/**
 * Explains why tensors are not a network's weights, in a few lines however many faults there are.
 */
import { UserError } from "../messages/errors.ts";
import { printable } from "../messages/printable.ts";
import type { NetworkPlan } from "./plan.ts";

/** How many names a message lists for each kind of fault. */
export const maxListed = 3;

/** A count of things of one kind, and the first few of them. */
function summary(what: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const rest = items.length - maxListed;
  const more = rest > 0 ? ` and ${rest} more` : "";
  return [`\n  ${what}: ${items.slice(0, maxListed).join(", ")}${more}`];
}

/** A tensor's name and shape, as shown in messages. */
function described(name: string, shape: readonly number[]): string {
  return `${printable(name, 100)} [${shape}]`;
}

/**
 * Lists everything that keeps tensors from being a plan's weights: one line for missing tensors,
 * one for extra tensors, and one for tensors with a different shape.
 */
export function weightFaults(
  plan: NetworkPlan,
  found: ReadonlyMap<string, readonly number[]>,
): string[] {
  const expected = new Map(plan.parameters.map(({ name, shape }) => [name, shape]));
  const missing = [...expected].filter(([name]) => !found.has(name));
  const extra = [...found].filter(([name]) => !expected.has(name));
  const differing = [...expected].flatMap(([name, shape]) => {
    const other = found.get(name);
    const isSame = !other || `${other}` === `${shape}`;
    return isSame ? [] : [`${described(name, other)}, not [${shape}]`];
  });
  return [
    ...summary(
      `missing, ${missing.length} of ${expected.size}`,
      missing.map((e) => described(...e)),
    ),
    ...summary(`not in this network, ${extra.length}`, extra.map((entry) => described(...entry))),
    ...summary(`of another shape, ${differing.length}`, differing),
  ];
}

/** The error for weights that do not belong to this network. */
export function foreignWeights(where: string, faults: readonly string[]): UserError {
  return new UserError(
    `${where}: these weights belong to another network (other architecture, normInside, image ` +
      `size, base width, channels or classes)${faults.join("")}`,
  );
}
