/** Where each field of a spec was written, and complaints about fields as one message with file, line and column. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { UserError } from "../errors.ts";
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

/** Line and column of a path in a YAML text, or of the nearest section around it; from 1. */
function position(text: string, path: Path, at: "key" | "value"): { line: number; col: number } {
  try {
    const lineCounter = new LineCounter();
    const document = parseDocument(text, { lineCounter, uniqueKeys: false });
    let node: Node | null = document.contents as Node | null, offset = node?.range?.[0] ?? 0;
    for (const [depth, key] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document) ?? null;
      let next: Node | null = null;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
        if (!pair) break;
        const last = depth === path.length - 1;
        next = pair.value as Node | null;
        offset = (last && at === "key" || !next ? pair.key as Node : next).range?.[0] ?? offset;
      } else if (isSeq(node)) {
        next = node.items[Number(key)] as Node | undefined ?? null;
        offset = next?.range?.[0] ?? offset;
      }
      if (!next) break;
      node = next;
    }
    return lineCounter.linePos(offset);
  } catch {
    return { line: 1, col: 1 }; // A text that this second reader does not follow still gets its message.
  }
}

/** The source of a spec that was read from a text; `name` is the file's path. */
export function textSource(text: string, name: string, tree: unknown): Source {
  return {
    has: (path) => valueAt(tree, path) !== undefined,
    place: (path, at) => {
      const { line, col } = position(text, path, at);
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

/** The error that tells all complaints, a line each, with the place where the field was said last. */
export function complain(complaints: readonly Complaint[], from: readonly Source[]): UserError {
  const lines = complaints.map(({ path, message, at = "value" }) => {
    const source = from.findLast((each) => each.has(path)) ?? from[0];
    const place = source ? `${source.place(path, at)}: ` : "";
    return `${place}${path.length > 0 ? `${printable(dotted(path))}: ` : ""}${message}`;
  });
  return new UserError([...new Set(lines)].join("\n"));
}

/** Text from a stranger as it may be shown: control characters escaped, at most 80 characters. */
export function printable(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return short.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** A value as a message shows it. */
export function quoted(value: unknown): string {
  if (typeof value === "string") return `"${printable(value)}"`;
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  return String(value);
}
