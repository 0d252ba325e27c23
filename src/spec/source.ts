/**
 * Where each field of a spec was written, and complaints about fields as one message with file,
 * line and column.
 */
import { UserError } from "../errors.ts";
import { printable, quoted } from "../printable.ts";
import { locator } from "./positions.ts";
import { dotted, type Path, valueAt } from "./tree.ts";

/** Something wrong with a field; `at` says whether the key or its value is to be pointed at. */
export interface Complaint {
  path: Path;
  message: string;
  at?: "key" | "value";
}

/** A text that fields came from: a file, or an override on the command line. */
export interface Source {
  /** Whether the text says something at this path. */
  has(path: Path): boolean;
  /** `file:line:column`, or the override itself. */
  place(path: Path, at: "key" | "value"): string;
}

/** The source of a spec that was read from a text; `name` is the file's path. */
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

/** The source of an override, which stands for itself. */
export function overrideSource(override: string, tree: unknown): Source {
  return { has: (path) => valueAt(tree, path) !== undefined, place: () => quoted(override) };
}

const sources = new WeakMap<object, readonly Source[]>();

/** Remembers where a spec came from, later layers last. */
export function remember<T extends object>(spec: T, from: readonly Source[]): T {
  sources.set(spec, from);
  return spec;
}

/** Where a spec came from; an empty list for one that was made in code. */
export function sourcesOf(spec: object): readonly Source[] {
  return sources.get(spec) ?? [];
}

const mostLines = 50;

/** Line 9 in front of line 10. */
const byPlace = new Intl.Collator("en", { numeric: true }).compare;

/**
 * The error that tells all complaints, a line each, with the place where the field was said last.
 */
export function complain(complaints: readonly Complaint[], from: readonly Source[]): UserError {
  // One complaint a field: the first is the most basic.
  const first = new Map(complaints.toReversed().map((each) => [dotted(each.path), each]));
  const all = complaints.filter((each) => first.get(dotted(each.path)) === each);
  const lines = all.slice(0, mostLines).map(({ path, message, at = "value" }) => {
    const source = from.findLast((each) => each.has(path)) ?? from[0];
    const place = source ? `${source.place(path, at)}: ` : "";
    return `${place}${path.length > 0 ? `${printable(dotted(path))}: ` : ""}${message}`;
  }).sort(byPlace);
  if (all.length > mostLines) lines.push(`... and ${all.length - mostLines} more`);
  return new UserError(lines.join("\n"));
}
