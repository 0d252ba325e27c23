/**
 * Remembers where each field of a spec was written, and reports complaints about fields as one
 * message with file, line and column.
 */
import { UserError } from "../messages/errors.ts";
import { printable, quoted } from "../messages/printable.ts";
import { locator } from "./positions.ts";
import { dotted, type Path, valueAt } from "./tree.ts";

/** An error in a field; `at` says whether to point at the key or at its value. */
export interface Complaint {
  path: Path;
  message: string;
  at?: "key" | "value";
}

/** A text that provided fields: a file, or an override on the command line. */
export interface Source {
  /** Whether the text sets the field at this path. */
  has(path: Path): boolean;
  /** `file:line:column`, or the override itself. */
  place(path: Path, at: "key" | "value"): string;
}

/** The source of a spec read from a text; `name` is the file's path. */
export function textSource(text: string, name: string, tree: unknown): Source {
  const locate = locator(text);
  return {
    has: (path) => valueAt(tree, path) !== undefined,
    place: (path, at) => {
      const { line, col } = locate(path, at);
      return `${name}:${line}:${col}`;
    },
  };
}

/** The source of an override; the override itself is its position. */
export function overrideSource(override: string, tree: unknown): Source {
  return { has: (path) => valueAt(tree, path) !== undefined, place: () => quoted(override) };
}

const sources = new WeakMap<object, readonly Source[]>();

/** Records where a spec came from, later layers last. */
export function remember<T extends object>(spec: T, from: readonly Source[]): T {
  sources.set(spec, from);
  return spec;
}

/** Where a spec came from; an empty list if it was made in code. */
export function sourcesOf(spec: object): readonly Source[] {
  return sources.get(spec) ?? [];
}

const maxLines = 50;

/** Sorts line 9 before line 10. */
const byPosition = new Intl.Collator("en", { numeric: true }).compare;

/** An error with all complaints, one per line, each with the last position that set the field. */
export function complain(complaints: readonly Complaint[], from: readonly Source[]): UserError {
  // Keeps one complaint per field: the first is the most basic.
  const first = new Map(complaints.toReversed().map((each) => [dotted(each.path), each]));
  const all = complaints.filter((each) => first.get(dotted(each.path)) === each);
  const lines = all.slice(0, maxLines).map(({ path, message, at = "value" }) => {
    const source = from.findLast((each) => each.has(path)) ?? from[0];
    const place = source ? `${source.place(path, at)}: ` : "";
    return `${place}${path.length > 0 ? `${printable(dotted(path))}: ` : ""}${message}`;
  }).sort(byPosition);
  if (all.length > maxLines) lines.push(`... and ${all.length - maxLines} more`);
  return new UserError(lines.join("\n"));
}
