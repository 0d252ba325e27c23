/**
 * Lines and columns in a YAML text. `@std/yaml` reads values but keeps no positions. If something
 * is wrong, npm's `yaml` reads the text again, tolerantly, and provides them.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node } from "yaml";
import type { Path } from "./tree.ts";
import { yamlDocument } from "./yaml_document.ts";

/** A position in a text, counted from 1. */
export interface Position {
  line: number;
  col: number;
}

/** The tolerant reading of a text; undefined if it is nested too deeply even for that. */
function read(text: string): { document: Document; lineCounter: LineCounter } | undefined {
  const lineCounter = new LineCounter();
  try {
    return {
      document: yamlDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false }),
      lineCounter,
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Finds the position of the key or the value at a path in a text, or of the nearest section around
 * it. Parses the text once.
 */
export function locator(text: string): (path: Path, at: "key" | "value") => Position {
  let reading: ReturnType<typeof read> | null = null;
  return (path, at) => positionOf(reading ??= read(text), path, at);
}

function positionOf(reading: ReturnType<typeof read>, path: Path, at: "key" | "value"): Position {
  const { document, lineCounter } = reading ?? {};
  if (!document || !lineCounter) return { line: 1, col: 1 };
  let node = document.contents as Node | null | undefined;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) =>
        isScalar(item.key) && String(item.key.value) === String(key)
      );
      if (!pair) break;
      const next = pair.value as Node | null;
      const pointed = next && !(at === "key" && depth === path.length - 1)
        ? next
        : pair.key as Node;
      offset = pointed.range?.[0] ?? offset;
      node = next;
    } else if (isSeq(node)) {
      node = node.items[Number(key)] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return lineCounter.linePos(offset);
}

/** An unquoted word of a text that is a value, with its path in the data. */
export interface PlainWord {
  word: string;
  path: Path;
}

/** All unquoted values of a text, in order. */
export function plainWords(text: string): PlainWord[] {
  return wordsBelow(read(text)?.document.contents ?? null, []);
}

function wordsBelow(node: unknown, path: Path): PlainWord[] {
  if (isMap(node)) {
    return node.items.flatMap(({ key, value }) =>
      wordsBelow(value, [...path, String(isScalar(key) ? key.value : key)])
    );
  }
  if (isSeq(node)) return node.items.flatMap((item, i) => wordsBelow(item, [...path, i]));
  if (!isScalar(node) || node.type !== "PLAIN" || node.source === undefined) return [];
  return [{ word: node.source, path }];
}

/** The syntax errors that the tolerant parser finds, at most ten. */
export function syntaxErrors(text: string): (Position & { message: string })[] {
  const { document, lineCounter } = read(text) ?? {};
  if (!document || !lineCounter) return [];
  return document.errors.slice(0, 10).map(({ pos, message }) => ({
    ...lineCounter.linePos(pos[0]),
    message,
  }));
}
