/**
 * Markdown that escapes by construction, as GitHub reads it (https://github.github.com/gfm): what
 * is filled into {@link md} is text, whatever signs are in it.
 */
import { visible } from "../terminal.ts";

/** Makes a {@link Markdown}. */
let made: (text: string) => Markdown;

/** A piece of Markdown. Nothing that is read from a file can be one. */
class Markdown {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static {
    made = (text) => new Markdown(text);
  }

  /** The Markdown as text, for writing it to a file. */
  toString(): string {
    return this.#text;
  }
}

export type { Markdown };

/** Text, a figure, or Markdown. */
export type MarkdownFilling = string | number | Markdown;

/** Markdown of a template; what is filled in stays text, on one line. */
export function md(strings: TemplateStringsArray, ...values: MarkdownFilling[]): Markdown {
  return made(strings.map((text, i) => i === 0 ? text : fill(values[i - 1] ?? "") + text).join(""));
}

/** @param text a constant of this project; nothing that is read from elsewhere */
export function trustedMarkdown(text: string): Markdown {
  return made(text);
}

/** Pieces of Markdown, with what the code says between them. */
export function joined(parts: readonly MarkdownFilling[], separator: string): Markdown {
  return made(parts.map(fill).join(separator));
}

function fill(value: MarkdownFilling): string {
  return value instanceof Markdown ? value.toString() : escapeMarkdown(String(value));
}

/** What means something to Markdown, or makes a link of what stands around it. */
const signs = new RegExp(
  [
    /[\\`*<>[\]|~$]/,
    /&(?=[#\w])/,
    // Within a word it means nothing, and escaping it would only make names hard to read.
    /(?<![a-z\d])_|_(?![a-z\d])/,
    /:(?=\/\/)|(?<=\bwww)\.|(?<=\w)@(?=\w)/,
  ].map(({ source }) => source).join("|"),
  "gi",
);

/** Text that stays what it is, on one line. */
function escapeMarkdown(text: string): string {
  return visible(text).replace(/\s+/g, " ").replace(signs, "\\$&");
}

/** The text that {@link md} was given: without the signs that escape others. */
export function plainOf(markdown: string): string {
  return markdown.replace(/\\([!-/:-@[-`{-~])/g, "$1");
}

/**
 * A table, without a line feed at its end.
 *
 * @param numbers the columns that stand right, from 0
 */
export function markdownTable(
  head: readonly MarkdownFilling[],
  rows: readonly (readonly MarkdownFilling[])[],
  numbers: readonly number[] = [],
): Markdown {
  const line = (cells: readonly MarkdownFilling[]) =>
    `| ${cells.map((cell) => fill(cell)).join(" | ")} |`;
  const rule = `| ${head.map((_, i) => numbers.includes(i) ? "---:" : "---").join(" | ")} |`;
  return made([line(head), rule, ...rows.map(line)].join("\n"));
}
