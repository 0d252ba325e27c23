/**
 * Markdown that escapes by construction, as GitHub reads it (https://github.github.com/gfm): values
 * inserted into {@link md} remain text, whatever characters they contain.
 */
import { visible } from "../messages/terminal.ts";

/** Creates a {@link Markdown}. */
let create: (text: string) => Markdown;

/** A piece of Markdown. Nothing read from a file can become one. */
class Markdown {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static {
    create = (text) => new Markdown(text);
  }

  /** The Markdown as text, to write to a file. */
  toString(): string {
    return this.#text;
  }
}

export type { Markdown };

/** Text, a number, or Markdown. */
export type MarkdownFilling = string | number | Markdown;

/** Makes Markdown from a template; inserted values remain text, on one line. */
export function md(strings: TemplateStringsArray, ...values: MarkdownFilling[]): Markdown {
  return create(
    strings.map((text, i) => i === 0 ? text : fill(values[i - 1] ?? "") + text).join(""),
  );
}

/** @param text a constant of this project, never anything read from elsewhere */
export function trustedMarkdown(text: string): Markdown {
  return create(text);
}

/** Pieces of Markdown, with a separator from the code. */
export function joined(parts: readonly MarkdownFilling[], separator: string): Markdown {
  return create(parts.map(fill).join(separator));
}

function fill(value: MarkdownFilling): string {
  return value instanceof Markdown ? value.toString() : escapeMarkdown(String(value));
}

/** Characters that are special in Markdown, or make a link of the text around them. */
const signs = new RegExp(
  [
    /[\\`*<>[\]|~$]/,
    /&(?=[#\w])/,
    // Inside a word it is not special, and escaping it would only make names hard to read.
    /(?<![a-z\d])_|_(?![a-z\d])/,
    /:(?=\/\/)|(?<=\bwww)\.|(?<=\w)@(?=\w)/,
  ].map(({ source }) => source).join("|"),
  "gi",
);

/** Escapes text, on one line. */
function escapeMarkdown(text: string): string {
  return visible(text).replace(/\s+/g, " ").replace(signs, "\\$&");
}

/** The text that {@link md} was given, without the escaping characters. */
export function plainOf(markdown: string): string {
  return markdown.replace(/\\([!-/:-@[-`{-~])/g, "$1");
}

/**
 * A table, without a final line feed.
 *
 * @param numbers the right-aligned columns, from 0
 */
export function markdownTable(
  head: readonly MarkdownFilling[],
  rows: readonly (readonly MarkdownFilling[])[],
  numbers: readonly number[] = [],
): Markdown {
  const line = (cells: readonly MarkdownFilling[]) =>
    `| ${cells.map((cell) => fill(cell)).join(" | ")} |`;
  const rule = `| ${head.map((_, i) => numbers.includes(i) ? "---:" : "---").join(" | ")} |`;
  return create([line(head), rule, ...rows.map(line)].join("\n"));
}
