/**
 * LaTeX that escapes by construction: values inserted into {@link tex} remain text, whatever
 * characters they contain. The result compiles with pdfLaTeX, XeLaTeX and LuaLaTeX.
 */
import { visible } from "../messages/terminal.ts";

/** Creates a {@link Latex}. */
let create: (text: string) => Latex;

/** A piece of LaTeX. Nothing read from a file can become one. */
class Latex {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static {
    create = (text) => new Latex(text);
  }

  /** The LaTeX as text, to write to a file. */
  toString(): string {
    return this.#text;
  }
}

export type { Latex };

/** Text, a number, or LaTeX. */
export type LatexFilling = string | number | Latex;

/** Makes LaTeX from a template; inserted values remain text. Backslashes need no doubling. */
export function tex({ raw }: TemplateStringsArray, ...values: LatexFilling[]): Latex {
  return create(raw.map((text, i) => i === 0 ? text : fill(values[i - 1] ?? "") + text).join(""));
}

/** Pieces of LaTeX, with a separator from the code. */
export function joinedLatex(parts: readonly LatexFilling[], separator: string): Latex {
  return create(parts.map(fill).join(separator));
}

function fill(value: LatexFilling): string {
  return value instanceof Latex ? value.toString() : escapeLatex(String(value));
}

/** Characters that are special in LaTeX, and signs that text fonts lack. */
const replacements: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "{": "\\{",
  "}": "\\}",
  "$": "\\$",
  "&": "\\&",
  "#": "\\#",
  "_": "\\_",
  "%": "\\%",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  "`": "\\textasciigrave{}",
  // At the start of a row, these would become arguments of the previous row's end.
  "[": "{[}",
  "*": "{*}",
  // Two hyphens in a row would become a dash.
  "-": "{-}",
  "†": "$\\dagger$",
  "‡": "$\\ddagger$",
  "±": "$\\pm$",
  "×": "$\\times$",
  "−": "$-$",
  "≈": "$\\approx$",
  "·": "$\\cdot$",
  "°": "$^\\circ$",
  "∞": "$\\infty$",
  "↓": "$\\downarrow$",
  "↑": "$\\uparrow$",
  "…": "\\dots{}",
};

/** Letters with accents, which every LaTeX engine supports. */
const isLetter = /^[À-ÖØ-Ýß-ïñ-öø-ýÿ]$/;

/** Escapes text, on one line. Characters that pdfLaTeX cannot set become their code points. */
function escapeLatex(text: string): string {
  const characters = [...visible(text).replace(/\s+/g, " ")];
  return characters.map((character, i) => {
    // Lines may break after a hyphen in a word, so only a second hyphen is protected.
    if (character === "-" && characters[i - 1] !== "-") return character;
    const replacement = replacements[character];
    if (replacement !== undefined) return replacement;
    if (/^[ -~]$/.test(character) || isLetter.test(character)) return character;
    const point = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
    return `\\texttt{U+${point}}`;
  }).join("");
}
