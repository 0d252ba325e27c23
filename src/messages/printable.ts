/** Values from strangers in messages: short, and without what nobody sees. */

/**
 * Text from a stranger as it may be shown: control characters escaped, at most `longest`
 * characters.
 */
export function printable(text: string, longest = 80): string {
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  return short.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** A value as a message shows it. */
export function quoted(value: unknown): string {
  if (typeof value === "string") return `"${printable(value)}"`;
  if (typeof value !== "object" || value === null) return String(value);
  const written = JSON.stringify(value);
  if (written.length <= 40) return printable(written);
  return Array.isArray(value) ? "a list" : "a mapping";
}
