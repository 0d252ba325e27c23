/**
 * Restores two functions of `node:util` that tfjs-node calls and that Node and Deno have removed.
 * Import this before tfjs-node.
 */
import util from "node:util";

// The module's type has no index signature; its object is a plain one.
const target = util as unknown as Record<string, unknown>;
target.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
target.isArray ??= Array.isArray;
