/**
 * Two functions that tfjs-node's code calls and that Node, and with it Deno, no longer has in
 * `node:util`. Imported in front of tfjs-node.
 */
import util from "node:util";

const target = util as unknown as Record<string, unknown>;
target.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
target.isArray ??= Array.isArray;
