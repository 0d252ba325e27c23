/** Formats untrusted values for messages: short, and without invisible characters. */

/** Untrusted text with control characters escaped, cut off after `maxLength` characters. */
export function printable(text: string, maxLength = 80): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  return short.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** A value as it is shown in a message. */
export function quoted(value: unknown): string {
  if (typeof value === "string") return `"${printable(value)}"`;
  if (typeof value !== "object" || value === null) return String(value);
  const written = JSON.stringify(value);
  if (written.length <= 40) return printable(written);
  return Array.isArray(value) ? "a list" : "a mapping";
}
